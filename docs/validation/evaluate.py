"""What the kept rounds say: false alarms, power, coverage, the bias of taking turns; prints tables, draws one plot.

``python docs/validation/evaluate.py``; reads `data/` beside it, measures nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from coverage_of_runs import printed_coverage
from estimators import clustered, estimators
from measure import DATA, read
from scipy import stats

from bench.stats.decision import decide
from bench.stats.interval import log_interval
from bench.sweep.pairs import ROUNDS

HERE = Path(__file__).parent
Logs = dict[str, list[float]]


def clopper_pearson(successes: int, trials: int, level: float = 0.95) -> tuple[float, float]:
    """Gives the exact interval of a share."""
    found = stats.binomtest(successes, trials).proportion_ci(level, method="exact")
    return float(found.low), float(found.high)


def share(successes: int, trials: int) -> str:
    """Gives a share with its interval, as text."""
    if not trials:
        return "nothing measured"
    low, high = clopper_pearson(successes, trials)
    percent = [f"{100 * each:.1f}" for each in (successes / trials, low, high)]
    return f"{successes} of {trials} ({percent[0]} %, 95 % interval {percent[1]} to {percent[2]} %)"


def false_alarms(experiment: str) -> None:
    """Prints how many runs over an unchanged tree ended with exit code 1, and what was said of their cases."""
    runs = read(experiment)
    if not runs:
        return
    walls = [run["wall_s"] for run in runs]
    told = f"{np.median(walls):.0f} s each, the longest {max(walls):.0f}"
    print(f"\n## {experiment}: {len(runs)} runs of an unchanged tree, {told}")
    for commit in dict.fromkeys(run["commit"] for run in runs):
        alarms = [run["exit"] == 1 for run in runs if run["commit"] == commit]
        print(f"alarms by {commit[:7]}: {share(sum(alarms), len(alarms))}")
    for code in sorted({0, 1, *(run["exit"] for run in runs)}):
        print(f"runs with exit code {code}: {share(sum(run['exit'] == code for run in runs), len(runs))}")
    words = [[v["verdict"] for v in run["verdicts"] if v["metric"] == "latency"] for run in runs]
    for word in sorted({each for of_run in words for each in of_run}):
        count = sum(of_run.count(word) for of_run in words)
        print(f"latency {word}: {count}, {clustered([[each == word for each in of_run] for of_run in words])}")
    confirming = [logs_of(run, "confirm") for run in runs]
    few = [sum(len(logs) < ROUNDS[0] for logs in logs_of(run).values()) for run in runs]
    print(f"series of confirming pairs: {sum(map(len, confirming))}; cases with too few to be flagged: {sum(few)}")
    widths = [
        (v["ratio_ci_high"] - v["ratio_ci_low"]) / 2
        for run in runs
        for v in run["verdicts"]
        if v["metric"] == "latency" and not math.isnan(v.get("ratio_ci_low") or math.nan)
    ]
    rounds = [v["rounds"] for run in runs for v in run["verdicts"] if v["metric"] == "latency"]
    print(f"rounds: median {np.median(rounds):.0f}; {_widths(widths, len(rounds))}")


def coverage(experiment: str) -> None:
    """Prints how often the interval of a ratio of equal things holds 1, by estimator, clustered by run."""
    runs = read(experiment)
    if not runs:
        return
    print(f"\n## {experiment}: coverage of a ratio's 95 % interval (the truth is 1)")
    for name, estimate in estimators.items():
        held, width, cases = [], [], 0
        for run in runs:
            intervals = [estimate(logs) for logs in logs_of(run).values()]
            known = [each for each in intervals if not math.isnan(each.low)]
            cases += len(intervals)
            held.append([each.low <= 0 <= each.high for each in known])
            width += [each.half_width for each in known]
        print(f"{name:20} {clustered(held)}; {_widths(width, cases)}")


def power() -> None:
    """Prints how often an injected slowdown was found, and draws how that grows with the time."""
    runs = read("power")
    if not runs:
        return
    walls = [run["wall_s"] for run in runs]
    told = f"{np.median(walls):.0f} s each, the longest {max(walls):.0f}, margin {100 * runs[0]['margin']:g} %"
    print(f"\n## power: {len(runs)} runs, {told}")
    for factor in (1.10, 1.05):
        found = trials = 0
        for run in runs:
            slowed = {name for name, by in run["slowed"].items() if by == factor}
            said = {v["case_id"].partition("[")[0]: v for v in run["verdicts"] if v["metric"] == "latency"}
            found += sum(said[name]["verdict"] == "regressed" for name in slowed)
            trials += len(slowed)
        print(f"{100 * (factor - 1):.0f} % slower: found in {share(found, trials)}")
    others = [
        v["verdict"]
        for run in runs
        for v in run["verdicts"]
        if v["metric"] == "latency" and v["case_id"].partition("[")[0] not in run["slowed"]
    ]
    print("cases that were not slowed: " + ", ".join(f"{others.count(word)} {word}" for word in sorted(set(others))))
    again = sum(case.partition("[")[0] not in run["slowed"] for run in runs for case in logs_of(run, "confirm"))
    print(f"of them measured again: {again}")
    _draw_power(runs)


def _draw_power(runs: Sequence[dict[str, Any]]) -> None:
    """Draws the share of slowdowns that are found within a time: flagged by then, and confirmed as it was."""
    seconds = np.arange(60, 181, 5)
    figure, axes = plt.subplots(figsize=(6.4, 4.0), layout="constrained")
    for factor in (1.10, 1.05):
        shares = []
        for until in seconds:
            found = [
                _found_s(run, name) <= until for run in runs for name, by in run["slowed"].items() if by == factor
            ]
            shares.append(float(np.mean(found)))
        axes.plot(seconds, shares, marker="o", markersize=3, label=f"{100 * (factor - 1):.0f} % slower")
    axes.set(xlabel="budget in seconds, 15 cases", ylabel="share found and confirmed", ylim=(0, 1.02))
    axes.set_title(f"What `bench ab` finds, margin {100 * runs[0]['margin']:g} %, from {len(runs)} runs of 3 minutes")
    axes.legend(frameon=False)
    figure.savefig(DATA.parent / "power.svg" if DATA.parent == HERE else DATA / "power.svg")


def taking_turns() -> None:
    """Prints the ratio of a case's time among others to its time alone."""
    rounds = read("alone")
    if not rounds:
        return
    print(f"\n## alone: the time of SDPA among others over its time alone, {len(rounds)} rounds")
    for size in rounds[0]["seconds"]:
        both = [one["seconds"][size] for one in rounds]
        found = log_interval([math.log(each["among"] / each["alone"]) for each in both])
        call = 1000 * float(np.median([each["alone"] for each in both]))
        print(f"n={size:5} call {call:8.3f} ms: {found.centre:.3f} [{found.low:.3f}, {found.high:.3f}]")


