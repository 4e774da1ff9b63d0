"""How often intervals hold a truth that is known: simulated machines, calm, drifting, bursting, heavy-tailed, sticky.

``python docs/validation/simulate.py``; 40 seconds. Block times are drawn, so that everything from the blocks to
the interval is judged: processes differ, the machine's pace wanders, a neighbour's bursts slow what runs just then.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator

import numpy as np
from estimators import estimators

from bench.stats.decision import decide
from bench.stats.interval import log_interval
from bench.stats.pace import CASE_TO_PACE, corrected_logs, drift_sd, mood_sd

SERIES = 1000
TURNS = 4
PAIR_S = 0.4


@dataclasses.dataclass(frozen=True, slots=True)
class Machine:
    """What disturbs the block times, all on the log scale."""

    process_sd: float = 0.02
    """Between processes that run the same code."""
    block_sd: float = 0.01
    """Between blocks of one process."""
    wander_sd: float = 0.0
    """Of the machine's pace, a random walk, over a minute."""
    burst_share: float = 0.0
    """How much of the time a neighbour is at work."""
    burst_s: float = 1.0
    """How long its bursts last."""
    burst_log: float = math.log(3)
    """By how much they slow down."""
    heavy: bool = False
    """Whether processes differ by Student's t with two degrees of freedom in place of a normal spread."""
    sticky: float = 0.0
    """How much of a process's deviation the next process of the same side inherits."""


MACHINES = {
    "calm": Machine(),
    "drifting": Machine(wander_sd=0.10),
    "bursting": Machine(burst_share=0.3),
    "bursting and drifting": Machine(wander_sd=0.10, burst_share=0.3),
    "heavy tails": Machine(heavy=True),
    "bimodal processes": Machine(process_sd=0.0),
    "sticky processes (0.5)": Machine(sticky=0.5),
}


