from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from bench.analysis.crossover import crossovers
from bench.analysis.errors import error_of
from bench.analysis.verdict import findings
from bench.units import seconds_text


def told(table, rounds):
    return findings(table, rounds, crossovers(table, rounds))


def fail(table, status, reason):
    """Makes the last case of a table one without numbers."""
    table.loc[3, ["status", "reason", "latency_median_s", "latency_ratio"]] = [status, reason, np.nan, np.nan]


def fast_and(make_row, **errors):
    """Gives one length: `sdpa` exact, `linformer` at half its time, `uniform` at a tenth, with these errors."""
    rows = [make_row("sdpa", 512, attention_rel_error=3e-16)]
    for operator, ratio in (("linformer", 0.5), ("uniform", 0.1), ("nystrom", 0.8)):
        if operator in errors:
            ends = {"latency_ratio_ci_low": 0.98 * ratio, "latency_ratio_ci_high": 1.02 * ratio}
            rows.append(make_row(operator, 512, latency_ratio=ratio, attention_rel_error=errors[operator], **ends))
    columns = ["run", "case_hash", "round", "latency_s", "log_ratio"]
    return pd.DataFrame(rows), pd.DataFrame(columns=columns)


def test_the_winner_is_told_with_ratio_memory_and_error(make_row):
    finding = told(*fast_and(make_row, linformer=0.2, uniform=0.8))[0]

    assert finding.headline == (
        "At n = 512 linformer is fastest: 0.5 [0.49, 0.51] of sdpa's time (1 ms), the same peak memory; "
        "error of A 0.2."
    )


def test_what_the_host_launches_more_slowly_than_the_device_does_it_is_told(make_row):
    table, rounds = fast_and(make_row, linformer=0.2, uniform=0.8)
    quick, slow = table["latency_median_s"] / 2, table["latency_median_s"] * 3
    table["launch_s"] = quick.where(table["operator"] != "linformer", slow)

    (told_of,) = [text for text in told(table, rounds)[0].details if "host" in text]
    assert told_of == (
        "Times are the device's. Without a CUDA graph the host's decide, which launches more slowly: linformer "
        f"{seconds_text(slow[1])}."
    )


def test_uniform_is_never_the_winner(make_row):
    finding = told(*fast_and(make_row, linformer=0.2, uniform=0.1))[0]

    assert finding.headline.startswith("At n = 512 linformer is fastest")


def test_an_error_that_uniform_has_too_is_said_to_be_none(make_row):
    finding = told(*fast_and(make_row, linformer=0.9, uniform=0.8, nystrom=0.3))[0]

    assert finding.headline.endswith("error of A 0.9: uniform does as well (0.8).")
    assert finding.details[0] == (
        "The fastest with an error below uniform's is nystrom: 0.8 [0.784, 0.816], error of A 0.3."
    )
    assert "No better than uniform (error of A 0.8): linformer (0.9)." in finding.details


def test_where_nobody_beats_uniform_it_is_said(make_row):
    finding = told(*fast_and(make_row, linformer=0.9, uniform=0.8))[0]

    assert finding.details[0] == "No case that is faster is known to have an error below uniform's."


def test_what_may_be_as_fast_as_the_fastest_is_named(make_row):
    table, rounds = fast_and(make_row, linformer=0.2, nystrom=0.1)
    table.loc[table["operator"] == "nystrom", ["latency_ratio_ci_low", "latency_ratio_ci_high"]] = [0.4, 0.9]

    assert "Intervals overlap the fastest one's: nystrom 0.8 [0.4, 0.9]." in told(table, rounds)[0].details


def test_an_error_that_was_not_measured_is_not_praised(make_row):
    finding = told(*fast_and(make_row, linformer=np.nan, uniform=0.9, nystrom=0.3))[0]

    assert finding.headline.endswith("error not measured.")
    assert finding.details[0] == (
        "The fastest with an error below uniform's is nystrom: 0.8 [0.784, 0.816], error of A 0.3."
    )


def test_an_error_against_another_operator_is_none_against_exact_attention(make_row):
    table, rounds = fast_and(make_row, linformer=0.05, uniform=0.9, nystrom=0.3)
    table["error_reference"] = table["operator"].map({"linformer": "kernel_gaussian"})

    assert told(table, rounds)[0].headline.endswith("its error is against kernel_gaussian.")


def test_where_uniform_is_not_there_zeros_are(make_row):
    finding = told(*fast_and(make_row, linformer=1.06))[0]

    assert finding.headline.endswith("error of A 1.1: zeros do as well (1).")


def test_an_interval_that_holds_one_is_no_win(planted):
    finding = told(*planted(dict.fromkeys([256, 512], 0.0), sd=0.01, seed=1))[0]

    assert "nothing measured surely beats sdpa; linformer, the nearest: no difference seen (±" in finding.headline


