from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from bench.analysis.comparison import prepare
from bench.analysis.cost_comparisons import cost_comparisons

NO_ROUNDS = pd.DataFrame(columns=["run", "case_hash", "round", "latency_s", "log_ratio"])


def compared(table: pd.DataFrame, rounds: pd.DataFrame = NO_ROUNDS, measure: str = "") -> list[dict]:
    """Gives the comparisons of a table, of one measure where it is named; its linformer has a rank."""
    ranked = table.assign(rank=table["rank"].astype(float).where(table["operator"] != "linformer", 64.0))
    found = list(cost_comparisons(prepare(ranked), rounds))
    return [each for each in found if measure in ("", each["measure"])]


@pytest.mark.parametrize(
    ("phase", "measure"), [("forward", "inference"), ("decode", "inference"), ("train", "training")]
)
def test_a_ratio_is_of_inference_or_of_training(make_row, phase, measure):
    ends = {"latency_ratio": 0.5, "latency_ratio_ci_low": 0.4, "latency_ratio_ci_high": 0.6}
    (found,) = compared(pd.DataFrame([make_row("sdpa", 8), make_row("linformer", 8, phase=phase, **ends)]))

    assert (found["measure"], found["value"], found["low"], found["high"]) == (measure, 0.5, 0.4, 0.6)


def test_operations_are_compared_at_the_longest_length(make_row):
    rows = [make_row(o, n, flops_formula=f) for n in (8, 16) for o, f in (("sdpa", n * n), ("linformer", 4.0 * n))]
    (found,) = compared(pd.DataFrame(rows), measure="operations")

    assert (found["value"], found["exact"], found["seq_len"]) == (0.25, True, 16)


def test_what_the_module_saves_by_one_projection_less_does_not_count(make_row):
    counts = {"flops_formula": 8.0, "trainable_parameters": 9.0, "scope": "layer"}
    table = pd.DataFrame([make_row("sdpa", 8, **counts), make_row("seed_fixed", 8, family="layer", **counts)])
    found = {each["measure"]: each["why_not"] for each in compared(table)}

    reason = "its layer has one projection less than its baseline's"
    assert found == dict.fromkeys(("inference", "operations", "what is stored"), reason)


def test_how_the_module_grows_counts(planted):
    table, rounds = planted(dict.fromkeys((128, 256, 512), 0.1))
    (found,) = compared(table.replace({"operator": {"linformer": "seed_fixed"}}), rounds, "growth of time")

    assert found["why_not"] == ""


@pytest.mark.parametrize(("operator", "status"), [("svd_oracle", "ok"), ("linformer", "skipped")])
def test_neither_a_decomposition_nor_what_was_not_run_has_operations(make_row, operator, status):
    counts = {"flops_formula": 8.0}
    rows = [make_row("sdpa", 8, **counts), make_row(operator, 8, rank=4.0, status=status, **counts)]

    assert compared(pd.DataFrame(rows), measure="operations") == []


def test_growth_is_the_exponent_less_the_baseline_s(planted):
    table, rounds = planted({n: 3 - math.log(n) for n in (128, 256, 512, 1024)}, sd=0.01, seed=1)
    (found,) = compared(table, rounds, "growth of time")

    assert found["value"] == pytest.approx(-1.0, abs=0.03)
    assert found["low"] < -1.0 < found["high"]
    assert (found["shortest"], found["seq_len"]) == (128, 1024)


def test_two_lengths_give_no_growth(planted):
    assert compared(*planted({128: 0.1, 256: -0.1}), "growth of time") == []


def test_the_longest_length_is_judged_and_the_crossover_is_told(planted):
    """Between ln 256 and ln 1024 a straight line from 0.5 to -0.5 is 0 at 512."""
    (found,) = compared(*planted({256: 0.5, 1024: -0.5}), "the longest length")

    assert found["value"] == pytest.approx(math.exp(-0.5))
    assert (found["number"], found["unit"]) == (pytest.approx(512), "tokens, faster from")


