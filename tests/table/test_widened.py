"""What is printed of a ratio owns up to the machine; when to stop is decided by the rounds."""

from __future__ import annotations

import pytest

from bench.stats.pace import drift_sd
from bench.table.combine import combine
from bench.table.load import load_rounds


def test_a_machine_that_wanders_widens_the_ratio_and_does_not_move_it(planted):
    records = combine(planted.info(), planted.rounds((1.0, 2.0, 3.0, 1.0, 5.0, 1.0)))
    found = next(one for one in records if one["case_hash"] == "case")

    assert found["latency_ratio"] == pytest.approx(planted.ratio)
    assert found["latency_ratio_ci_low"] < planted.ratio < found["latency_ratio_ci_high"]
    assert found["stop"] == "precision"  # of the rounds, which agree


def test_flops_that_are_not_those_that_were_counted_are_doubted(planted):
    case = planted.entry("case", row={"flops_formula": 100, "flops_counter_gap": 10})
    for counted, doubted in ((90.0, False), (80.0, True)):
        attempts = [*planted.rounds(), planted.cost("case", flops_counted=counted)]
        records = combine(planted.info(planted.entry("base"), case), attempts)

        assert ("FLOPs by closed form" in records[1]["warnings"]) == doubted


def test_rounds_carry_what_they_do_not_show(planted, stored):
    rounds = load_rounds(stored(planted.rounds((1.0, 2.0, 3.0, 1.0, 5.0, 1.0))).path)

    assert rounds["mood_sd"].nunique() == 1  # all began in the run's first second
    assert rounds["mood_sd"].iloc[0] == pytest.approx(2 * drift_sd(list(rounds.drop_duplicates("round")["pace_s"])))
