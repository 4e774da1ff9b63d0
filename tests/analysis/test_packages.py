"""Ours beside other packages: which cases are held against each other, and what is concluded."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from bench.analysis.packages import beside_packages, package_findings

ROUNDS = 8


def planted(make_row, seconds, **changes):
    """A table and rounds of `linformer`: (provider, n) -> seconds a call, with a drift that all share."""
    rows, rounds = [], []
    for (provider, n), second in seconds.items():
        row = make_row("linformer", n, provider=provider, group=f"n={n}", latency_median_s=second, rank=4.0)
        row |= {"case_id": f"linformer[{provider}] n={n}", "case_hash": f"{provider}-{n}"}
        rows.append({**row, **changes.get(provider, {})})
        for number in range(ROUNDS):
            drift = 1 + 0.3 * math.sin(number)
            rounds.append(("r", row["case_hash"], row["group"], number, second * drift))
    return pd.DataFrame(rows), pd.DataFrame(rounds, columns=["run", "case_hash", "group", "round", "latency_s"])


def test_a_ratio_is_formed_inside_each_round(make_row):
    beside = beside_packages(*planted(make_row, {("bench", 64): 2.0, ("lucid", 64): 4.0}))

    assert beside[["ratio", "ratio_ci_low", "ratio_ci_high", "rounds"]].iloc[0].tolist() == pytest.approx(
        [0.5, 0.5, 0.5, ROUNDS]
    )


def test_only_equal_questions_are_held_against_each_other(make_row):
    beside = beside_packages(*planted(make_row, {("bench", 64): 2.0, ("lucid", 128): 4.0}))

    assert beside.empty


def test_a_package_s_failed_case_is_kept_with_its_status(make_row):
    failed = {"status": "oom", "reason": "too large", "latency_median_s": math.nan}
    table, rounds = planted(make_row, {("bench", 64): 2.0, ("lucid", 64): 4.0}, lucid=failed)
    beside = beside_packages(table, rounds[rounds["case_hash"] != "lucid-64"])

    assert beside[["status", "reason", "fastest"]].iloc[0].tolist() == ["oom", "too large", False]
    assert np.isnan(beside["ratio"].iloc[0])


def test_ours_that_failed_has_no_ratio_although_it_has_rounds(make_row):
    table, rounds = planted(make_row, {("bench", 64): 2.0, ("lucid", 64): 4.0}, bench={"status": "crashed"})

    assert np.isnan(beside_packages(table, rounds)["ratio"].iloc[0])


def test_the_fastest_package_of_a_case_is_the_one_compared_with(make_row):
    seconds = {("bench", 64): 2.0, ("lucid", 64): 4.0, ("hugging", 64): 2.5}
    beside = beside_packages(*planted(make_row, seconds))
    (finding,) = package_findings(beside)

    assert beside.set_index("provider")["fastest"].to_dict() == {"lucid": False, "hugging": True}
    assert finding.numbers["mean"] == pytest.approx(0.8)


def test_the_mean_is_geometric_over_cases_and_then_over_operators(make_row):
    seconds = {("bench", 64): 1.0, ("lucid", 64): 4.0, ("bench", 128): 1.0, ("lucid", 128): 1.0}
    (finding,) = package_findings(beside_packages(*planted(make_row, seconds)))

    means = {"mean": pytest.approx(0.5), "mean_of_those_that_agree": pytest.approx(0.5)}
    assert finding.numbers == {**means, "cases": 2, "slower": 0, "larger": 0}
    assert finding.headline == (
        "Low-rank and kernel attention: ours takes 0.5 of the fastest package's time (geometric mean of 1 operator "
        "over 2 cases); slower beyond its interval in 0 of 2, more peak memory in 0 cases."
    )


def test_the_ends_of_several_ratios_are_told_as_such(make_row):
    seconds = {("bench", 64): 1.0, ("lucid", 64): 4.0, ("bench", 128): 1.0, ("lucid", 128): 1.0}
    (finding,) = package_findings(beside_packages(*planted(make_row, seconds)))

    assert finding.details == (
        "linformer, beside lucid: 0.5, from 0.25 to 1 over 2 cases; faster beyond its interval in 1 of 2.",
    )


def test_one_round_gives_a_ratio_and_claims_nothing(make_row):
    table, rounds = planted(make_row, {("bench", 64): 2.0, ("lucid", 64): 3.0})
    (finding,) = package_findings(beside_packages(table, rounds[rounds["round"] == 0]))

    assert finding.headline == (
        "Low-rank and kernel attention: ours takes 0.667 of the fastest package's time (geometric mean of 1 operator "
        "over 1 case); too few rounds to say where it is slower, more peak memory in 0 cases."
    )
    assert finding.details == ("linformer, beside lucid: 0.667; too few rounds to say where it is faster.",)


@pytest.mark.parametrize(
    ("dtype", "error", "agrees"), [("float32", 9e-5, True), ("float32", 2e-4, False), ("bfloat16", 0.04, True)]
)
def test_a_package_agrees_where_rounding_in_its_dtype_explains_the_difference(make_row, dtype, error, agrees):
    other = {"agreement_rel_error": error}
    table, rounds = planted(make_row, {("bench", 64): 2.0, ("lucid", 64): 4.0}, lucid=other)

    assert beside_packages(table.assign(dtype=dtype), rounds)["agrees"].tolist() == [agrees]


def test_a_package_that_computes_something_else_is_marked_and_a_mean_is_given_without_it(make_row):
    seconds = {("bench", 64): 2.0, ("lucid", 64): 2.5, ("hugging", 64): 4.0}
    table, rounds = planted(make_row, seconds, lucid={"agreement_rel_error": 0.5})
    beside = beside_packages(table, rounds)
    (finding,) = package_findings(beside)

    marks = beside.set_index("provider")[["agrees", "fastest", "fastest_that_agrees"]]
    assert marks.loc["lucid"].tolist() == [False, True, False]
    assert marks.loc["hugging"].tolist() == [True, False, True]
    assert finding.headline == (
        "Low-rank and kernel attention: ours takes 0.8 of the fastest package's time (geometric mean of 1 operator "
        "over 1 case), 0.5 of that of the fastest that computes the same (1 operator over 1 case); "
        "slower beyond its interval in 0 of 1, more peak memory in 0 cases."
    )
    assert finding.details == (
        "linformer, beside lucid: 0.8; faster beyond its interval in 1 of 1; "
        "lucid computes something else: agreement error 0.5.",
    )


def test_where_no_package_computes_the_same_it_is_said(make_row):
    other = {"agreement_rel_error": 0.5}
    table, rounds = planted(make_row, {("bench", 64): 2.0, ("lucid", 64): 4.0}, lucid=other)
    (finding,) = package_findings(beside_packages(table, rounds))

    assert "over 1 case), none of which computes the same; slower" in finding.headline


def test_what_is_slower_or_larger_is_named(make_row):
    small = {"lucid": {"peak_tensor_bytes": 512.0}}
    (finding,) = package_findings(
        beside_packages(*planted(make_row, {("bench", 64): 3.0, ("lucid", 64): 2.0}, **small))
    )

    assert finding.details[1:] == (
        "Slower: linformer[bench] n=64 1.5 [1.5, 1.5] of lucid.",
        "More memory: 2 × that of linformer[lucid] n=64.",
    )


def test_without_packages_there_is_nothing_to_say(make_row):
    beside = beside_packages(*planted(make_row, {("bench", 64): 2.0}))

    assert (len(beside), list(package_findings(beside))) == (0, [])
