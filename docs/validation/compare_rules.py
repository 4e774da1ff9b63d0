"""How often rules of comparing two stored runs alarm on runs of one unchanged tree, and what they see of a slowdown.

    python docs/validation/compare_rules.py [RUN RUN …]      # the two of results/reference unless told
    python docs/validation/compare_rules.py kept             # each of the kept runs of a minute, and the next one

Each pair of runs is compared in both directions, and a case counts as an alarm where a rule says slower. For power,
one case of head at a time is slower by so much, the others as they are.
"""

from __future__ import annotations

import itertools
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from measure import read
from scipy import stats

from bench.analysis.between import Change, Timed, change, timed
from bench.stats.interval import Estimate
from bench.stats.pace import drift_sd, mood_sd
from bench.store.run import Run, open_run
from bench.table.load import load, load_rounds

REFERENCE = Path(__file__).parents[2] / "results" / "reference"
MARGINS = (0.02, 0.05, 0.10, 0.15, 0.20)
SLOWDOWNS = (0.10, 0.20, 0.30, 0.50)
NEVER = Estimate(0.0, math.nan, math.nan, 0)

Rule = Callable[[list[Change], list[float], float], list[bool]]


def main() -> None:
    """Prints the tables."""
    if sys.argv[1:] == ["kept"]:
        pairs = [pair for experiment in ("runs_before", "runs") for pair in neighbours(read(experiment))]
    else:
        named = [open_run(Path(path)) for path in sys.argv[1:] or sorted(map(str, REFERENCE.glob("nlp-*")))]
        runs = [(timed(load(run.path), load_rounds(run.path), run.info), raw(run)) for run in named]
        pairs = list(itertools.permutations(runs, 2))
    compared = [changes(*before, *after) for before, after in pairs]
    spread(compared)
    print(f"\nalarms of {sum(len(each) for each, _ in compared)} comparisons of a case, {len(pairs)} of runs")
    print(f"{'rule':46}" + "".join(f"{f'margin {margin:.0%}':>22}" for margin in MARGINS))
    for name, rule in RULES.items():
        cells = []
        for margin in MARGINS:
            found = [rule(each, raws, math.log1p(margin)) for each, raws in compared]
            alarms, runs_with = sum(map(sum, found)), sum(map(any, found))
            cells.append(f"{alarms} ({runs_with} of {len(pairs)} runs)")
        print(f"{name:46}" + "".join(f"{cell:>22}" for cell in cells))
    power(compared)


def neighbours(runs: list[dict[str, Any]]) -> list[tuple[Any, Any]]:
    """Gives each run and the next one, in both directions, of those whose rounds are kept."""
    known = [(kept(run), kept_raw(run)) for run in runs if "rounds" in run]
    return [pair for one in itertools.pairwise(known) for pair in (one, one[::-1])]


def kept(run: dict[str, Any]) -> dict[str, Timed]:
    """Gives what `between.timed` would of a run of which the rounds are kept."""
    paces_s = list({(row[1], row[3]): row[3] for row in run["rounds"]}.values())
    reference_s, drift = float(np.median(paces_s)), drift_sd(paces_s)
    baselines = {row["case_id"] for row in run["records"] if row["latency_ratio_ci_low"] == 1.0}
    found = {}
    for case, own in by_case(run).items():
        rows = np.array([row[2:5] for row in own], dtype=float)
        beside = None if case in baselines else rows[:, 2]
        found[case] = Timed(
            np.log(rows[:, 0] / rows[:, 1]), beside, reference_s, drift, mood_sd(drift, (row[6] for row in own))
        )
    return found


def kept_raw(run: dict[str, Any]) -> dict[str, float]:
    """Gives the uncorrected median latency of each case of such a run."""
    return {case: float(np.median([row[2] for row in own])) for case, own in by_case(run).items()}


def by_case(run: dict[str, Any]) -> dict[str, list[list[Any]]]:
    """Gives the kept rounds of each case."""
    found: dict[str, list[list[Any]]] = {}
    for row in run["rounds"]:
        found.setdefault(row[0], []).append(row)
    return found


def raw(run: Run) -> dict[str, float]:
    """Gives the uncorrected median latency of each case."""
    table = load(run.path)
    return dict(zip(table["case_hash"], table["latency_raw_median_s"], strict=True))


def changes(
    base: dict[str, Timed], base_raw: dict[str, float], head: dict[str, Timed], head_raw: dict[str, float]
) -> tuple[list[Change], list[float]]:
    """Gives what became of each case that both have."""
    both = [name for name in head if name in base]
    return [change(base[name], head[name]) for name in both], [math.log(head_raw[n] / base_raw[n]) for n in both]


