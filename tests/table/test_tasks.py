"""What seeds scored -> the columns of a task, and what became of it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bench.attempt import Attempt
from bench.stats.paired import difference_interval, value_interval
from bench.table.combine import combine
from bench.table.tasks import curve_points

RIGHT = ["1101", "1001", "1111"]
BASE = ["1111", "1101", "1111"]


def done(name, seed, scores, **facts):
    """Gives one seed of a task that came to its end."""
    plain = {"task_metric": "accuracy", "scores": scores, "steps": 100, "train_s": 2.0}
    return Attempt(case_hash=name, kind="task", status="ok", round=seed, facts={**plain, **facts})


def seeds(name, scores, **facts):
    return [done(name, seed, each, **facts) for seed, each in enumerate(scores)]


@pytest.fixture
def entry(planted):
    """Gives a function: a name, the rank, and changes -> a planned case with a task of three seeds."""

    def of(name, rank=None, **changes):
        case = {"operator": name, "seq_len": 16, "hidden_size": 16, "scope": "model", "task": "digits", "steps": 100}
        if rank is not None:
            case["operator"], case["rank"] = "ranked", rank
        return planted.entry(name, row={"task": "digits", "steps": 100}, **{"case": case, "seeds": 3, **changes})

    return of


@pytest.fixture
def record(planted, entry):
    """Gives a function: attempts, the plan and changes of `run.json` -> the record of `case`."""

    def of(attempts, *cases, **changes):
        found = combine(planted.info(*(cases or (entry("base"), entry("case"))), **changes), attempts)
        return next(one for one in found if one["case_hash"] == "case")

    return of


def ends(found, column):
    return [found[f"{column}{end}"] for end in ("", "_ci_low", "_ci_high")]


def numbers(scores):
    return [[float(score) for score in seed] for seed in scores]


def test_the_value_is_the_mean_over_seeds_and_samples_with_its_interval(planted, record):
    found = record([*planted.rounds(), *seeds("case", RIGHT)])

    expected = value_interval(numbers(RIGHT), proportion=True)
    assert ends(found, "task_value") == [pytest.approx(9 / 12), expected.low, expected.high]
    assert ends(found, "task_accuracy") == ends(found, "task_value")
    assert (found["task_status"], found["task_metric"], found["application"]) == ("ok", "accuracy", "trained")
    assert (found["task_seeds"], found["task_samples"], found["task_diverged"]) == (3, 4, 0)


def test_the_difference_to_the_baseline_is_paired(planted, record):
    found = record([*planted.rounds(), *seeds("base", BASE), *seeds("case", RIGHT)])

    expected = difference_interval(numbers(RIGHT), numbers(BASE), counted=True)
    assert ends(found, "task_difference") == [pytest.approx(-2 / 12), expected.low, expected.high]


def test_seeds_are_paired_by_their_number_where_only_some_are_done(planted, record):
    found = record([*planted.rounds(), done("base", 2, BASE[2]), *seeds("case", RIGHT)])

    assert found["task_difference"] == 0
    assert found["task_value"] == pytest.approx(9 / 12)


def test_the_baseline_differs_from_itself_by_nothing_by_definition(planted, entry):
    found = combine(planted.info(entry("base")), seeds("base", BASE))[0]

    assert ends(found, "task_difference") == [0.0, 0.0, 0.0]


def test_without_the_baseline_s_scores_there_is_a_value_and_no_difference(planted, record):
    found = record([*planted.rounds(), *seeds("case", RIGHT)])

    assert "task_difference" not in found


def test_a_perplexity_is_exp_of_the_weighted_mean_and_differs_in_its_own_unit(planted, record):
    """Nats of two texts of 10 and 30 tokens."""
    words = {"task_metric": "perplexity", "weights": [10.0, 30.0]}
    attempts = [*seeds("base", [[20.0, 60.0]], **words), *seeds("case", [[30.0, 60.0]], **words)]
    found = record([*planted.rounds(), *attempts])

    mean = value_interval([30.0, 60.0], [10.0, 30.0])
    assert ends(found, "task_value") == pytest.approx([math.exp(x) for x in (90 / 40, mean.low, mean.high)])
    assert found["task_difference"] == pytest.approx(math.exp(90 / 40) - math.exp(80 / 40))
    assert "task_accuracy" not in found


def test_right_answers_out_of_several_that_are_asked_of_a_sample_are_an_accuracy(planted, record):
    asked = {"weights": [4.0, 4.0, 2.0]}
    attempts = [*seeds("base", [[4.0, 2.0, 1.0]] * 3, **asked), *seeds("case", [[4.0, 3.0, 2.0]] * 3, **asked)]
    found = record([*planted.rounds(), *attempts])

    expected = value_interval([[4.0, 3.0, 2.0]] * 3, asked["weights"], proportion=True)
    assert ends(found, "task_accuracy") == [9 / 10, expected.low, expected.high]
    assert found["task_difference"] == pytest.approx(2 / 10)
    assert found["task_samples"] == 3


def test_an_error_rate_is_not_below_zero(planted, record):
    words = {"task_metric": "word_error_rate", "weights": [9.0, 9.0, 9.0]}
    found = record([*planted.rounds(), *seeds("case", [[0.0, 1.0, 0.0]], **words)])

    assert value_interval([0.0, 1.0, 0.0], words["weights"]).low < 0
    assert ends(found, "task_value")[:2] == [pytest.approx(1 / 27), 0.0]


def test_transcripts_that_do_not_differ_have_an_interval_all_the_same(planted, record):
    words = {"task_metric": "word_error_rate", "weights": [9.0, 9.0, 9.0]}
    wrong = [[0.0, 1.0, 0.0]]
    found = record([*planted.rounds(), *seeds("base", wrong, **words), *seeds("case", wrong, **words)])

    expected = difference_interval(wrong, wrong, words["weights"], counted=True)
    assert ends(found, "task_difference") == [0.0, expected.low, expected.high]
    assert expected.low < 0


def test_scores_that_were_taken_on_other_samples_give_no_difference_and_a_warning(planted, record):
    found = record([*planted.rounds(), *seeds("base", ["111"] * 3), *seeds("case", RIGHT)])

    assert "task_difference" not in found
    assert found["warnings"] == "the baseline was scored on other test samples: no task_difference"


def test_seeds_that_were_scored_on_other_samples_give_no_value_and_a_warning(planted, record):
    found = record([*planted.rounds(), *seeds("case", ["1101", "100", "1111"])])

    assert "task_value" not in found
    assert found["warnings"] == "one seed was scored on other test samples: no task_value"


def test_the_step_is_from_the_next_lower_rank_that_has_scores(planted, entry, record):
    cases = [entry("base"), entry("low", rank=2), entry("failed", rank=4), entry("case", rank=8)]
    attempts = [*seeds("low", BASE), planted.failed("failed", kind="task"), *seeds("case", RIGHT)]
    found = record([*planted.rounds(), *attempts], *cases)

    expected = difference_interval(numbers(RIGHT), numbers(BASE), counted=True)
    assert ends(found, "task_step") == [pytest.approx(-2 / 12), expected.low, expected.high]


def test_the_lowest_rank_has_no_step(planted, entry):
    found = combine(planted.info(entry("base"), entry("case", rank=2)), seeds("case", RIGHT))[1]

    assert "task_step" not in found


def test_a_failed_seed_is_told_and_costs_neither_the_latency_nor_the_others(planted, record):
    attempts = [*planted.rounds(), *seeds("case", RIGHT[:2])]
    found = record([*attempts, planted.failed("case", 2, kind="task", status="oom", reason="1 GiB")])

    assert (found["status"], found["latency_median_s"] > 0) == ("ok", True)
    assert (found["task_status"], found["task_reason"]) == ("oom", "1 of 3 seeds: 1 GiB")
    assert (found["task_seeds"], found["task_value"]) == (2, pytest.approx(5 / 8))
    assert found["warnings"] == "task pass: oom: 1 GiB"


def test_where_every_seed_failed_the_latency_stays_and_there_is_no_value(planted, record):
    failed = [planted.failed("case", seed, kind="task", status="timeout", reason="60 s") for seed in range(3)]
    found = record([*planted.rounds(), *failed])

    assert (found["status"], found["latency_median_s"] > 0) == ("ok", True)
    assert (found["task_status"], found["task_reason"]) == ("timeout", "3 of 3 seeds: 60 s")
    assert "task_value" not in found


def test_a_failed_timing_leaves_the_value(planted, record):
    found = record([planted.failed("case", status="crashed", reason="why"), *seeds("case", RIGHT)])

    assert (found["status"], found["task_status"]) == ("crashed", "ok")
    assert found["task_value"] == pytest.approx(9 / 12)


def test_a_seed_that_diverged_costs_the_value_since_the_rest_would_flatter(planted, record):
    gone = Attempt(
        case_hash="case",
        kind="task",
        status="ok",
        round=2,
        facts={"task_metric": "accuracy", "steps": 30, "diverged_step": 30},
    )
    found = record([*planted.rounds(), *seeds("case", RIGHT[:2]), gone])

    assert (found["status"], found["task_status"]) == ("ok", "diverged")
    assert found["task_reason"] == "1 of 3 seeds: the loss was not finite at step 30"
    assert (found["task_seeds"], found["task_diverged"]) == (2, 1)
    assert "task_value" not in found


def test_a_seed_whose_scores_are_not_finite_costs_the_value(planted, record):
    bad = planted.failed("case", 2, kind="task", status="nan", reason="3 values are not finite")
    found = record([*planted.rounds(), *seeds("case", RIGHT[:2]), bad])

    assert (found["task_status"], found["task_reason"]) == ("nan", "1 of 3 seeds: 3 values are not finite")
    assert "task_value" not in found


@pytest.mark.parametrize(
    ("state", "status", "reason"),
    [
        ("done", "skipped", "2 of 3 seeds: the budget of 60 s was spent; --budget"),
        ("interrupted", "interrupted", "2 of 3 seeds: the run was stopped; --resume r"),
    ],
)
def test_seeds_that_were_not_reached_are_told_beside_the_value_of_those_that_were(
    planted, record, state, status, reason
):
    found = record([*planted.rounds(), done("case", 0, RIGHT[0])], state=state)

    assert (found["task_status"], found["task_reason"]) == (status, reason)
    assert (found["task_seeds"], found["task_value"]) == (1, 0.75)


def test_a_case_whose_cost_pass_failed_has_that_for_its_task_too(planted, record):
    found = record([planted.failed("case", kind="cost", status="oom", reason="1 GiB")])

    assert (found["task_status"], found["task_reason"]) == ("oom", "1 GiB")


def test_a_case_without_meaning_has_that_for_its_task_too(entry, record):
    case = entry("case", status="unsupported", reason="it has no causal form")
    found = record([], entry("base"), case)

    assert (found["task_status"], found["task_reason"]) == ("unsupported", "it has no causal form")


def test_a_seed_that_was_written_again_counts_once(planted, record):
    found = record([*planted.rounds(), done("case", 0, "0000"), *seeds("case", RIGHT)])

    assert (found["task_seeds"], found["task_value"]) == (3, pytest.approx(9 / 12))


def test_one_trained_seed_is_warned_of(planted, entry, record):
    case = entry("case", seeds=1)
    found = record([*planted.rounds(), done("case", 0, RIGHT[0])], entry("base"), case)

    assert found["warnings"] == "one seed was trained: the interval of task_value is over test samples alone"


def test_one_seed_is_all_of_a_network_that_is_not_trained(planted, entry, record):
    case = entry("case", seeds=1)
    found = record([*planted.rounds(), done("case", 0, RIGHT[0], steps=0)], entry("base"), case)

    assert found["warnings"] == ""


def test_facts_are_means_over_the_seeds_and_errors_the_largest(planted, record):
    facts = [
        {"value_before": 0.5, "second_before": 0.9, "second_after": 0.8, "checkpoint_bytes": 64, "train_s": 1.0},
        {"value_before": 0.7, "second_before": 0.9, "second_after": 0.7, "checkpoint_bytes": 64, "train_s": 3.0},
    ]
    errors = [{"step0_rel_error": 1e-7, "merge_rel_error": 2e-7}, {"step0_rel_error": 3e-7, "merge_rel_error": 1e-7}]
    attempts = [done("case", i, RIGHT[i], learning_rate=0.002, **facts[i], **errors[i]) for i in range(2)]
    found = record([*planted.rounds(), *attempts])

    assert (found["task_value_before"], found["second_task_difference"]) == pytest.approx((0.6, -0.15))
    assert (found["checkpoint_bytes"], found["task_steps"], found["task_train_s"]) == (64, 100, 2)
    assert found["task_learning_rate"] == 0.002
    assert (found["step0_rel_error"], found["merge_rel_error"]) == (3e-7, 2e-7)


def test_the_curve_is_the_mean_of_the_points_that_all_seeds_have(planted, record):
    curves = [[[0, 0.0, 0.1], [50, 1.0, 0.5], [100, 2.0, 0.9]], [[0, 0.0, 0.3], [50, 2.0, 0.7]]]
    attempts = [done("case", i, RIGHT[i], curve=curves[i]) for i in range(2)]
    found = record([*planted.rounds(), *attempts])

    assert found["task_curve"] == "0:0:0.2 50:1.5:0.6"
    np.testing.assert_allclose(curve_points(found["task_curve"]), [[0, 0, 0.2], [50, 1.5, 0.6]])


def test_the_errors_of_the_layers_are_a_text(planted, record):
    attempts = [done("case", i, RIGHT[i], layer_rel_errors=[0.1 * (i + 1), 0.4]) for i in range(2)]

    assert record([*planted.rounds(), *attempts])["layer_rel_errors"] == "0.15 0.4"


def test_a_seed_s_own_facts_are_no_columns_and_leave_those_of_the_case(planted, record):
    found = record([*planted.rounds(), *seeds("case", RIGHT, steps=37)])

    assert found["steps"] == 100
    assert not found.keys() & {"scores", "train_s", "curve"}
