"""How often what `bench run` prints holds the long-run value of a case, and what else it could print."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from estimators import clustered, estimators
from measure import read

from bench.stats.interval import Estimate, log_interval, median_interval
from bench.stats.pace import CASE_TO_PACE, corrected_logs, drift_sd


def printed_coverage() -> None:
    """Prints how often what `bench run` prints holds the long-run value of a case, and what else it could print.

    It prints the sign test's interval with 2 × the drift, of a ratio (of a minute: one mood) and of a latency.
    `runs_before` printed none and 1 ×; by it 1 × and 2 × were chosen, as `runs` printed them, which showed that a
    ratio needs 2 × too.
    """
    for experiment in ("runs_before", "runs"):
        if len(runs := read(experiment)) > 2:
            rounds = [row["rounds"] for run in runs for row in run["records"]]
            many = f"{np.median(rounds):.0f} rounds a case (least {min(rounds):.0f})"
            print(f"\n## {experiment}: {len(runs)} runs of `bench run`, {many}")
            print("The truth of a run is the median over all others, of what the same estimator gives.")
            _as_printed(runs)
            _by_other_estimators([run for run in runs if "rounds" in run])
            _mixed([run for run in runs if "rounds" in run])


def _as_printed(runs: Sequence[dict[str, Any]]) -> None:
    for name, unit in (("latency", "_s"), ("latency_ratio", "")):
        columns = (f"{name}{'_median_s' if unit else ''}", f"{name}_ci_low{unit}", f"{name}_ci_high{unit}")
        _print_held(f"{name}, as printed then", [[_printed(row, columns) for row in run["records"]] for run in runs])


def _by_other_estimators(runs: Sequence[dict[str, Any]]) -> None:
    print(f"By other estimators, from the raw rounds of {len(runs)} runs:")
    for name, estimate in estimators.items():
        _print_held(f"latency_ratio, {name}", [_of_rounds(run, estimate, _log_ratios) for run in runs])
    for share in (0.5, 0.75, 1.0, 1.5, 2.0, 2.5):
        found = [_of_rounds(run, _widened(share * _drift(run)), _log_ratios) for run in runs]
        _print_held(f"latency_ratio, {share:g} × the drift", found)
    plain = [_of_rounds(run, median_interval, lambda rows: np.log(rows[:, 0])) for run in runs]
    _print_held("latency, no pace", plain)
    for times in (1.0, 1.5, CASE_TO_PACE, 2.5, 3.0):
        found = [_of_rounds(run, _widened(times * _drift(run)), _paced(run)) for run in runs]
        _print_held(f"latency, {times:g} × the drift", found)


def _mixed(runs: Sequence[dict[str, Any]]) -> None:
    """Prints what rounds of several neighbouring runs together would hold: as many a case as a run has, not widened.

    It stands for a longer run whose rounds see several moods; that such a run does as well was not measured.
    """
    rng = np.random.default_rng(0)
    for count in (2, 3, 5, 8):
        found = []
        for first in range(len(runs) - count + 1):
            together = [_log_ratios_by_case(run) for run in runs[first : first + count]]
            rounds = round(float(np.median([len(logs) for of_run in together for logs in of_run.values()])) / count)
            found.append(
                {
                    case: median_interval(
                        np.concatenate(
                            [
                                rng.choice(of_run[case], min(max(rounds, 1), len(of_run[case])), replace=False)
                                for of_run in together
                            ]
                        )
                    )
                    for case in together[0]
                }
            )
        medians = [{case: float(np.median(logs)) for case, logs in _log_ratios_by_case(run).items()} for run in runs]
        held: list[list[bool]] = []
        widths = []
        for first, of_window in enumerate(found):
            others = medians[:first] + medians[first + count :]
            known = [(case, one) for case, one in of_window.items() if one.centre and not math.isnan(one.low)]
            held.append([one.low <= np.median([each[case] for each in others]) <= one.high for case, one in known])
            widths += [one.half_width for _, one in known]
        told = f"latency_ratio, rounds of {count} runs"
        print(f"{told:30} {clustered(held)}; half width median {100 * float(np.median(widths)):.1f} %")


def _log_ratios_by_case(run: dict[str, Any]) -> dict[str, np.ndarray]:
    by_case: dict[str, list[float]] = {}
    for case, _, _, _, log_ratio, *_ in run["rounds"]:
        by_case.setdefault(case, []).append(log_ratio)
    return {case: np.array(logs) for case, logs in sorted(by_case.items())}


def _printed(row: dict[str, Any], columns: Sequence[str]) -> Estimate:
    """Gives what a record says, on the log scale."""
    centre, low, high = (math.log(row[name]) if row[name] else math.nan for name in columns)
    return Estimate(centre, low, high, row["rounds"])


def _of_rounds(
    run: dict[str, Any], estimate: Callable[[Any], Estimate], values: Callable[[np.ndarray], np.ndarray]
) -> list[Estimate]:
    """Gives an estimate of each case, in order, from values of its ``[rounds, (latency_s, pace_s, log_ratio)]``."""
    by_case: dict[str, list[list[float]]] = {}
    for case, _, *numbers, _, _ in run["rounds"]:
        by_case.setdefault(case, []).append(numbers)
    return [estimate(values(np.array(rows, dtype=float))) for _, rows in sorted(by_case.items())]


def _log_ratios(rows: np.ndarray) -> np.ndarray:
    return rows[:, 2]


def _paced(run: dict[str, Any]) -> Callable[[np.ndarray], np.ndarray]:
    reference = float(np.median(_paces(run)))
    return lambda rows: corrected_logs(rows[:, 0], rows[:, 1], reference)


def _widened(extra_sd: float) -> Callable[[Any], Estimate]:
    """Gives `log_interval` on the log scale, widened by a standard deviation that rounds do not show."""

    def estimate(logs: Any) -> Estimate:
        found = log_interval(logs, extra_sd=extra_sd)
        return Estimate(math.log(found.centre), math.log(found.low), math.log(found.high), found.count)

    return estimate


def _paces(run: dict[str, Any]) -> list[float]:
    """Gives the pace-maker's time in each round of each group, once."""
    return list({(row[1], row[3]): row[3] for row in run["rounds"]}.values())


def _drift(run: dict[str, Any]) -> float:
    return drift_sd(_paces(run))


def _print_held(told: str, found: Sequence[Sequence[Estimate]]) -> None:
    """Prints how often an interval holds the median of what all other runs found for the case; ``[runs, cases]``."""
    centres = np.array([[each.centre for each in of_run] for of_run in found])
    held: list[list[bool]] = [[] for _ in found]
    widths = []
    for case in np.flatnonzero(np.ptp(centres, axis=0)):  # the baseline's own ratio is 1, always
        for number, of_run in enumerate(found):
            one = of_run[case]
            if not math.isnan(one.low):
                held[number].append(one.low <= np.median(np.delete(centres[:, case], number)) <= one.high)
                widths.append(one.half_width)
    print(f"{told:30} {clustered(held)}; half width median {100 * float(np.median(widths)):.1f} %")
