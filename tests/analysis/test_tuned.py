"""Accuracy of adapters beside what they cost."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bench.analysis.tuned import trained_weights, tuned_findings

ADAPTED = {"application": "adapted", "model": "minilm", "layers": np.nan, "steps": 500.0, "phase": "train"}
ADAPTED |= {"baseline": "full n=64 ", "family": "adapter"}


def told(*rows):
    (finding,) = tuned_findings(pd.DataFrame(rows))
    return finding


def full(make_task_row, **changes):
    return make_task_row("full", 0.84, **{**ADAPTED, "trainable_parameters_counted": 22.6e6, **changes})


def lora(make_task_row, **changes):
    known = {"trainable_parameters_counted": 73728.0, "checkpoint_bytes": 294912.0, "peak_tensor_bytes": 512.0}
    ends = {"latency_ratio": 0.7, "latency_ratio_ci_low": 0.69, "latency_ratio_ci_high": 0.71}
    return make_task_row("lora", 0.835, **{**ADAPTED, "difference": -0.005, "rank": 8.0, **known, **ends, **changes})


def test_an_adapter_s_accuracy_is_told_beside_its_weights_bytes_time_and_forgetting(make_task_row):
    worse = {**ADAPTED, "trainable_parameters_counted": 770.0}
    finding = told(
        full(make_task_row),
        lora(make_task_row, second_task_difference=-0.004, task_learning_rate=0.002),
        make_task_row("head_only", 0.77, -0.07, **worse),
    )

    assert finding.where == "digits, minilm fine-tuned for 500 steps, n=64, 3 seeds"
    assert finding.headline == (
        "full: accuracy 0.840 [0.820, 0.860], 22.6M weights trained; the least that is as accurate: "
        "lora r=8 with 73.7k weights trained (0.33 % of full's) (-0.5 [-1.5, +0.5] points); worse: head_only."
    )
    assert finding.details == (
        "head_only: 0.770 [0.750, 0.790] (-7.0 [-8.0, -6.0] points: worse), 770 weights trained "
        "(0.0034 % of full's), a step takes 1 [1, 1] of the time, peak memory 1 × the baseline's.",
        "lora r=8: 0.835 [0.815, 0.855] (-0.5 [-1.5, +0.5] points: as accurate), 73.7k weights trained "
        "(0.33 % of full's), checkpoint 288 KiB, a step takes 0.7 [0.69, 0.71] of the time, "
        "peak memory 0.5 × the baseline's, -0.004 on the second task, learning rate 0.002.",
        "full: 0.840 [0.820, 0.860], 22.6M weights trained.",
    )


def test_where_nothing_is_shown_to_be_as_accurate_it_is_said(make_task_row):
    finding = told(full(make_task_row), lora(make_task_row, reach=0.05))

    assert finding.headline == (
        "full: accuracy 0.840 [0.820, 0.860], 22.6M weights trained; nothing else is shown to be as accurate."
    )


def test_where_a_linear_baseline_wins_the_headline_says_so(make_task_row):
    finding = told(full(make_task_row, task_linear=0.87))

    assert "; the linear baseline is better (0.870);" in finding.headline


def test_the_frozen_model_s_value_is_told(make_task_row):
    finding = told(full(make_task_row, task_value_before=0.768), lora(make_task_row, task_value_before=0.768))

    assert "Better than the model before training (0.768): all 2." in finding.details


def test_nothing_is_compared_with_a_fine_tuning_that_spoils_the_model(make_task_row):
    """Its learning rate is none for this model, and whoever trains less would be praised for it."""
    finding = told(full(make_task_row, task_value_before=0.9), lora(make_task_row, task_value_before=0.85))

    assert finding.headline == (
        "full: accuracy 0.840 [0.820, 0.860], 22.6M weights trained; "
        "the model before training is better (0.900); nothing is compared with it."
    )
    assert finding.details[0].startswith("lora r=8: 0.835 [0.815, 0.855], 73.7k weights trained")
    assert "Not surely better than the model before training (0.850 to 0.900): lora r=8; full." in finding.details


def test_an_adapter_that_keeps_its_promises_is_told_so(make_task_row):
    kept = {"step0_rel_error": 2e-7, "merge_rel_error": 3e-6}
    finding = told(full(make_task_row), lora(make_task_row, **kept))

    assert finding.details[-2:] == (
        "As its base at step 0: all 1, to 2e-07 of the logits.",
        "The same when merged: all 1, to 3e-06 of the logits.",
    )


def test_an_adapter_that_breaks_them_beyond_rounding_is_named(make_task_row):
    finding = told(full(make_task_row), lora(make_task_row, step0_rel_error=0.3, merge_rel_error=2e-4))

    assert finding.details[-2:] == (
        "Not as its base at step 0: lora r=8, off by 0.3 of the logits.",
        "Not the same when merged: lora r=8, off by 0.0002 of the logits.",
    )


def test_an_adapter_whose_task_failed_is_named(make_task_row):
    gone = {"task_status": "crashed", "task_reason": "why", "difference": np.nan}
    row = {**lora(make_task_row, **gone), "task_value": np.nan}
    finding = told(full(make_task_row), row)

    assert finding.details[-1] == "Crashed (why): lora r=8."


def test_trained_weights_are_the_counted_ones_and_else_the_closed_form():
    rows = pd.DataFrame({"trainable_parameters": [1.0, 2.0], "trainable_parameters_counted": [np.nan, 3.0]})

    assert trained_weights(rows).tolist() == [1.0, 3.0]
    assert trained_weights(pd.DataFrame({"case_id": ["a"]})).isna().all()


def test_a_table_without_adapted_models_has_no_finding(make_row, make_task_row):
    assert list(tuned_findings(pd.DataFrame([make_row("sdpa", 64)]))) == []
    assert list(tuned_findings(pd.DataFrame([make_task_row("sdpa", 0.8)]))) == []