def test_where_all_are_slower_the_nearest_is_named(planted):
    finding = told(*planted(dict.fromkeys([256, 512], math.log(2))))[0]

    assert finding.headline == (
        "At n = 512 nothing measured surely beats sdpa; the nearest is linformer at 2 [2, 2] of its time."
    )


def test_the_length_from_which_it_wins_stands_in_the_details(planted):
    finding = told(*planted({256: 0.5, 1024: -0.5}))[0]

    assert "Faster than sdpa from a length on: linformer from n = 512 [512, 512]." in finding.details


def test_failed_cases_are_named_with_their_reason(planted):
    table, rounds = planted({256: 0.5, 512: 0.4})
    fail(table, "oom", "asked for 3 GiB")
    finding = told(table, rounds)[-1]

    assert (finding.topic, finding.headline) == ("failed", "1 of 4 cases failed.")
    assert finding.details == ("oom (asked for 3 GiB): linformer core/forward n=512 d=512 cpu",)


def test_skipped_cases_are_no_failures(planted):
    table, rounds = planted({256: 0.5, 512: 0.4})
    fail(table, "skipped", "no GPU")

    assert told(table, rounds)[-1].topic == "absent"


def test_the_error_of_the_output_stands_in_where_the_matrix_has_none():
    rows = pd.DataFrame({"attention_rel_error": [np.nan], "output_rel_error": [0.3]})

    assert error_of(rows)[1] == "the output"
    assert error_of(rows)[0].tolist() == [0.3]


@pytest.mark.parametrize("bad", ["oom", "crashed"])
def test_a_table_of_failures_alone_still_has_a_verdict(make_row, bad):
    table = pd.DataFrame([make_row("sdpa", 128, status=bad, latency_median_s=np.nan, latency_ratio=np.nan)])
    rounds = pd.DataFrame(columns=["run", "case_hash", "round", "latency_s", "log_ratio"])

    assert [finding.headline for finding in told(table, rounds)] == ["1 of 1 cases failed."]


def test_a_hair_below_uniform_is_no_better_than_uniform(make_row):
    finding = told(*fast_and(make_row, linformer=0.79, uniform=0.8))[0]

    assert "No better than uniform (error of A 0.8): linformer (0.79)." in finding.details


def test_a_package_beside_ours_wins_nothing_among_the_attentions(make_row):
    table, rounds = fast_and(make_row, linformer=0.2, uniform=0.8)
    theirs = table[table["operator"] == "linformer"].assign(provider="lucid", latency_ratio=0.3, case_hash="theirs")
    theirs = theirs.assign(latency_ratio_ci_low=0.29, latency_ratio_ci_high=0.31)
    rounds = rounds.assign(group=[])
    finding = told(pd.concat([table, theirs], ignore_index=True), rounds)[0]

    assert finding.headline.startswith("At n = 512 linformer is fastest: 0.5 [0.49, 0.51] of sdpa's time")


def test_a_copy_of_the_baseline_by_another_provider_is_no_rival(make_row):
    rows = [
        make_row("sdpa", 512, provider="torch"),
        make_row("sdpa", 512, provider="torch_functional", case_id="bare"),
    ]
    columns = ["run", "case_hash", "group", "round", "latency_s", "log_ratio"]

    assert told(pd.DataFrame(rows), pd.DataFrame(columns=columns)) == []


def test_a_layer_of_its_own_has_a_verdict(make_row):
    ends = {"latency_ratio": 0.5, "latency_ratio_ci_low": 0.49, "latency_ratio_ci_high": 0.51}
    rows = [make_row("sdpa", 512, scope="layer"), make_row("mla", 512, scope="layer", family="layer", **ends)]
    columns = ["run", "case_hash", "group", "round", "latency_s", "log_ratio"]

    found = told(pd.DataFrame(rows), pd.DataFrame(columns=columns))
    assert [(each.topic, each.headline) for each in found] == [
        ("layer", "Against sdpa: mla: faster in 1 of 1 case."),
    ]


def test_tasks_and_steps_over_rank_have_verdicts(make_task_row):
    step = {"task_step": -0.1, "task_step_ci_low": -0.11, "task_step_ci_high": -0.09}
    rows = [
        make_task_row("sdpa", 0.9),
        make_task_row("linformer", 0.8, -0.1, rank=4.0),
        make_task_row("linformer", 0.7, -0.2, rank=8.0, **step),
    ]
    columns = ["run", "case_hash", "group", "round", "latency_s", "log_ratio"]

    found = told(pd.DataFrame(rows), pd.DataFrame(columns=columns))
    assert [each.topic for each in found] == ["attention", "task", "rank"]


def test_a_length_that_its_own_interval_doubts_is_told_as_perhaps(planted):
    finding = told(*planted({256: 0.2, 512: -0.02}, sd=0.05, rounds=12, seed=3))[0]

    (line,) = [text for text in finding.details if "from a length on" in text]
    assert line.startswith("Perhaps faster than sdpa from a length on: linformer from n = ")
    assert line.endswith("> 512].")
