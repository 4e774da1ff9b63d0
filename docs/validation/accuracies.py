"""What the tasks of a run gave, and whether a second run with other seeds gave the same. Prints Markdown.

    python docs/validation/accuracies.py RUN         # each case's value and its difference from its baseline
    python docs/validation/accuracies.py RUN RUN     # of one suite: those of both, and whether they agree

Two estimates *agree* where they are no farther apart than the root of the sum of their half widths squared; what
draws nothing is equal to the last digit and is not counted.
Differences are of paired samples and seeds, values are not: what is asked of another run is above all the difference.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from bench.analysis.applications import (
    difference_text,
    judged,
    sign,
    task_contexts,
    task_rows,
    usual_rate,
    value_text,
)
from bench.analysis.series import series_label
from bench.table.load import load

Cases = dict[str, Mapping[str, Any]]

_UNCOMPARED = {"alone", "baseline"}
"""What is beside no baseline, or beside one that training spoiled."""


def main() -> None:
    """Prints a table for each task and way of doing it, and how many estimates of the two runs agree."""
    one, *others = [_contexts(path) for path in sys.argv[1:3]]
    counts = {"task_value": [0, 0], "task_difference": [0, 0]}
    for where, cases in one.items():
        told = [cases, *(other.get(where, {}) for other in others)]
        print(f"\n### {where}\n{_trivial(next(iter(cases.values())))}")
        heads = "| value | less the baseline's " * len(told)
        print(f"| {heads}|\n|---{'|---' * 2 * len(told)}|")
        for name in dict.fromkeys(name for each in told for name in each):
            rows = [each.get(name) for each in told]
            print(f"| {name} | {' | '.join(cell for row in rows for cell in _cells(row))} |")
            for column, count in counts.items():
                for agree in _agree(rows, column):
                    count[0] += agree
                    count[1] += 1
    for column, (agreed, asked) in counts.items():
        if asked:
            print(f"\n{column}: {agreed} of {asked} agree in both runs ({agreed / asked:.1%}).")


def _contexts(path: str) -> dict[str, Cases]:
    rows = usual_rate(task_rows(load(path), "forward"))
    return {
        where: {series_label(row): row.to_dict() for _, row in members.assign(word=judged(members)).iterrows()}
        for where, members in task_contexts(rows)
        if members["task_value"].notna().any()
    }


def _trivial(row: Mapping[str, Any]) -> str:
    way = "higher" if sign(row) > 0 else "lower"
    known = {"majority": row.get("task_majority"), "linear": row.get("task_linear")}
    words = [f"{name} {value:.3g}" for name, value in known.items() if value is not None and not math.isnan(value)]
    return f"{str(row['task_metric']).replace('_', ' ')}, {way} is better{''.join(f'; {each}' for each in words)}\n"


def _cells(row: Mapping[str, Any] | None) -> tuple[str, str]:
    if row is None:
        return "not measured", ""
    if math.isnan(row["task_value"]):
        return str(row["task_status"]), ""
    return value_text(row), "" if row["word"] in _UNCOMPARED else difference_text(row)


def _agree(rows: list[Mapping[str, Any] | None], column: str) -> Iterator[bool]:
    """Yields whether two rows have estimates that agree; nothing where one has none or no width, or both are one."""
    one, other = [*rows, None][:2]
    if one is None or other is None:
        return
    if column == "task_difference" and _UNCOMPARED & {one["word"], other["word"]}:
        return
    halves = [(row[f"{column}_ci_high"] - row[f"{column}_ci_low"]) / 2 for row in (one, other)]
    apart = abs(one[column] - other[column])
    if math.isfinite(apart) and apart > 0 and all(half > 0 for half in halves):
        yield apart <= math.hypot(*halves)


if __name__ == "__main__":
    main()