def pairs(
    machine: Machine, count: int, ratio: float, rng: np.random.Generator
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yields the block times of base and head of one pair after another, in seconds."""
    deviations = [0.0, 0.0]
    pace, busy = 0.0, rng.random() < machine.burst_share
    block_s = PAIR_S / (2 * TURNS)
    for _ in range(count):
        for side in (0, 1):
            fresh = rng.standard_t(2) * machine.process_sd / 2 if machine.heavy else rng.normal(0, machine.process_sd)
            if machine.process_sd == 0:  # one process in four is 15 % slower
                fresh = 0.14 * (rng.random() < 0.25)
            deviations[side] = machine.sticky * deviations[side] + math.sqrt(1 - machine.sticky**2) * fresh
        times, first = np.empty((2, TURNS)), 0
        for turn in range(TURNS):
            first = 1 - first if turn % 2 else int(rng.random() < 0.5)
            for side in (first, 1 - first):
                pace += rng.normal(0, machine.wander_sd * math.sqrt(block_s / 60))
                leave = block_s / machine.burst_s
                if machine.burst_share:
                    come = leave * machine.burst_share / (1 - machine.burst_share)
                    busy = rng.random() >= leave if busy else rng.random() < come
                log = deviations[side] + pace + machine.burst_log * busy + rng.normal(0, machine.block_sd)
                times[side, turn] = 1e-3 * (ratio if side else 1.0) * math.exp(log)
        yield times[0], times[1]


def logs(machine: Machine, count: int, ratio: float, rng: np.random.Generator) -> list[float]:
    """Gives the log-ratio of each pair, as `bench ab` forms it: the median over turns."""
    return [float(np.median(np.log(head / base))) for base, head in pairs(machine, count, ratio, rng)]


def coverage(machine: Machine, count: int) -> dict[str, float]:
    """Gives, by estimator, how often the interval of a ratio of 1.1 holds it."""
    rng = np.random.default_rng(count)
    held = dict.fromkeys(estimators, 0)
    for _ in range(SERIES):
        series = logs(machine, count, 1.1, rng)
        for name, estimate in estimators.items():
            found = estimate(series)
            held[name] += found.low <= math.log(1.1) <= found.high
    return {name: number / SERIES for name, number in held.items()}


def words(machine: Machine, count: int, ratio: float) -> dict[str, float]:
    """Gives how often each word is said of a ratio, by one look at so many pairs and a margin of 2 %."""
    rng = np.random.default_rng(count)
    said = [decide(logs(machine, count, ratio, rng), 0.02).word for _ in range(SERIES)]
    return {word: said.count(word) / SERIES for word in ("slower", "faster", "same", "open")}


def slow_servers(count: int, ratio: float) -> tuple[float, float]:
    """Gives how often head is called slower: by ranks alone, and where each fork server has to show it.

    Of three servers a side each is twice as slow with a chance of 0.3 where the ratio is 1; else none is.
    """
    rng = np.random.default_rng(count)
    edge, nth = math.log1p(0.02), np.arange(count)
    base, head = nth % 3, nth // 3 % 3
    by_ranks = by_all = 0
    for _ in range(SERIES):
        slow = (rng.random((2, 3)) < (0.3 if ratio == 1 else 0)) * math.log(2)
        found = math.log(ratio) + slow[1][head] - slow[0][base] + rng.normal(0, 0.015, count)
        slower = decide(found, 0.02).word == "slower"
        medians = [np.median(found[side == server]) for side in (base, head) for server in range(3)]
        by_ranks += slower
        by_all += slower and min(medians) > edge
    return by_ranks / SERIES, by_all / SERIES


def latency_coverage(machine: Machine, count: int) -> float:
    """Gives how often the interval of a latency, corrected by a pace-maker, holds what a quiet machine would show."""
    rng = np.random.default_rng(count)
    held = 0
    for _ in range(SERIES // 4):
        rounds = list(pairs(machine, count, 1.0, rng))
        paces, seconds = ([float(np.median(one[side])) for one in rounds] for side in (0, 1))
        reference = float(np.median(paces))
        found = log_interval(corrected_logs(seconds, paces, reference), extra_sd=CASE_TO_PACE * drift_sd(paces))
        held += found.low <= 1e-3 <= found.high
    return held / (SERIES // 4)


def printed_ratio_coverage(machine: Machine, count: int) -> float:
    """Gives how often the interval that `bench run` prints of a ratio of 1.1 holds it: by signs, with the mood."""
    rng = np.random.default_rng(count)
    held = 0
    for _ in range(SERIES // 4):
        rounds = list(pairs(machine, count, 1.1, rng))
        paces = [float(np.median(base)) for base, _ in rounds]
        found = log_interval(
            [float(np.median(np.log(head / base))) for base, head in rounds],
            extra_sd=mood_sd(drift_sd(paces), [PAIR_S * number for number in range(count)]),
        )
        held += found.low <= 1.1 <= found.high
    return held / (SERIES // 4)


def main() -> None:
    """Prints the tables."""
    shown: Callable[[float], str] = lambda value: f"{100 * value:5.1f}"  # noqa: E731
    print("Coverage of a ratio's 95 % interval, %")
    print(f"{'machine':24} {'pairs':>5}  " + "  ".join(f"{name:>18}" for name in estimators))
    for name, machine in MACHINES.items():
        for count in (8, 16, 40):
            found = coverage(machine, count)
            print(f"{name:24} {count:5}  " + "  ".join(f"{shown(found[each]):>18}" for each in estimators))
    print("\nWhat one look says, %, margin 2 %, 16 pairs")
    for name, machine in MACHINES.items():
        for ratio in (1.0, 1.05, 1.1):
            found = words(machine, 16, ratio)
            print(f"{name:24} × {ratio:4}  " + "  ".join(f"{word} {shown(share)}" for word, share in found.items()))
    print(
        "\nSlow fork servers: how often head is called slower, %, by ranks alone and where each server has to show it"
    )
    for ratio in (1.0, 1.05):
        for count in (10, 18, 40):
            by_ranks, by_all = slow_servers(count, ratio)
            print(f"× {ratio:4} {count:3} pairs  {shown(by_ranks)} {shown(by_all)}")
    print("\nCoverage of what bench run prints, %, 10 rounds; the truth of a latency is the time on a quiet machine")
    print(f"{'machine':24} latency  ratio")
    for name, machine in MACHINES.items():
        print(f"{name:24}   {shown(latency_coverage(machine, 10))}  {shown(printed_ratio_coverage(machine, 10))}")


if __name__ == "__main__":
    main()
