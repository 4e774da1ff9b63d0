"""Do the verdicts on the article's claims hold in a second run with other seeds? Prints both side by side.

    python docs/validation/claims.py RUN RUN     # of one suite; with more, each beside the first of its suite

A verdict *flips* where one run says `held` and the other `refuted`; it *moves* where one of the two is `depends` or
was not decided. The number is that of the claim's first decided piece (`bench.analysis.claims`).
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from typing import Any

from bench.analysis.claim_words import number_words
from bench.analysis.claims import claims
from bench.table.load import load, load_rounds

Found = dict[tuple[str, str], Mapping[str, Any]]


def main() -> None:
    """Prints a table for each suite of which several runs are named."""
    by_suite: dict[str, list[tuple[str, Found]]] = {}
    for path in sys.argv[1:]:
        table = load(path)
        rows = claims(table, load_rounds(path)).to_dict("records")
        found: Found = {(row["claim"], row["modality"]): row for row in rows if row["comparisons"]}
        by_suite.setdefault(str(table["suite"].iloc[0]), []).append((str(table["run"].iloc[0]), found))
    for suite, runs in by_suite.items():
        first, *others = runs
        for other in others:
            _compare(suite, first, other)


def _compare(suite: str, one: tuple[str, Found], other: tuple[str, Found]) -> None:
    (name, found), (other_name, other_found) = one, other
    print(f"\n## {suite}: {name} and {other_name}")
    print("| claim | in | the first run | the second | |\n|---|---|---|---|---|")
    counts = {"same": 0, "moves": 0, "flips": 0}
    for key in dict.fromkeys([*found, *other_found]):
        rows = [each.get(key) for each in (found, other_found)]
        words = [_verdict(row) for row in rows]
        how = "same" if words[0] == words[1] else "flips" if set(words) == {"held", "refuted"} else "moves"
        counts[how] += 1
        print(f"| {key[0]} | {key[1]} | {_told(rows[0])} | {_told(rows[1])} | {'' if how == 'same' else how} |")
    print(f"\n{counts['same']} verdicts are the same, {counts['moves']} move, {counts['flips']} flip.")


def _verdict(row: Mapping[str, Any] | None) -> str:
    """Gives the verdict as the report tells it: what counts and does not suffice is not decided."""
    if row is None:
        return "not measured"
    return "not decided" if row["verdict"] == "not measured" else str(row["verdict"])


def _told(row: Mapping[str, Any] | None) -> str:
    if row is None or math.isnan(row["number"]):
        return f"**{_verdict(row)}**"
    number = number_words(row["number"], row["ci_low"], row["ci_high"])
    return f"**{_verdict(row)}**, {number} {row['unit']} ({row['number_of']})"


if __name__ == "__main__":
    main()
