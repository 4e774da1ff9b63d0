"""Changes between two runs that were put into them."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from bench.analysis.between import Change, change, timed
from bench.stats.interval import Estimate

EDGE = math.log1p(0.1)
BETWEEN = 0.015  # standard deviation between runs, beside what rounds show
Z = 1.959964


def estimate(centre: float, reach: float, count: int = 8) -> Estimate:
    return Estimate(centre, centre - reach, centre + reach, count)


def made(paced: Estimate, beside: Estimate | None) -> Change:
    return Change(paced, beside, 1.0, 1.0)


def stored(seconds: dict[str, list[float]], paces_s: list[float]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Gives table and rounds of a run: `load_rounds` corrects a latency to the run's median pace."""
    reference = float(np.median(paces_s))
    rows = [
        {
            "case_hash": name,
            "case_id": name,
            "baseline": "base",
            "device": "cpu",
            "threads": 2.0,
            "latency_median_s": 1.0,
        }
        for name in seconds
    ]
    rounds = [
        {
            "case_hash": name,
            "group": "g",
            "round": number,
            "started_s": 60.0 * number,
            "latency_s": own[number] * reference / pace,
            "pace_s": pace,
            "log_ratio": math.log(own[number] / seconds["base"][number]),
        }
        for name, own in seconds.items()
        for number, pace in enumerate(paces_s)
    ]
    return pd.DataFrame(rows), pd.DataFrame(rounds)


def test_a_machine_that_is_slower_by_a_third_changes_nothing():
    before = timed(*stored({"base": [2e-3] * 6, "case": [1e-3] * 6}, [3e-4] * 6), {})
    after = timed(*stored({"base": [2e-3 * 4 / 3] * 6, "case": [1e-3 * 4 / 3] * 6}, [4e-4] * 6), {})
    found = change(before["case"], after["case"])

    assert found.paced.centre == pytest.approx(0.0, abs=1e-12)
    assert found.beside is not None
    assert found.beside.centre == pytest.approx(0.0, abs=1e-12)
    assert (found.base_s, found.head_s) == (pytest.approx(1e-3), pytest.approx(1e-3))


def test_a_case_that_is_slower_by_a_fifth_is_so_in_both_numbers():
    before = timed(*stored({"base": [2e-3] * 6, "case": [1e-3] * 6}, [3e-4] * 6), {})
    after = timed(*stored({"base": [2e-3] * 6, "case": [1.2e-3] * 6}, [3e-4] * 6), {})
    found = change(before["case"], after["case"])

    assert found.paced.centre == pytest.approx(math.log(1.2))
    assert found.beside is not None
    assert found.beside.centre == pytest.approx(math.log(1.2))
    assert found.head_s == pytest.approx(1.2e-3)


def test_a_baseline_has_no_ratio_to_itself():
    run = timed(*stored({"base": [2e-3] * 6, "case": [1e-3] * 6}, [3e-4] * 6), {})

    assert run["base"].beside is None
    assert change(run["base"], run["base"]).beside is None


def test_a_case_without_a_latency_is_left_out():
    table, rounds = stored({"base": [2e-3] * 6, "case": [1e-3] * 6}, [3e-4] * 6)
    table.loc[1, "latency_median_s"] = np.nan

    assert set(timed(table, rounds, {})) == {"base"}


def test_a_run_in_which_nothing_was_timed_has_none():
    table, rounds = stored({"base": [2e-3] * 6}, [3e-4] * 6)
    table["latency_median_s"] = math.nan

    assert timed(table.astype({"device": "string"}), rounds, {}) == {}


def test_the_drift_of_both_runs_widens_the_paced_interval_and_by_minutes_the_ratio_s():
    paces = [3e-4 * math.exp(x) for x in (-0.1, -0.05, 0.0, 0.0, 0.05, 0.1)]
    table, rounds = stored(
        {"base": [2e-3 * p / 3e-4 for p in paces], "case": [1e-3 * p / 3e-4 for p in paces]}, paces
    )
    run = timed(table, rounds, {})
    found = change(run["case"], run["case"])

    assert run["case"].drift_sd == pytest.approx(1.4826 * 0.05)  # the median of |x| is 0.05
    assert found.paced.high == pytest.approx(Z * math.hypot(BETWEEN, 1.4826 * 0.05, 1.4826 * 0.05))
    assert found.beside is not None
    mood = 1.4826 * 0.05 / math.sqrt(6)  # six rounds in six minutes
    assert found.beside.high == pytest.approx(Z * math.hypot(BETWEEN, mood, mood))


def test_the_paces_of_earlier_runs_widen_it_too():
    table, rounds = stored({"base": [2e-3] * 6}, [3e-4] * 6)
    calm, moody = timed(table, rounds, {}), timed(table, rounds, {"earlier_paces_s": {"cpu/2": [2.7e-4, 3.3e-4]}})

    assert calm["base"].drift_sd == 0.0
    assert moody["base"].drift_sd == pytest.approx(1.4826 * math.log(3.3 / 3))


def test_the_narrower_number_is_printed():
    wide, narrow = estimate(0.1, 0.2), estimate(0.05, 0.02)

    assert made(wide, narrow).deciding is narrow
    assert made(narrow, wide).deciding is narrow
    assert made(wide, None).deciding is wide


def test_an_interval_that_ends_at_the_margin_has_a_probability_of_a_twentieth():
    assert made(estimate(EDGE + 0.03, 0.03), None).p_changed(EDGE) == pytest.approx(0.05)
    assert made(estimate(-EDGE - 0.03, 0.03), None).p_changed(EDGE) == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("other", "p"), [(EDGE + 0.001, 0.05), (EDGE - 0.001, 1.0), (-EDGE - 0.09, 1.0), (math.nan, 1.0)]
)
def test_the_narrower_number_decides_and_the_other_has_to_be_beyond_the_margin_too(other, p):
    sure, wide = estimate(EDGE + 0.03, 0.03), estimate(other, 0.2)

    assert made(wide, sure).p_changed(EDGE) == pytest.approx(p)
    assert made(sure, wide).p_changed(EDGE) == pytest.approx(p)


@pytest.mark.parametrize(("paced", "calm"), [(estimate(0.3, 0.15), False), (estimate(0.1, 0.15), True)])
def test_a_case_that_slowed_down_with_its_baseline_is_not_calm(paced, calm):
    assert made(paced, estimate(0.0, 0.05)).calm(EDGE) is calm


def test_without_an_interval_nothing_is_sure():
    few = Estimate(1.0, math.nan, math.nan, 2)

    assert made(few, few).p_changed(EDGE) == 1.0
    assert made(few, None).deciding is few
