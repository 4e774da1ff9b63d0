"""Verdicts from journals whose truth is known."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from bench.analysis.ab import judge, paired_logs
from bench.attempt import Attempt, Block
from bench.case import Case
from bench.stats.decision import decide
from bench.verdict import Verdict

CASE = Case(operator="sdpa", provider="torch", seq_len=64, hidden_size=64, num_heads=1)
NOISE = np.array([-0.012, -0.007, -0.003, -0.001, 0.001, 0.003, 0.007, 0.012])
PLANNED = {"status": "planned", "reason": None, "timed": True}


def entry(case: Case = CASE, **sides: Any) -> dict[str, Any]:
    planned = {"base": PLANNED, "head": PLANNED, **sides}
    names = {"case_id": case.case_id, "case_hash": case.case_hash, "case": case.to_json(), "group": "g"}
    return names | {side: value for side, value in planned.items() if value is not None}


def info(*entries: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "suite": "toys.yaml",
        "base": {"name": "main", "commit": "aaa"},
        "head": {"name": "topic", "commit": "bbb"},
        "settings": {"margin": 0.02, "accuracy_tolerance": 0.05, "budget_s": 180.0},
        "machine": {"name": "m"},
        "cases": list(entries),
        "state": "done",
        **more,
    }


def pairs(ratio: float, stage: str = "screen", noise: np.ndarray = NOISE, case: Case = CASE) -> Iterator[Attempt]:
    """Pairs in which head takes `ratio` times the millisecond of base, times the noise."""
    first = 0 if stage == "screen" else 100
    for number, wild in enumerate(noise, start=first):
        for side, seconds in (("base", 1e-3), ("head", 1e-3 * ratio * math.exp(wild))):
            yield Attempt(
                case_hash=case.case_hash,
                kind="timing",
                status="ok",
                group=side,
                round=number,
                blocks=tuple(Block(turn=turn, calls=1, seconds=seconds) for turn in range(2)),
                facts={"stage": stage, "foreign_share": 0.0},
            )


def passed(side: str, kind: str = "cost", status: str = "ok", case: Case = CASE, **facts: Any) -> Attempt:
    reason = "" if status == "ok" else "it broke"
    return Attempt(case_hash=case.case_hash, kind=kind, status=status, group=side, facts=facts, reason=reason)


def latency(*attempts: Attempt, **more: Any) -> Verdict:
    (found,) = [v for v in judge(info(entry(), **more), attempts).verdicts if v.metric == "latency"]
    return found


def test_a_log_ratio_is_of_head_over_base_in_the_order_of_rounds() -> None:
    assert paired_logs(pairs(2.0), "screen") == pytest.approx(math.log(2) + NOISE)


def test_a_slowdown_that_is_confirmed_has_regressed_and_the_interval_is_of_the_confirming_rounds() -> None:
    found = latency(*pairs(1.5), *pairs(1.1, "confirm"))

    assert (found.verdict, found.reason, found.rounds) == ("regressed", "beyond_margin", 8)
    assert found.ratio == pytest.approx(1.1, rel=1e-3)
    assert (found.base, found.head) == pytest.approx((1e-3, 1.1e-3), rel=0.01)


def test_a_speedup_that_is_confirmed_has_improved() -> None:
    assert latency(*pairs(0.8), *pairs(0.8, "confirm")).verdict == "improved"


def test_what_the_confirming_rounds_do_not_show_is_no_regression() -> None:
    assert latency(*pairs(1.5), *pairs(1.0, "confirm")).verdict == "unchanged"
    assert latency(*pairs(1.5), *pairs(1.02, "confirm")).reason == "not_confirmed"


def test_what_was_never_confirmed_is_no_regression_and_says_why() -> None:
    found = latency(*pairs(1.5))

    assert (found.verdict, found.reason) == ("inconclusive", "not_measured_again")


def test_an_interval_within_the_margin_is_unchanged() -> None:
    assert latency(*pairs(1.0)).reason == "within_margin"


def test_an_interval_over_the_margin_says_how_many_more_rounds_would_decide() -> None:
    found = latency(*pairs(1.025))

    assert (found.verdict, found.reason) == ("inconclusive", "straddles_margin")
    assert found.more_rounds is not None
    assert found.more_rounds > 0


def test_too_few_rounds_are_told() -> None:
    assert latency(*pairs(1.0, noise=NOISE[:3])).reason == "too_few_rounds"


def test_the_false_discovery_rate_holds_over_all_that_were_confirmed() -> None:
    """Eight pairs above the margin have p = 2·2⁻⁸ = 0.0078; beside nineteen that say nothing 0.0078·20 = 0.16."""
    cases = [CASE.replace(seed=seed) for seed in range(20)]
    mixed = math.log(1.02) + NOISE
    attempts = [
        attempt
        for case in cases
        for attempt in pairs(1.0, "confirm", math.log(1.1) + NOISE if case == CASE else mixed, case)
    ]
    alone = judge(info(entry()), attempts)
    among = judge(info(*(entry(case) for case in cases)), attempts)

    assert [v.verdict for v in alone.verdicts] == ["regressed"]
    assert not among.of("regressed")


@pytest.mark.parametrize(
    ("base", "head", "verdict", "reason"),
    [("ok", "crashed", "failed", "failed_in_head"), ("crashed", "crashed", "failed", "failed_in_both")],
)
def test_a_case_that_fails_in_head_is_a_failure(base: str, head: str, verdict: str, reason: str) -> None:
    found = judge(info(entry()), [passed("base", status=base), passed("head", status=head)])

    assert [(v.metric, v.verdict, v.reason) for v in found.verdicts] == [("case", verdict, reason)]
    assert "head: crashed: it broke" in found.verdicts[0].detail
    assert found.exit_code() == 3


def test_a_case_that_failed_in_base_alone_is_new() -> None:
    found = judge(info(entry()), [passed("base", status="oom"), passed("head")])

    assert [(v.verdict, v.reason) for v in found.verdicts] == [("new", "failed_in_base")]


def test_what_only_one_side_plans_vanished_or_is_new() -> None:
    unsupported = {"status": "unsupported", "reason": "has no causal form", "timed": False}
    gone = judge(info(entry(head=unsupported)), [])
    fresh = judge(info(entry(base=None)), [])

    assert [(v.verdict, v.detail) for v in gone.verdicts] == [("vanished", "has no causal form")]
    assert [v.verdict for v in fresh.verdicts] == ["new"]


def test_one_name_for_two_measurements_is_a_change_of_definition() -> None:
    then = entry(head=None)
    now = {**entry(CASE.replace(seed=1), base=None), "case_id": CASE.case_id}
    found = judge(info(now, then), [])

    assert [v.reason for v in found.verdicts] == ["definition_changed", "definition_changed"]


def test_what_neither_side_can_do_is_a_note_and_not_silence() -> None:
    absent = {"status": "skipped", "reason": "no CUDA device", "timed": False}
    found = judge(info(entry(base=absent, head=absent)), [])

    assert found.verdicts == ()
    assert found.notes == ("1 case without meaning, or lacking something, in both",)
    assert found.exit_code() == 4


def test_that_tasks_are_not_judged_is_told() -> None:
    case = CASE.replace(scope="model", task="digits", steps=10)
    found = judge(info(entry(case)), list(pairs(1.0, case=case)))

    told = "time is compared, what is reached on it is not; bench compare does that"
    assert found.notes == (f"1 case with a task: {told}",)


def test_an_exact_metric_that_does_not_repeat_is_inconclusive() -> None:
    attempts = [
        passed("base", peak_tensor_bytes=100),
        passed("head", peak_tensor_bytes=200),
        passed("base", peak_tensor_bytes=200),
        passed("head", peak_tensor_bytes=200),
        *pairs(1.0),
    ]
    found = judge(info(entry()), attempts)

    assert [(v.metric, v.reason) for v in found.of("inconclusive")] == [("peak_tensor_bytes", "not_repeatable")]


def test_an_exact_metric_that_grew_has_regressed() -> None:
    attempts = [passed("base", peak_tensor_bytes=100), passed("head", peak_tensor_bytes=101), *pairs(1.0)]
    found = judge(info(entry()), attempts)

    assert [(v.metric, v.reason) for v in found.of("regressed")] == [("peak_tensor_bytes", "more")]
    assert found.exit_code() == 1


def by_server(slow: dict[tuple[str, int], float], count: int = 18) -> list[Attempt]:
    """Confirming pairs of an unchanged case, some of whose fork servers take so many times as long."""
    found = []
    for number in range(count):
        servers = {"base": number % 3, "head": number // 3 % 3}
        wild = NOISE[number % len(NOISE)]
        for side, server in servers.items():
            seconds = 1e-3 * slow.get((side, server), 1.0) * (math.exp(wild) if side == "head" else 1.0)
            blocks = tuple(Block(turn=turn, calls=1, seconds=seconds) for turn in range(2))
            facts = {"stage": "confirm", "foreign_share": 0.0, "server": server}
            found.append(
                Attempt(
                    case_hash=CASE.case_hash,
                    kind="timing",
                    status="ok",
                    group=side,
                    round=number,
                    blocks=blocks,
                    facts=facts,
                )
            )
    return found


def test_what_only_some_fork_servers_show_is_no_regression() -> None:
    """Two of three servers of head are twice as slow: by ranks alone that would be one."""
    attempts = by_server({("head", 0): 2.0, ("head", 1): 2.0})
    found = latency(*attempts)

    assert decide(paired_logs(attempts, "confirm"), 0.02).word == "slower"
    assert (found.verdict, found.reason) == ("inconclusive", "not_confirmed")
    assert found.detail == "processes of some fork servers only are affected"


@pytest.mark.parametrize(("factor", "verdict"), [(1.05, "regressed"), (0.95, "improved")])
def test_what_every_fork_server_shows_is_a_change(factor: float, verdict: str) -> None:
    assert latency(*by_server({("head", server): factor for server in range(3)})).verdict == verdict