@pytest.mark.parametrize("log", [0.2, -0.2])
def test_of_a_line_without_a_crossover_the_time_at_the_longest_length_is_told(planted, log):
    (found,) = compared(*planted({256: 1.5 * log, 1024: log}), "the longest length")

    assert (found["number"], found["unit"]) == (pytest.approx(math.exp(log)), "time / baseline at the longest")


@pytest.mark.parametrize(("operator", "value"), [("sdpa", 0.0), ("linformer", math.inf)])
def test_where_one_side_fails_at_the_longest_length_the_other_has_won(planted, operator, value):
    table, rounds = planted({256: 0.5, 1024: 0.5})
    longest = table["seq_len"] == 1024
    table.loc[longest, "latency_ratio"] = np.nan
    table.loc[longest & (table["operator"] == operator), ["status", "latency_median_s"]] = ["oom", np.nan]
    (found,) = compared(table, rounds, "the longest length")

    assert (found["value"], found["exact"], math.isnan(found["number"])) == (value, True, True)


def test_what_was_not_tried_at_the_longest_length_is_no_failure(planted):
    table, rounds = planted({256: 0.5, 1024: 0.5})
    at = (table["seq_len"] == 1024) & (table["operator"] == "linformer")
    table.loc[at, ["status", "latency_ratio", "latency_median_s"]] = ["unsupported", np.nan, np.nan]
    (found,) = compared(table, rounds, "the longest length")

    assert found["value"] == pytest.approx(math.exp(0.5))


def adapted(make_row, operator: str, **changes):
    shape = {"family": "adapter", "scope": "projection", "baseline": "full n=8 "}
    return make_row(operator, 8, **shape, **changes)


@pytest.mark.parametrize(
    ("weights", "share"),
    [
        ({"trainable_parameters": 25.0, "parameters": 125.0}, 0.25),
        ({"trainable_parameters": 25.0, "checkpoint_bytes": 50.0}, 0.1),
        ({"trainable_parameters": 0.0, "parameters": 100.0}, 1.0),  # merged: the weight itself is what is stored
    ],
)
def test_what_is_stored_is_the_checkpoint_else_what_is_trained_else_all(make_row, weights, share):
    full = {"trainable_parameters": 100.0, "parameters": 100.0, "checkpoint_bytes": 500.0}
    table = pd.DataFrame([adapted(make_row, "full", **full), adapted(make_row, "lora", **weights)])
    (found,) = compared(table, measure="what is stored")

    assert (found["value"], found["exact"]) == (share, True)


def test_the_same_weights_in_another_phase_count_once(make_row):
    counts = {"trainable_parameters": 100.0}
    rows = [adapted(make_row, "full", **counts), adapted(make_row, "lora", **counts)]
    rows.append({**rows[1], "phase": "train", "case_id": "again"})

    assert len(compared(pd.DataFrame(rows), measure="what is stored")) == 1


def test_what_stores_the_same_share_counts_once_whatever_its_rank_or_length(make_row):
    """Pooling has no weights: at one rank as at another."""
    counts = {"trainable_parameters": 100.0, "parameters": 100.0, "scope": "layer"}
    rows = [make_row("sdpa", n, **counts) for n in (8, 16)]
    rows += [make_row("linformer", n, rank=rank, **counts) for n in (8, 16) for rank in (2.0, 4.0)]

    assert len(compared(pd.DataFrame(rows), measure="what is stored")) == 1


def test_at_scope_core_there_is_nothing_to_store(make_row):
    counts = {"trainable_parameters": 100.0}
    table = pd.DataFrame([make_row("sdpa", 8, **counts), make_row("linformer", 8, **counts)])

    assert compared(table, measure="what is stored") == []


def test_why_a_case_does_not_count_stands_in_its_comparisons(make_row):
    table = pd.DataFrame([make_row("sdpa", 8), make_row("linformer", 8, attention_rel_error=1.5)])

    assert [each["why_not"] for each in compared(table)] == ["no better than averaging"]
