"""Rounds -> pace, latency and ratio."""

from __future__ import annotations

import math

import pytest

from bench.table.derive import PACEMAKER, Pace, case_rounds, latency, long_run_ratio, paces, ratio

BASELINES = {"base": "base", "case": "base"}
USES = {"base": "cpu/2", "case": "cpu/2"}


def test_the_ratio_of_each_round_is_the_planted_one(planted) -> None:
    found = case_rounds(planted.rounds((1.0, 3.0)), BASELINES)

    assert [math.exp(one.log_ratio) for one in found["case"]] == pytest.approx([planted.ratio] * 2)


def test_rounds_come_in_order_whatever_the_order_of_the_lines(planted) -> None:
    found = case_rounds(reversed(planted.rounds((1.0, 2.0, 3.0))), BASELINES)

    assert [one.round for one in found["case"]] == [0, 1, 2]


def test_passes_and_failed_attempts_are_no_rounds(planted) -> None:
    found = case_rounds([planted.cost("case"), planted.failed("case")], BASELINES)

    assert found == {}


def test_without_its_baseline_a_round_has_a_latency_and_no_ratio(planted) -> None:
    (one,) = case_rounds([planted.timed("case", 0, 2.0)], BASELINES)["case"]

    assert one.latency_s == 2.0
    assert math.isnan(one.log_ratio)
    assert math.isnan(one.pace_s)


def test_a_round_that_was_written_again_counts_once(planted) -> None:
    """As after a kill in mid-writing: the resumed run measures the same round anew."""
    torn = [planted.timed("base", 0, 9.0)]
    found = case_rounds([*torn, *planted.rounds((1.0,))], BASELINES)

    assert [one.latency_s for one in found["base"]] == pytest.approx([planted.base_s])


def test_the_rounds_of_two_parts_are_apart_though_they_share_numbers(planted) -> None:
    attempts = planted.rounds((1.0,), group="g (1/2)") + planted.rounds((5.0,), cases=("other",), group="g (2/2)")
    found = case_rounds(attempts, {**BASELINES, "other": "base"})

    assert [(one.group, one.pace_s) for one in found["base"]] == [
        ("g (1/2)", pytest.approx(planted.pace_s)),
        ("g (2/2)", pytest.approx(5 * planted.pace_s)),
    ]
    assert math.exp(found["other"][0].log_ratio) == pytest.approx(planted.ratio)


def test_the_reference_pace_is_the_median_over_rounds_and_a_round_counts_once(planted) -> None:
    rounds = case_rounds(planted.rounds((1.0, 2.0, 9.0)), BASELINES)

    assert paces(rounds, USES, {})["cpu/2"].reference_s == pytest.approx(2 * planted.pace_s)


def test_each_use_of_the_machine_has_its_own_pace(planted) -> None:
    other = [planted.timed("one", 0, 1.0, group="h"), planted.timed(PACEMAKER, 0, 7.0, group="h")]
    attempts = [*planted.rounds((1.0,)), *other]
    found = paces(case_rounds(attempts, BASELINES), {**USES, "one": "cpu/1"}, {})

    assert {use: pace.reference_s for use, pace in found.items()} == pytest.approx(
        {"cpu/2": planted.pace_s, "cpu/1": 7.0}
    )


def test_where_the_pacemaker_failed_in_every_round_there_is_no_pace(planted) -> None:
    found = paces(case_rounds([planted.timed("case", 0, 1.0)], BASELINES), USES, {})

    assert math.isnan(found["cpu/2"].reference_s)


def test_the_pace_takes_a_slow_spell_out_of_the_latency(planted) -> None:
    """Half the rounds run on a machine that is four times as slow."""
    rounds = case_rounds(planted.rounds((1.0, 4.0) * 4), BASELINES)["case"]
    found = latency(rounds, Pace(reference_s=planted.pace_s, drift_sd=0.0))

    assert (found.centre, found.low, found.high) == pytest.approx([planted.ratio * planted.base_s] * 3)


def test_the_machine_s_drift_widens_the_latency_twice_and_not_the_ratio_over_rounds(planted) -> None:
    rounds = case_rounds(planted.rounds((1.0,) * 8), BASELINES)["case"]

    wide = latency(rounds, Pace(reference_s=planted.pace_s, drift_sd=0.1))
    assert math.log(wide.high / wide.centre) == pytest.approx(2 * 1.959964 * 0.1)
    assert ratio(rounds).half_width == pytest.approx(0.0)


def test_a_round_without_a_pace_is_left_out_of_the_latency(planted) -> None:
    rounds = case_rounds([*planted.rounds((1.0,) * 3), planted.timed("case", 3, 99.0)], BASELINES)["case"]

    assert latency(rounds, Pace(planted.pace_s, 0.0)).count == 3


def test_what_is_printed_of_a_ratio_owns_up_to_the_mood_of_the_machine(planted) -> None:
    rounds = case_rounds(planted.rounds((1.0, 1.0, 1.0, 1.0, 1.0, 1.0)), BASELINES)["case"]
    found = long_run_ratio(rounds, Pace(reference_s=planted.pace_s, drift_sd=0.1))

    assert found.centre == pytest.approx(ratio(rounds).centre)
    assert math.log(found.high / found.centre) == pytest.approx(1.96 * 0.2, rel=1e-3)
    assert ratio(rounds).half_width == pytest.approx(0.0)
