"""Planned cases -> groups: the cases that answer one question, with the baseline that their ratios are formed to.

Goes in: the output of `expand`. `with_baselines` adds the baselines that the suite did not ask for; `group` gathers
what is timed, the cheapest group first, so that a first result comes soon; `parts` splits a group that is too large
to be alive at once.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any

from bench import operators
from bench.case import Case
from bench.suite.estimate import estimated_cost
from bench.suite.status import Planned, judge

__all__ = ["Group", "baseline", "group", "group_name", "parts", "timed", "why_not_timed", "with_baselines"]


@dataclasses.dataclass(frozen=True, slots=True)
class Group:
    """Cases that are alive together and take turns."""

    name: str
    """Readable, and unique within a suite."""
    cases: tuple[Case, ...]
    """What is timed, the baseline first."""
    baseline: Case
    """What the ratios are formed to."""


def group_name(case: Case) -> str:
    """Gives the name of a case's group: what its id says beside that in which the cases of a group differ."""
    alike = case.replace(rank=None, options=(), compiled=False, adapter_dtype=None, layer=None)
    return alike.case_id.partition(" ")[2]  # without operator and provider, which need not be known here


def baseline(cases: Sequence[Case]) -> Case:
    """Gives the baseline of a group's cases.

    It is exact attention by SDPA; `full`, the plain projection, at scope `projection` and where all the operators of
    a `layer` are adapters.
    """
    adapters = all(operators.load(case.operator).family == "adapter" for case in cases)
    plain = cases[0].scope == "projection" or adapters  # of fine-tuning too: all weights trained
    return _plain(cases[0], "full" if plain else "sdpa")


def timed(case: Case) -> bool:
    """Gives whether a case is timed; an oracle beyond its length serves the accuracy pass alone."""
    return not why_not_timed(case)


def why_not_timed(case: Case) -> str:
    """Gives why a case is not timed though its errors are measured; empty where it is timed."""
    limit = operators.load(case.operator).timed_up_to
    if limit is None or case.seq_len <= limit:
        return ""
    return f"an oracle, timed up to seq_len {limit}; its errors are measured all the same"


def with_baselines(planned: Sequence[Planned]) -> tuple[Planned, ...]:
    """Gives the same cases and, before the first of each group, the baseline where the suite did not ask for it.

    Cases whose baseline has no meaning can be compared with nothing and become `unsupported`.
    """
    there = {each.case: each for each in planned}
    before: dict[Case, Planned] = {}
    unfounded: dict[tuple[Any, ...], str] = {}
    for members in _gathered(planned):
        base = baseline([each.case for each in members])
        judged = there.get(base) or judge(base, members[0].sweep)
        if judged.status != "planned":
            unfounded[base.group_key] = f"its baseline {base.operator} is {judged.status}: {judged.reason}"
        elif base not in there:
            before[members[0].case] = judged
    result: list[Planned] = []
    for each in planned:
        if each.case in before:
            result.append(before[each.case])
        reason = unfounded.get(each.case.group_key)
        result.append(each.unsupported(reason) if reason and _to_time(each) else each)
    return tuple(result)


def group(planned: Iterable[Planned]) -> tuple[Group, ...]:
    """Gives the groups of what is timed, the cheapest first.

    Args:
        planned: cases among which each group's baseline is, as `with_baselines` gives them.
    """
    groups = []
    for members in _gathered(planned):
        cases = tuple(each.case for each in members)
        base = baseline(cases)
        others = tuple(case for case in cases if case != base)
        groups.append(Group(group_name(base), (base, *others), base))
    return tuple(sorted(groups, key=_flops))


def parts(group: Group, max_alive: int) -> tuple[Group, ...]:
    """Splits a group into parts of at most `max_alive` cases, about equal in size, the baseline in each.

    Implementations of one operator by several packages stay in one part, since they are compared with each other.

    Raises:
        ValueError: `max_alive` is below 2, so that nothing could be alive beside the baseline.
    """
    if max_alive < 2:
        raise ValueError(f"a baseline and one case are two processes, {max_alive} may be alive")
    others = [case for case in group.cases if case != group.baseline]
    dealt = _deal(others, max_alive - 1)
    if len(dealt) <= 1:
        return (group,)
    return tuple(
        Group(f"{group.name} ({i + 1}/{len(dealt)})", (group.baseline, *hand), group.baseline)
        for i, hand in enumerate(dealt)
    )


def _deal(cases: Sequence[Case], most: int) -> list[list[Case]]:
    """Deals cases into as few hands of at most `most` as can be, those that differ in provider only together."""
    bunches: dict[Case, list[Case]] = {}
    for case in cases:
        bunches.setdefault(case.replace(provider=""), []).append(case)
    together = [bunch[i : i + most] for bunch in bunches.values() for i in range(0, len(bunch), most)]
    count = -(-len(cases) // most)
    while True:
        hands: list[list[Case]] = [[] for _ in range(count)]
        for bunch in sorted(together, key=len, reverse=True):
            min(hands, key=len).extend(bunch)
        if all(len(hand) <= most for hand in hands):
            return hands
        count += 1


def _to_time(planned: Planned) -> bool:
    return planned.status == "planned" and timed(planned.case)


def _gathered(planned: Iterable[Planned]) -> list[list[Planned]]:
    """Gives the cases that are timed, those of one question together, in the order of their first."""
    gathered: dict[tuple[Any, ...], list[Planned]] = {}
    for each in planned:
        if _to_time(each):
            gathered.setdefault(each.case.group_key, []).append(each)
    return list(gathered.values())


def _plain(case: Case, operator: str) -> Case:
    """Gives an operator's case of the same group without rank, options, or compilation, in all layers."""
    plain = {"rank": None, "options": (), "compiled": False, "adapter_dtype": None, "layer": None}
    return case.replace(operator=operator, provider=operators.load(operator).provider, **plain)


def _flops(group: Group) -> int:
    return sum(estimated_cost(case).flops(case.phase) for case in group.cases)
