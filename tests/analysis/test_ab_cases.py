"""What becomes of a case as a whole: it failed, it proved to have no meaning, one pair of it timed out."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from bench.analysis.ab import judge
from bench.attempt import Attempt, Block
from bench.case import Case

CASE = Case(operator="sdpa", seq_len=8, hidden_size=8, num_heads=1, head_dim=8)


def info() -> dict[str, Any]:
    planned = {"status": "planned", "reason": None, "timed": True}
    names = {"case_id": CASE.case_id, "case_hash": CASE.case_hash, "case": CASE.to_json(), "group": "g"}
    return {
        "suite": "toys.yaml",
        "base": {"name": "main", "commit": "aaa"},
        "head": {"name": "topic", "commit": "bbb"},
        "settings": {"margin": 0.02, "accuracy_tolerance": 0.05, "budget_s": 180.0},
        "machine": {"name": "m"},
        "cases": [{**names, "base": planned, "head": planned}],
        "state": "done",
    }


def pairs() -> list[Attempt]:
    """Eight pairs of equal sides."""
    blocks = tuple(Block(turn=turn, calls=1, seconds=1e-3) for turn in range(2))
    facts = {"stage": "screen", "foreign_share": 0.0}
    words: dict[str, Any] = {"case_hash": CASE.case_hash, "kind": "timing", "status": "ok", "blocks": blocks}
    return [Attempt(**words, group=side, round=n, facts=facts) for n in range(8) for side in ("base", "head")]


def passed(side: str, kind: str = "cost", status: str = "ok") -> Attempt:
    reason = "" if status == "ok" else "it broke"
    return Attempt(case_hash=CASE.case_hash, kind=kind, status=status, group=side, reason=reason)


@pytest.mark.parametrize(
    ("base", "head", "words"),
    [
        ("ok", "unsupported", ("failed", "failed_in_head", "head: unsupported: it broke")),
        ("unsupported", "ok", ("new", "only_in_head", "base: unsupported: it broke")),
        ("unsupported", "oom", ("failed", "failed_in_head", "head: oom: it broke")),
        ("oom", "unsupported", ("new", "failed_in_base", "base: oom: it broke")),
    ],
)
def test_a_case_that_proves_in_running_to_have_no_meaning_on_one_side(
    base: str, head: str, words: tuple[str, str, str]
) -> None:
    found = judge(info(), [passed("base", status=base), passed("head", status=head)])

    assert [(v.verdict, v.reason, v.detail) for v in found.verdicts] == [words]


def test_a_case_that_proves_to_have_no_meaning_on_either_side_is_nothing_to_compare() -> None:
    found = judge(info(), [passed(side, status="unsupported") for side in ("base", "head")])

    assert (found.verdicts, found.exit_code()) == ((), 4)
    assert found.notes == ("1 case without meaning, or lacking something, in both",)


def late(number: int) -> Attempt:
    return dataclasses.replace(passed("head", kind="timing", status="timeout"), round=number)


def test_one_pair_that_timed_out_among_others_is_told_and_is_no_failure() -> None:
    found = judge(info(), [passed("base"), passed("head"), *pairs(), late(50)])

    assert [v.verdict for v in found.verdicts if v.metric == "latency"] == ["unchanged"]
    assert found.notes[-1] == "1 case of which one pair timed out and the others did not"


def test_two_pairs_that_timed_out_are_a_failure() -> None:
    found = judge(info(), [passed("base"), passed("head"), *pairs(), late(50), late(51)])

    assert [v.reason for v in found.verdicts] == ["failed_in_head"]


def test_passes_that_eat_up_the_budget_are_told() -> None:
    slow = dataclasses.replace(passed("base"), wall_s=100.0)
    found = judge(info(), [slow, passed("head"), *pairs()])

    assert found.notes[-1] == (
        "memory, FLOPs and errors took 1m 40s of the 3m 00s: a larger --budget, or fewer cases by --where"
    )
