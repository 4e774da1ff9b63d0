"""How long a run will take, from what earlier runs on this machine took; without one nothing is said.

Goes in: what is planned, and an earlier run's folder. A pass or a round that the earlier run made costs what it cost
then; another costs the mean of its kind. Rounds go on until they are precise (an interval's width falls with the
square root of their number) or the budget is spent.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from statistics import fmean
from typing import Any

from bench.attempt import Attempt
from bench.store.journal import read_journal
from bench.store.run import Run
from bench.sweep.budget import Part, Policy
from bench.sweep.drive import Item
from bench.sweep.execute import planned_parts

__all__ = ["forecast"]


def forecast(planned: dict[str, Any], policy: Policy, earlier: Run) -> float:
    """Gives the seconds that a run will take, report included.

    Args:
        planned: `cases` and `parts`, as a manifest or `run.json` has them.
        policy: budget, precision and rounds.
        earlier: a finished run on the same machine.
    """
    attempts = read_journal(earlier.journal).attempts
    passes = [a for a in attempts if a.kind != "timing"]
    begin_s = min((a.started_s for a in attempts), default=0.0)
    items, parts = planned_parts(planned)
    asked = {(i.case.case_hash, *one) for of_part in items.values() for i in of_part for one in _passes(i)}
    known = {(a.case_hash, a.kind, a.round): a.wall_s for a in passes}
    usual = {kind: fmean(a.wall_s for a in passes if a.kind == kind) for kind in {a.kind for a in passes}}
    passes_s = sum(known.get(one, usual.get(one[1], 0.0)) for one in asked)
    round_s, rounds = _round_seconds(attempts, parts), _rounds(attempts, parts, policy)
    rounds_s = sum(round_s[part.name] * rounds[part.name] for part in parts)
    measuring_s = min(begin_s + passes_s + rounds_s, max(policy.budget_s, begin_s + passes_s))
    return measuring_s + float(earlier.info.get("report_s", 0.0))


def _passes(item: Item) -> list[tuple[str, int]]:
    once = {"cost": item.timed, "accuracy": item.accuracy, "hardness": item.hardness, "baselines": item.seeds > 0}
    return [*((kind, 0) for kind, wanted in once.items() if wanted), *(("task", i) for i in range(item.seeds))]


def _round_seconds(attempts: Sequence[Attempt], parts: Sequence[Part]) -> dict[str, float]:
    walls: dict[str, dict[int, float]] = defaultdict(dict)
    members: dict[str, set[str]] = defaultdict(set)
    for attempt in attempts:
        if attempt.kind == "timing":
            walls[attempt.group][attempt.round] = attempt.wall_s
            members[attempt.group].add(attempt.case_hash)
    took = {name: fmean(of_part.values()) for name, of_part in walls.items()}
    each_s = fmean(took[name] / len(members[name]) for name in took) if took else 0.0
    return {part.name: took.get(part.name, each_s * (len(part.cases) + 1)) for part in parts}


def _rounds(attempts: Sequence[Attempt], parts: Sequence[Part], policy: Policy) -> dict[str, int]:
    """Replays the earlier rounds and says how many would have been precise."""
    of_group: dict[str, dict[int, list[Attempt]]] = defaultdict(lambda: defaultdict(list))
    for attempt in attempts:
        if attempt.kind == "timing":
            of_group[attempt.group][attempt.round].append(attempt)
    needed: dict[str, int] = {}
    for part in parts:
        for number in sorted(of_group[part.name]):
            part.record(of_group[part.name][number])
        needed[part.name] = min(max(_wished(part, policy), policy.min_rounds), policy.max_rounds) if part.cases else 0
    return needed


def _wished(part: Part, policy: Policy) -> int:
    """Gives the rounds after which all ratios of a part would be precise; 0 where no ratio will come."""
    others = [case for case in part.cases if case != part.baseline]
    if not others or part.baseline not in part.cases:
        return 0
    ratios = [part.ratio(case.case_hash) for case in others]
    widths = [ratio.half_width / ratio.centre / policy.precision for ratio in ratios]
    if any(math.isnan(width) for width in widths):  # too few rounds to say
        return policy.max_rounds
    return math.ceil(part.rounds * max(widths) ** 2)
