"""Steps to a higher rank that go the wrong way."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bench.analysis.steps import rank_steps, step_findings

PLACE = "core/forward, cpu, fp32, 8×64, n=512, iid"


def at_ranks(make_task_row, steps, **changes):
    """Gives a line over ranks 4, 8, …, whose value moves by these steps, each with an interval of 0.01."""
    rows, value = [make_task_row("linformer", 0.8, rank=4.0, **changes)], 0.8
    for number, step in enumerate(steps):
        value += step
        ends = {"task_step": step, "task_step_ci_low": step - 0.01, "task_step_ci_high": step + 0.01}
        rows.append(make_task_row("linformer", value, rank=8.0 * 2**number, **ends, **changes))
    return pd.DataFrame(rows)


def errors(make_row, *values, **changes):
    """Gives a line over ranks 16, 32, … at scope core."""
    return pd.DataFrame(
        [
            make_row("nystrom", 512, rank=16.0 * 2**number, attention_rel_error=value, **changes)
            for number, value in enumerate(values)
        ]
    )


def test_a_step_that_loses_beyond_its_interval_is_listed(make_task_row):
    (finding,) = step_findings(at_ranks(make_task_row, [0.05, -0.05]))

    assert finding.topic == "rank"
    assert finding.headline == "More rank is worse beyond its interval in 1 of 2 steps to the next rank."
    assert finding.details == (
        "linformer, accuracy (digits, 2 layers trained from scratch for 100 steps, n=64, 3 seeds): "
        "r=8 to 16: -5.0 [-6.0, -4.0] points.",
    )
    assert finding.numbers == {"steps": 2, "wrong": 1}


def test_a_step_that_loses_within_its_interval_is_not(make_task_row):
    assert rank_steps(at_ranks(make_task_row, [-0.009]))["wrong"].tolist() == [False]


def test_of_many_steps_some_are_wrong_by_chance(make_task_row):
    (finding,) = step_findings(at_ranks(make_task_row, [0.01] * 40))

    assert finding.headline.endswith("in 0 of 40 steps to the next rank; chance alone gives up to 1.")


def test_of_a_perplexity_a_step_upwards_is_the_wrong_way(make_task_row):
    steps = rank_steps(at_ranks(make_task_row, [0.05, -0.05], task_metric="perplexity"))

    assert steps["wrong"].tolist() == [True, False]
    assert steps["words"].tolist() == ["+0.05 [+0.04, +0.06]", "-0.05 [-0.06, -0.04]"]


def test_a_case_timed_in_two_phases_takes_its_steps_once(make_task_row):
    both = [at_ranks(make_task_row, [-0.05], phase=phase) for phase in ("forward", "train")]

    assert len(rank_steps(pd.concat(both, ignore_index=True))) == 1


def test_layers_have_lines_of_their_own(make_task_row):
    both = [at_ranks(make_task_row, [-0.05], layer=layer) for layer in (0.0, 1.0)]

    assert rank_steps(pd.concat(both, ignore_index=True))["series"].tolist() == [
        "linformer, layer 0",
        "linformer, layer 1",
    ]


def test_an_error_that_grows_with_rank_is_listed(make_row):
    (finding,) = step_findings(errors(make_row, 0.5, 0.3, 0.4))

    assert finding.headline == "More rank is worse beyond its interval in 1 of 2 steps to the next rank."
    assert finding.details == (f"nystrom, error of A ({PLACE}): r=32 to 64: 0.3 to 0.4.",)


@pytest.mark.parametrize(("after", "wrong"), [(0.32, False), (0.45, True)])
def test_a_random_operator_s_error_may_grow_within_the_interval_of_its_draws(make_row, after, wrong):
    """Draws from 0.1 below to 0.1 above give a median of 20 a standard error of 0.022, a difference ± 0.061."""
    table = errors(make_row, 0.3, after)
    table = table.assign(attention_rel_error_p10=table["attention_rel_error"] - 0.1)
    table = table.assign(attention_rel_error_p90=table["attention_rel_error"] + 0.1)

    assert rank_steps(table)["wrong"].tolist() == [wrong]


def test_errors_that_are_rounding_take_no_wrong_step(make_row):
    assert rank_steps(errors(make_row, 1e-15, 3e-15))["wrong"].tolist() == [False]


def test_an_error_is_told_once_whatever_is_timed(make_row):
    both = [errors(make_row, 0.3, 0.4, phase=phase) for phase in ("forward", "train")]

    assert len(rank_steps(pd.concat(both, ignore_index=True))) == 1


def test_without_an_error_of_the_matrix_that_of_the_output_is_held(make_row):
    table = errors(make_row, np.nan, np.nan).assign(output_rel_error=[0.3, 0.2])

    assert rank_steps(table)[["metric", "before", "after"]].to_numpy().tolist() == [["error of the output", 0.3, 0.2]]


def test_the_best_that_rank_can_do_never_takes_a_wrong_step(make_row):
    """Eckart and Young: the singular values that are left out only get fewer."""
    values = np.sort(np.random.default_rng(0).exponential(size=64))[::-1]
    best = [np.sqrt((values[rank:] ** 2).sum() / (values**2).sum()) for rank in (1, 2, 4, 8, 16, 32)]

    assert not rank_steps(errors(make_row, *best))["wrong"].any()


def test_a_table_without_ranks_has_no_finding(make_row):
    assert list(step_findings(pd.DataFrame([make_row("sdpa", 128)]))) == []
