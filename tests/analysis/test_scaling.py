from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bench.analysis.scaling import exponent, peak_bytes, scaling


def grown(make_row, power: float, *, sd: float = 0.0, lengths=(128, 256, 512, 1024)):
    rng = np.random.default_rng(3)
    rows, rounds = [], []
    for n in lengths:
        seconds = 1e-9 * n**power * np.exp(sd * rng.standard_normal(9))
        rows.append(make_row("sdpa", n, latency_median_s=float(np.median(seconds)), peak_tensor_bytes=4.0 * n))
        told = {"run": "r", "case_hash": rows[-1]["case_hash"], "log_ratio": 0.0}
        rounds += [{**told, "round": i, "latency_s": s} for i, s in enumerate(seconds)]
    return pd.DataFrame(rows), pd.DataFrame(rounds)


def test_the_exponent_of_n_squared_is_two():
    n = np.array([128, 256, 512, 1024])

    assert exponent(n, 3e-9 * n**2) == pytest.approx(2.0, abs=1e-12)


def test_each_draw_has_its_own_exponent():
    n = np.array([10.0, 100.0, 1000.0])

    assert exponent(n, np.stack([n, n**3])) == pytest.approx([1.0, 3.0], abs=1e-12)


def test_a_planted_exponent_lies_inside_its_interval(make_row):
    row = scaling(*grown(make_row, 2.0, sd=0.05)).iloc[0]

    assert row["latency_exponent_ci_low"] <= 2.0 <= row["latency_exponent_ci_high"]
    assert row["latency_exponent_ci_high"] - row["latency_exponent_ci_low"] < 0.2


def test_peak_bytes_grow_by_their_own_exponent(make_row):
    row = scaling(*grown(make_row, 2.0)).iloc[0]

    assert row["peak_exponent"] == pytest.approx(1.0, abs=1e-12)


def test_two_points_give_no_exponent(make_row):
    assert scaling(*grown(make_row, 2.0, lengths=(128, 256))).empty


def test_a_failed_length_is_left_out_of_the_fit(make_row):
    table, rounds = grown(make_row, 2.0)
    table.loc[3, ["status", "latency_median_s"]] = ["oom", np.nan]
    row = scaling(table, rounds).iloc[0]

    assert (row["points"], row["largest"]) == (3, 512)


def test_the_cuda_peak_stands_before_the_tensors(make_row):
    table = pd.DataFrame([make_row("sdpa", 128), make_row("sdpa", 256)])
    table["peak_cuda_allocated_bytes"] = [np.nan, 9.0]

    assert peak_bytes(table).tolist() == [1024.0, 9.0]