def gates() -> None:
    """Prints how often each program's own gate calls an unchanged tree slower, beside ours."""
    print("\n## gates: an unchanged tree measured twice, 15 cases")
    print("| gate | seconds a pair | pairs with an alarm | cases with an alarm |\n|---|---|---|---|")
    ours = read("aa")
    slower = [sum(v["metric"] == "latency" and v["verdict"] == "regressed" for v in run["verdicts"]) for run in ours]
    rows = {"bench ab, margin 2 %": (ours, slower)}
    for name, key, told in (
        ("pytest_benchmark", "alarms", "pytest-benchmark --benchmark-compare-fail=median:5%"),
        ("pyperf", "alarms", "pyperf compare_to, significant and slower"),
        ("pyperf", "alarms_5_percent", "pyperf compare_to, significant and slower by 5 %"),
        ("asv", "alarms", "asv compare, factor 1.1"),
    ):
        pairs = read(f"gate_{name}")
        rows[told] = (pairs, [pair[key] for pair in pairs])
    for told, (pairs, alarms) in rows.items():
        if pairs:
            seconds = float(np.median([pair["wall_s"] for pair in pairs]))
            some = share(sum(count > 0 for count in alarms), len(pairs))
            of_cases = clustered([[True] * count + [False] * (15 - count) for count in alarms])
            print(f"| {told} | {seconds:.0f} | {some} | {of_cases} |")


def logs_of(run: dict[str, Any], stage: str = "screen") -> Logs:
    """Gives case -> log-ratios of a kept comparison."""
    found: Logs = {}
    for case, of_stage, _, _, _, log, *_ in run["pairs"]:
        if of_stage == stage:
            found.setdefault(case, []).append(log)
    return found


def _found_s(run: dict[str, Any], operator: str) -> float:
    """Gives the budget that would have been enough: until the screening flagged the case, and what confirming took.

    Infinite where the run did not say in the end that it regressed.
    """
    said = {v["case_id"].partition("[")[0]: v["verdict"] for v in run["verdicts"] if v["metric"] == "latency"}
    confirming = [pair[7] for pair in run["pairs"] if pair[1] == "confirm"]
    if said[operator] != "regressed":
        return math.inf
    return _flagged_s(run, operator) + max(confirming) - min(confirming)


def _flagged_s(run: dict[str, Any], operator: str) -> float:
    """Gives when the screening first saw a case of an operator beyond the margin; infinite where it never did."""
    own = [pair for pair in run["pairs"] if pair[0].partition("[")[0] == operator and pair[1] == "screen"]
    for count in range(ROUNDS[0], len(own) + 1):
        if decide([pair[5] for pair in own[:count]], run["margin"], 0.9).word == "slower":
            return float(own[count - 1][7])
    return math.inf


def _widths(widths: Sequence[float], cases: int) -> str:
    """Gives how wide the intervals are, and how many cases had too few rounds for one."""
    if not widths:
        return f"too few rounds for an interval in all {cases} cases"
    lacking = f" (too few rounds for one in {cases - len(widths)} of {cases} cases)" if len(widths) < cases else ""
    return f"half width of a ratio's interval: median {100 * float(np.median(widths)):.2f} %{lacking}"


if __name__ == "__main__":
    for each in ("aa", "disturbed"):
        false_alarms(each)
        coverage(each)
    power()
    printed_coverage()
    taking_turns()
    gates()