def spread(compared: list[tuple[list[Change], list[float]]]) -> None:
    """Prints how far the same case of the same tree is apart."""
    cases = [each for found, _ in compared for each in found]
    columns = {
        "raw latency": [abs(x) for _, raws in compared for x in raws],
        "latency by the pace-maker": [abs(each.paced.centre) for each in cases],
        "ratio to the baseline": [abs(each.beside.centre) for each in cases if each.beside],
    }
    print(
        f"{'|ln(head / base)| of an unchanged tree':40}" + "".join(f"{q:>8}" for q in ("50 %", "90 %", "95 %", "max"))
    )
    for name, values in columns.items():
        print(f"{name:40}" + "".join(f"{np.quantile(values, q):8.3f}" for q in (0.5, 0.9, 0.95, 1.0)))
    intervals = {"latency by the pace-maker": [each.paced for each in cases]}
    intervals["ratio to the baseline"] = [each.beside for each in cases if each.beside]
    for name, own in intervals.items():
        known = [each for each in own if not math.isnan(each.low)]
        held = np.mean([each.low <= 0 <= each.high for each in known])
        wide = np.median([each.half_width for each in known])
        print(f"interval, {name}: half width {wide:.3f}, holds 0 in {held:.1%} of {len(known)}")


def interval_alone(number: str) -> Rule:
    """Gives the rule that the whole interval of one number has to be beyond the margin."""

    def rule(found: list[Change], raws: list[float], edge: float) -> list[bool]:
        return [(getattr(each, number) or NEVER).low > edge for each in found]

    return rule


def point(number: str) -> Rule:
    """Gives the rule that one number itself has to be beyond the margin."""

    def rule(found: list[Change], raws: list[float], edge: float) -> list[bool]:
        if number == "raw":
            return [x > edge for x in raws]
        return [(getattr(each, number) or NEVER).centre > edge for each in found]

    return rule


def discoveries(number: str) -> Rule:
    """Gives the rule of the false discovery rate, of one number or of the narrower, if the other agrees."""

    def rule(found: list[Change], raws: list[float], edge: float) -> list[bool]:
        if number != "both":
            found = [Change(getattr(each, number) or NEVER, None, 1.0, 1.0) for each in found]
        adjusted = stats.false_discovery_control([each.p_changed(edge) for each in found])
        return [bool(p <= 0.05) and each.deciding.centre > 0 for each, p in zip(found, adjusted, strict=True)]

    return rule


def power(compared: list[tuple[list[Change], list[float]]]) -> None:
    """Prints the share of cases of which a slowdown is found, one case slowed down at a time."""
    print(
        f"\n{'found of a slowdown of one case, the narrower':46}"
        + "".join(f"{f'margin {m:.0%}':>14}" for m in MARGINS)
    )
    plain = {
        margin: [[each.p_changed(math.log1p(margin)) for each in found] for found, _ in compared]
        for margin in MARGINS
    }
    for slow in SLOWDOWNS:
        cells = []
        for margin in MARGINS:
            hits = [
                slowed(found[number], number, p, slow, margin)
                for (found, _), p in zip(compared, plain[margin], strict=True)
                for number in range(len(found))
            ]
            cells.append(f"{np.mean(hits):.0%}")
        print(f"{f'slower by {slow:.0%}':46}" + "".join(f"{cell:>14}" for cell in cells))


def slowed(one: Change, number: int, p: list[float], slow: float, margin: float) -> bool:
    """Gives whether a slowdown of one case is found among the others."""
    by = math.log1p(slow)
    moved = Change(shifted(one.paced, by), one.beside and shifted(one.beside, by), 1.0, 1.0)
    own = moved.p_changed(math.log1p(margin))
    return bool(stats.false_discovery_control([*p[:number], own, *p[number + 1 :]])[number] <= 0.05)


def shifted(log: Estimate, by: float) -> Estimate:
    """Gives the estimate, moved."""
    return Estimate(log.centre + by, log.low + by, log.high + by, log.count)


RULES = {
    "raw latency beyond the margin": point("raw"),
    "latency by the pace-maker beyond the margin": point("paced"),
    "ratio to the baseline beyond the margin": point("beside"),
    "its interval, latency by the pace-maker": interval_alone("paced"),
    "its interval, ratio to the baseline": interval_alone("beside"),
    "FDR 5 %, latency by the pace-maker": discoveries("paced"),
    "FDR 5 %, ratio to the baseline": discoveries("beside"),
    "FDR 5 %, the narrower (bench compare)": discoveries("both"),
}

if __name__ == "__main__":
    main()
