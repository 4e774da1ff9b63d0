"""What replacing attention does to accuracy on tasks, in sentences."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bench.analysis.tasks import task_findings

FROZEN = {"application": "swapped", "model": "minilm", "layers": np.nan, "steps": np.nan}


def told(*rows):
    return list(task_findings(pd.DataFrame(rows)))


def test_who_is_as_accurate_and_who_is_worse_by_how_much_is_told(make_task_row):
    (finding,) = told(
        make_task_row("sdpa", 0.84, **FROZEN),
        make_task_row("linformer", 0.835, -0.005, rank=16.0, **FROZEN),
        make_task_row("nystrom", 0.70, -0.14, rank=4.0, **FROZEN),
        make_task_row("uniform", 0.50, -0.34, **FROZEN),
    )

    assert finding.topic == "task"
    assert finding.where == "digits, minilm with its attention replaced, nothing trained, n=64, 3 seeds"
    assert finding.headline == (
        "sdpa: accuracy 0.840 [0.820, 0.860]; as accurate: linformer r=16; "
        "worse: nystrom r=4 (-14.0 [-15.0, -13.0] points), uniform (-34.0 [-35.0, -33.0] points)."
    )
    assert finding.details == (
        "As accurate: linformer r=16 -0.5 [-1.5, +0.5] points.",
        "Worse: nystrom r=4 -14.0 [-15.0, -13.0] points; uniform -34.0 [-35.0, -33.0] points.",
        "None of those as accurate is faster in phase forward.",
    )
    assert (finding.numbers["as_accurate"], finding.numbers["worse"]) == (1, 2)


def test_of_many_that_are_worse_the_first_and_the_last_are_in_the_headline(make_task_row):
    losses = {"linformer": -0.1, "nystrom": -0.3, "performer": -0.2}
    rows = [make_task_row(name, 0.9 + loss, loss) for name, loss in losses.items()]
    (finding,) = told(make_task_row("sdpa", 0.9), *rows)

    assert finding.headline.endswith(
        "; worse: 3 cases, from linformer (-10.0 [-11.0, -9.0] points) to nystrom (-30.0 [-31.0, -29.0] points)."
    )


def test_an_interval_that_allows_a_loss_that_matters_decides_nothing(make_task_row):
    (finding,) = told(make_task_row("sdpa", 0.9), make_task_row("linformer", 0.9, rank=8.0, reach=0.05))

    assert finding.headline == (
        "sdpa: accuracy 0.900 [0.880, 0.920]; the intervals are too wide to say who is as accurate."
    )
    assert finding.details[0] == (
        "Not decided, the interval allows a loss that matters: linformer r=8 +0.0 [-5.0, +5.0] points."
    )


@pytest.mark.parametrize(
    ("linear", "clause"),
    [(0.91, "the linear baseline is not surely worse (0.910)"), (0.95, "the linear baseline is better (0.950)")],
)
def test_where_a_linear_baseline_is_as_good_or_better_the_headline_says_so(make_task_row, linear, clause):
    (finding,) = told(
        make_task_row("sdpa", 0.9, task_linear=linear), make_task_row("linformer", 0.7, -0.2, task_linear=linear)
    )

    assert finding.headline.startswith(f"sdpa: accuracy 0.900 [0.880, 0.920]; {clause}; worse: linformer")
    assert f"Not surely better than the linear baseline ({linear:.3f}): sdpa; linformer." in finding.details


def test_nothing_is_compared_with_exact_attention_that_training_made_worse(make_task_row):
    rows = [make_task_row("sdpa", 0.3, task_value_before=0.8)]
    rows.append(make_task_row("linformer", 0.4, 0.1, rank=8.0, task_value_before=0.2))
    (finding,) = told(*rows)

    assert finding.headline == (
        "sdpa: accuracy 0.300 [0.280, 0.320]; "
        "the model before training is better (0.800); nothing is compared with it."
    )
    assert finding.details == (
        "Without a baseline to compare with: linformer r=8 0.400 [0.380, 0.420].",
        "Not surely better than the model before training (0.200 to 0.800): sdpa.",
    )


def test_where_the_majority_is_as_good_the_headline_says_so(make_task_row):
    (finding,) = told(make_task_row("sdpa", 0.5, task_majority=0.495))

    assert finding.headline == (
        "sdpa: accuracy 0.500 [0.480, 0.520]; the majority baseline is not surely worse (0.495)."
    )


def test_what_is_as_accurate_and_faster_is_told(make_task_row):
    ends = {"latency_ratio": 0.5, "latency_ratio_ci_low": 0.48, "latency_ratio_ci_high": 0.52}
    (finding,) = told(make_task_row("sdpa", 0.9), make_task_row("linformer", 0.9, rank=8.0, **ends))

    assert finding.details[-1] == (
        "Of those as accurate linformer r=8 is fastest: 0.5 [0.48, 0.52] of the time in phase forward."
    )


def test_of_equal_time_the_steps_are_told(make_task_row):
    words = {"steps": np.nan, "seconds": 60.0}
    (finding,) = told(
        make_task_row("sdpa", 0.9, task_steps=700.0, **words),
        make_task_row("linformer", 0.9, rank=8.0, task_steps=812.0, **words),
    )

    assert finding.where == "digits, 2 layers trained from scratch for 1m 00s, n=64, 3 seeds"
    assert finding.details[-1] == "Steps made in the same time: sdpa 700; linformer r=8 812."


def test_what_diverged_is_in_the_headline_and_named_with_its_seeds(make_task_row):
    gone = {"task_status": "diverged", "task_reason": "1 of 3 seeds: the loss was not finite at step 30"}
    (finding,) = told(make_task_row("sdpa", 0.9), make_task_row("performer", np.nan, np.nan, **gone))

    assert finding.headline == "sdpa: accuracy 0.900 [0.880, 0.920]; diverged: performer."
    assert finding.details == ("Diverged (1 of 3 seeds: the loss was not finite at step 30): performer.",)


def test_a_task_that_failed_beside_a_latency_is_not_silent(make_task_row):
    gone = {"task_status": "timeout", "task_reason": "3 of 3 seeds: 60 s"}
    (finding,) = told(*(make_task_row(name, np.nan, np.nan, **gone) for name in ("sdpa", "linformer")))

    assert finding.headline == "No case has a value."
    assert finding.details == ("Timeout (3 of 3 seeds: 60 s): sdpa; linformer.",)


def test_what_was_not_measured_at_all_is_told_elsewhere(make_task_row):
    absent = {"status": "skipped", "task_status": "skipped", "reason": "no data", "task_reason": "no data"}

    assert told(make_task_row("sdpa", np.nan, np.nan, **absent)) == []


def test_without_the_baseline_values_stand_alone(make_task_row):
    (finding,) = told(make_task_row("linformer", 0.8, np.nan, rank=8.0))

    assert finding.headline == "linformer r=8: accuracy 0.800 [0.780, 0.820]."
    assert finding.details == ("Without a baseline to compare with: linformer r=8 0.800 [0.780, 0.820].",)


def test_a_perplexity_is_told_in_its_own_unit(make_task_row):
    words = {**FROZEN, "task_metric": "perplexity"}
    (finding,) = told(
        make_task_row("sdpa", 66.7, **words), make_task_row("lowrank_kv", 116.0, 49.3, rank=48.0, reach=2.0, **words)
    )

    assert finding.headline == ("sdpa: perplexity 66.7 [66.7, 66.7]; worse: lowrank_kv r=48 (+49.3 [+47.3, +51.3]).")


def test_a_table_without_tasks_has_no_finding(make_row):
    assert told(make_row("sdpa", 128)) == []


def test_adapters_learning_rates_and_ranks_are_told_too(make_task_row):
    adapted = {"application": "adapted", "model": "minilm", "baseline": "full n=64 "}
    rates = [
        make_task_row("sdpa", value, learning_rate=rate, task_majority=0.1, case_id=f"{rate}", baseline=f"{rate}")
        for rate, value in ((0.01, 0.9), (0.1, 0.2))
    ]
    step = {"task_step": 0.01, "task_step_ci_low": 0.0, "task_step_ci_high": 0.02}
    ranked = [make_task_row("linformer", 0.8, rank=rank, **(step if rank > 4 else {})) for rank in (4.0, 8.0)]
    found = told(make_task_row("sdpa", 0.8), *ranked, make_task_row("full", 0.84, **adapted), *rates)

    starts = [each.headline.partition(":")[0] for each in found]
    assert starts == ["sdpa", "full", "Largest learning rate that trains", found[-1].headline]
    assert [each.topic for each in found] == ["task", "task", "task", "rank"]
