from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from bench.analysis.crossover import crossing, crossovers, find_crossover

LENGTHS = [256, 512, 1024, 2048]


def line(at: float, slope: float = 1.0) -> dict[int, float]:
    """Gives ln ratios that are a straight line over ln n and 0 at `at`."""
    return {n: slope * math.log(at / n) for n in LENGTHS}


def answer(planted, logs, **how):
    row = crossovers(*planted(logs, **how)).iloc[0]
    return row["answer"], row["text"]


@pytest.mark.parametrize("at", [300.0, 512.5, 1900.0])
def test_a_straight_line_over_ln_n_crosses_where_it_was_planted(at):
    logs = line(at)

    assert crossing(list(logs), list(logs.values()))[0] == pytest.approx(at, rel=1e-12)


def test_the_last_crossing_counts():
    # wins, loses, wins for good between 1024 and 2048, halfway in ln n
    found = crossing(LENGTHS, [-1.0, 1.0, 1.0, -1.0])

    assert found[0] == pytest.approx(1024 * math.sqrt(2), rel=1e-12)


@pytest.mark.slow
def test_a_planted_crossover_lies_inside_its_interval_in_nine_of_ten_runs(planted):
    held = 0
    for seed in range(100):
        row = crossovers(*planted(line(700.0), sd=0.05, rounds=10, seed=seed)).iloc[0]
        held += row["ci_low"] <= 700.0 <= row["ci_high"]

    assert held >= 86  # 0.95 nominal; three standard errors of a share of 0.92 over 100 runs are 0.08


def test_more_rounds_narrow_the_interval(planted):
    few, many = (crossovers(*planted(line(700.0), sd=0.05, rounds=rounds)).iloc[0] for rounds in (6, 60))

    assert many["ci_high"] - many["ci_low"] < few["ci_high"] - few["ci_low"]


def test_below_one_at_every_length_is_everywhere(planted):
    assert answer(planted, dict.fromkeys(LENGTHS, -0.3), sd=0.02) == ("everywhere", "everywhere in range (256–2048)")


def test_above_one_at_every_length_is_never(planted):
    assert answer(planted, dict.fromkeys(LENGTHS, 0.3), sd=0.02) == ("never", "never in range (256–2048)")


def test_rising_through_one_wins_only_at_shorter_lengths(planted):
    found, text = answer(planted, line(700.0, slope=-1.0), sd=0.01)

    assert found == "until"
    assert text.startswith("only up to n = ")


def test_a_ratio_of_one_is_undecided(planted):
    found, text = answer(planted, dict.fromkeys(LENGTHS, 0.0), sd=0.02)

    assert found == "undecided"
    assert text == "none in range: no difference that the rounds agree on in 256–2048"


def test_a_line_that_may_fall_below_one_at_the_end_says_from_where(planted):
    logs = [[0.3] * 9, [-0.02, -0.01, *[0.01] * 7]]
    found = find_crossover([256, 512], [0.3, 0.01], logs)

    assert found.answer == "never"
    assert found.text == f"never in range (256–512); may be from n = {found.low:.0f} on"


def test_an_interval_beyond_the_range_is_not_extrapolated():
    logs = [[0.1] * 9, [-0.3] * 5 + [0.2] * 4]
    found = find_crossover([256, 512], [0.1, -0.3], logs)

    assert found.high == math.inf
    assert found.text.endswith("> 512]")


def test_one_length_is_no_range(planted):
    table, rounds = planted({512: -0.5, 1024: -0.5})
    table.loc[table["seq_len"] == 1024, ["status", "latency_median_s"]] = ["oom", np.nan]
    row = crossovers(table, rounds).iloc[0]

    assert (row["answer"], row["text"]) == ("absent", "none in range: only n = 512 was measured")
    assert row["unmeasured"] == "1024: oom"


def test_a_gap_is_bridged_and_told(planted):
    table, rounds = planted(line(700.0))
    failed = (table["operator"] == "linformer") & (table["seq_len"] == 1024)
    table.loc[failed, ["status", "latency_median_s", "latency_ratio"]] = ["timeout", np.nan, np.nan]
    row = crossovers(table, rounds).iloc[0]

    assert row["seq_len"] == pytest.approx(700.0, rel=1e-9)
    assert row["unmeasured"] == "1024: timeout"


def test_where_the_baseline_failed_there_is_no_ratio(planted):
    table, rounds = planted(line(700.0))
    table.loc[table["seq_len"] == 2048, "latency_ratio"] = np.nan
    row = crossovers(table, rounds).iloc[0]

    assert (row["largest"], row["unmeasured"]) == (1024, "2048: no baseline")


def test_two_rounds_give_no_interval(planted):
    _, text = answer(planted, line(700.0), rounds=2)

    assert text == "from n = 700 (too few rounds for an interval)"


@pytest.mark.parametrize(("log", "word"), [(-0.3, "everywhere"), (0.3, "never")])
def test_two_rounds_are_no_certainty_at_every_length(planted, log, word):
    _, text = answer(planted, dict.fromkeys(LENGTHS, log), rounds=2)

    assert text == f"{word} in range (256–2048) (too few rounds for an interval)"


def test_the_baseline_is_not_compared_with_itself(planted):
    assert crossovers(*planted(line(700.0)))["series"].tolist() == ["linformer"]


def test_a_line_that_was_never_timed_says_so(planted):
    table, rounds = planted(line(700.0))
    theirs = table["operator"] == "linformer"
    table.loc[theirs, ["status", "latency_median_s", "latency_ratio"]] = ["unsupported", np.nan, np.nan]
    row = crossovers(table, rounds).iloc[0]

    assert (row["answer"], row["text"]) == ("untimed", "none in range: nothing was timed")


def test_a_package_beside_ours_has_no_line(planted):
    table, rounds = planted(line(700.0))
    theirs = table[table["operator"] == "linformer"].assign(provider="lucid")
    both = pd.concat([table, theirs], ignore_index=True)

    assert crossovers(both, rounds)["series"].tolist() == ["linformer"]


def test_the_moods_of_the_machine_are_in_the_interval_of_a_crossing():
    logs = [[0.02] * 8, [-0.02] * 8]
    sure = find_crossover([256, 512], [0.02, -0.02], logs)
    moody = find_crossover([256, 512], [0.02, -0.02], logs, moods=[0.05, 0.05])

    assert (sure.answer, sure.low, sure.high) == ("from", pytest.approx(362, abs=1), pytest.approx(362, abs=1))
    assert moody.answer == "undecided"
