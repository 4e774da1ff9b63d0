"""An attempt: one line of the journal, and what its status lets it carry."""

from __future__ import annotations

import json

import pytest

from bench.attempt import FAILURES, STATUSES, Attempt, Block

BLOCKS = (Block(turn=0, calls=2, seconds=1.0), Block(turn=1, calls=4, seconds=1.0))


def test_json_and_back_is_the_same_attempt() -> None:
    attempt = Attempt(
        case_hash="c",
        kind="timing",
        status="ok",
        group="g",
        round=3,
        blocks=BLOCKS,
        facts={"digest": [1.0, 2.0]},
        warnings=("slow",),
        started_s=1.5,
        wall_s=2.5,
    )

    assert Attempt.from_json(json.loads(json.dumps(attempt.to_json()))) == attempt


def test_zero_is_kept_and_what_is_empty_is_left_out() -> None:
    assert Attempt(case_hash="c", kind="cost", status="ok").to_json() == {
        "case_hash": "c",
        "kind": "cost",
        "status": "ok",
        "round": 0,
        "started_s": 0.0,
        "wall_s": 0.0,
    }


def test_seconds_a_call_are_by_turn() -> None:
    assert Attempt(case_hash="c", kind="timing", status="ok", blocks=BLOCKS).per_call_s == {0: 0.5, 1: 0.25}


@pytest.mark.parametrize("status", sorted(set(STATUSES) - {"ok", "throttled"}))
def test_only_ok_and_throttled_carry_a_latency(status: str) -> None:
    with pytest.raises(ValueError, match="carries no latency"):
        Attempt(case_hash="c", kind="timing", status=status, blocks=BLOCKS)


def test_an_unknown_status_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown status 'fine'"):
        Attempt(case_hash="c", kind="timing", status="fine")


@pytest.mark.parametrize("status", STATUSES)
def test_a_failure_is_what_ends_a_run_with_exit_code_3(status: str) -> None:
    assert Attempt(case_hash="c", kind="cost", status=status).failed == (status in FAILURES)
