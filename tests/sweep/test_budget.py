import math

import pytest

from bench.attempt import Attempt, Block
from bench.case import Case
from bench.sweep.budget import Part, Policy, next_part

_POLICY = Policy(budget_s=100.0, precision=0.02, min_rounds=6, max_rounds=20)
_BASE = Case(operator="sdpa", provider="torch", seq_len=64, hidden_size=64, num_heads=1, head_dim=64)
_OTHER = _BASE.replace(operator="full_naive", provider="bench")


def _round(number, ratio, wall_s=1.0, status="ok"):
    def attempt(case, seconds, status):
        blocks = tuple(Block(turn=turn, calls=2, seconds=2 * seconds) for turn in range(3)) if status == "ok" else ()
        return Attempt(
            case_hash=case.case_hash, kind="timing", status=status, round=number, blocks=blocks, wall_s=wall_s
        )

    return [attempt(_BASE, 1.0, "ok"), attempt(_OTHER, ratio, status)]


def _part(name="part", ratios=(), wall_s=1.0):
    part = Part(name, [_BASE, _OTHER], _BASE)
    for number, ratio in enumerate(ratios):
        part.record(_round(number, ratio, wall_s))
    return part


def test_every_part_gets_the_least_rounds_before_any_gets_more():
    parts = [_part("a", [1.0] * 6), _part("b", [0.5] * 2)]

    assert next_part(parts, _POLICY, 0.0).name == "b"


def test_rounds_go_lap_by_lap():
    parts = [_part("a", [0.5] * 3), _part("b", [0.5] * 2), _part("c", [0.5] * 3)]

    assert next_part(parts, _POLICY, 0.0).name == "b"


def test_a_precise_case_is_done():
    assert _part(ratios=[0.5] * 6).open_cases(_POLICY) == []


def test_a_case_that_scatters_stays_open_beside_its_baseline():
    assert _part(ratios=[0.4, 0.6, 0.5, 0.45, 0.55, 0.5]).open_cases(_POLICY) == [_BASE, _OTHER]


def test_the_budget_goes_first_where_it_is_not_said_who_wins():
    decided = _part("decided", [0.4, 0.6, 0.5, 0.45, 0.55, 0.5])
    open_ = _part("open", [0.9, 1.1, 1.0, 0.95, 1.05, 1.0, 0.9])

    assert next_part([decided, open_], _POLICY, 0.0).name == "open"


def test_the_most_rounds_end_a_part():
    assert _part(ratios=[0.4, 0.6] * 10).open_cases(_POLICY) == []


def test_a_round_that_does_not_fit_the_budget_is_not_begun():
    assert next_part([_part(ratios=[0.4, 0.6], wall_s=5.0)], _POLICY, 96.0) is None


def test_a_case_that_failed_takes_no_further_rounds():
    part = _part(ratios=[0.5])
    part.record(_round(1, math.nan, status="crashed"))

    assert part.open_cases(_POLICY) == [_BASE]


@pytest.mark.parametrize("status", ["crashed", "oom", "timeout"])
def test_without_its_baseline_a_part_ends_at_the_least_rounds(status):
    part = _part(ratios=[0.5] * 6)
    part.retire(_BASE.case_hash)

    assert part.open_cases(_POLICY) == []
