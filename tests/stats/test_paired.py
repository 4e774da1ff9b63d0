"""Scores of seeds and samples -> a mean, a difference, and intervals that hold the truth as often as they say."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from bench.stats.paired import difference_interval, value_interval

TIMES = 2000
SLACK = 3 * math.sqrt(0.95 * 0.05 / TIMES)  # three standard errors of a share of 0.95 among so many: 0.015
TOO_WIDE = 0.99


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def draws(rng, seeds, samples, *, sd_of_seeds, accuracies=(0.8,)):
    """Gives what networks get right, [networks, seeds, samples], of which each has its accuracy exactly.

    A network is right where the sum of independent normal effects is above a threshold: of the sample (sd 1, common
    to all networks), of sample and network (0.3), of the seed (0.1, common), of seed and network, and of all three
    (1).
    """
    sds = {"sample": 1.0, "sample and network": 0.3, "seed": 0.1, "seed and network": sd_of_seeds, "rest": 1.0}
    total = math.sqrt(sum(sd**2 for sd in sds.values()))
    networks = len(accuracies)
    effects = (
        sds["sample"] * rng.standard_normal((1, 1, samples))
        + sds["sample and network"] * rng.standard_normal((networks, 1, samples))
        + sds["seed"] * rng.standard_normal((1, seeds, 1))
        + sds["seed and network"] * rng.standard_normal((networks, seeds, 1))
        + sds["rest"] * rng.standard_normal((networks, seeds, samples))
    )
    thresholds = [-total * stats.norm.ppf(accuracy) for accuracy in accuracies]
    return (effects > np.reshape(thresholds, (-1, 1, 1))).astype(float)


def share_that_holds(truth, estimates):
    return float(np.mean([each.low <= truth <= each.high for each in estimates]))


def test_one_seed_has_student_s_interval_over_its_samples(rng):
    scores = rng.standard_normal(50)
    found = value_interval(scores)

    low, high = stats.t.interval(0.95, 49, scores.mean(), stats.sem(scores))
    assert (found.centre, found.low, found.high) == pytest.approx((scores.mean(), low, high))


def test_seeds_that_move_all_samples_alike_have_student_s_interval_over_their_means():
    means = np.array([0.1, 0.2, 0.6])
    found = value_interval(np.repeat(means[:, None], 100, axis=1))

    low, high = stats.t.interval(0.95, 2, means.mean(), stats.sem(means))
    assert (found.centre, found.low, found.high, found.count) == pytest.approx((0.3, low, high, 3))


def test_a_weighted_mean_is_the_ratio_of_the_sums():
    """Ten words with one error and thirty with six: 7 in 40, not the mean of 0.1 and 0.2."""
    assert value_interval([1.0, 6.0], [10.0, 30.0]).centre == 7 / 40


def test_the_ratio_s_variance_is_that_of_the_residuals():
    """Cochran, Sampling Techniques, 3rd edition, section 6.3: residuals 1 - 1.75, 6 - 5.25; the mean weight is 20."""
    found = value_interval([1.0, 6.0], [10.0, 30.0])

    sem = math.sqrt((0.75**2 + 0.75**2) / 20**2 / 1 / 2)
    assert found.half_width == pytest.approx(stats.t.ppf(0.975, 1) * sem)


def test_an_accuracy_of_one_seed_has_wilson_s_interval():
    """scipy has z and n where there are t and n - 1: alike to a thousandth at n = 4000."""
    found = value_interval([1.0] * 3900 + [0.0] * 100, proportion=True)

    wilson = stats.binomtest(3900, 4000).proportion_ci(method="wilson")
    assert (found.low, found.high) == pytest.approx((wilson.low, wilson.high), abs=1e-5)


@pytest.mark.parametrize("score", [0.0, 1.0])
def test_all_right_is_not_certainly_right(score):
    found = value_interval([[score] * 100] * 3, proportion=True)

    assert found.centre == score
    assert 0 <= found.low <= score <= found.high <= 1
    assert found.high - found.low == pytest.approx(1 / (1 + 100 / stats.t.ppf(0.975, 99) ** 2))


def test_right_answers_out_of_several_that_are_asked_of_a_sample_have_wilson_s_interval_too(rng):
    """Samples of which all answers are right, or none, are as many coins as samples; to 1 in n of the variance."""
    right = rng.integers(0, 2, 400).astype(float)
    several = value_interval(8 * right, np.full(400, 8.0), proportion=True)
    single = value_interval(right, proportion=True)

    assert (several.centre, several.low, several.high) == pytest.approx((single.centre, single.low, single.high))


def test_all_answers_right_are_as_sure_as_their_samples_are_many():
    found = value_interval(np.full((3, 100), 8.0), np.full(100, 8.0), proportion=True)

    assert (found.low, found.high) == pytest.approx((1 / (1 + stats.t.ppf(0.975, 99) ** 2 / 100), 1.0))


def test_seeds_that_agree_in_every_score_say_no_more_than_one(rng):
    scores = rng.integers(0, 2, 100).astype(float)
    one, three = value_interval(scores, proportion=True), value_interval([scores] * 3, proportion=True)

    assert (three.low, three.high) == (one.low, one.high)


def test_what_both_sides_owe_to_the_samples_cancels(rng):
    hard = rng.standard_normal((1, 400))
    noise = 0.01 * rng.standard_normal((2, 3, 400))
    found = difference_interval(hard + noise[0], hard + noise[1])

    assert found.half_width < value_interval(hard + noise[0]).half_width / 10


def test_two_sides_that_never_differ_may_differ_a_little_yet():
    found = difference_interval([1.0] * 1000, [1.0] * 1000, counted=True)

    assert found.centre == 0
    assert found.high == -found.low == pytest.approx(stats.t.ppf(0.975, 999) / 1000)


def test_clips_whose_words_are_all_the_same_may_differ_in_one_yet():
    words = np.array([1.0] * 77 + [14.4] * 5)
    found = difference_interval(np.zeros(82), np.zeros(82), words, counted=True)

    assert found.high == -found.low == pytest.approx(stats.t.ppf(0.975, 81) / 149)


def test_one_sample_has_a_centre_and_no_interval():
    found = value_interval([[1.0], [0.0]], proportion=True)

    assert found.centre == 0.5
    assert math.isnan(found.low)
    assert math.isnan(found.high)


def test_no_samples_have_no_centre():
    assert math.isnan(value_interval([], proportion=True).centre)


def test_sides_that_are_no_pairs_are_refused():
    said = r"^scores are \(1, 3\), the baseline's \(1, 2\); the same seeds on the same samples$"
    with pytest.raises(ValueError, match=said):
        difference_interval([1, 0, 1], [1, 0])


@pytest.mark.slow
@pytest.mark.parametrize("accuracies", [(0.80, 0.83), (0.95, 0.97)])
@pytest.mark.parametrize("sd_of_seeds", [0.0, 0.1, 0.4])
@pytest.mark.parametrize("samples", [200, 2000])
@pytest.mark.parametrize("seeds", [3, 5])
def test_a_difference_to_the_baseline_is_held_as_often_as_is_said(seeds, samples, sd_of_seeds, accuracies):
    rng = np.random.default_rng([seeds, samples, round(10 * sd_of_seeds)])
    drawn = (draws(rng, seeds, samples, sd_of_seeds=sd_of_seeds, accuracies=accuracies) for _ in range(TIMES))
    estimates = [difference_interval(case, base, counted=True) for case, base in drawn]

    held = share_that_holds(accuracies[0] - accuracies[1], estimates)
    assert 0.95 - SLACK <= held <= TOO_WIDE


@pytest.mark.slow
@pytest.mark.parametrize("accuracy", [0.8, 0.97])
@pytest.mark.parametrize("sd_of_seeds", [0.0, 0.1, 0.4])
@pytest.mark.parametrize("samples", [200, 2000])
@pytest.mark.parametrize("seeds", [3, 5])
def test_an_accuracy_is_held_as_often_as_is_said(seeds, samples, sd_of_seeds, accuracy):
    rng = np.random.default_rng([seeds, samples, round(10 * sd_of_seeds)])
    drawn = (draws(rng, seeds, samples, sd_of_seeds=sd_of_seeds, accuracies=(accuracy,)) for _ in range(TIMES))
    estimates = [value_interval(scores[0], proportion=True) for scores in drawn]

    held = share_that_holds(accuracy, estimates)
    assert 0.95 - SLACK <= held <= TOO_WIDE


@pytest.mark.slow
@pytest.mark.parametrize("accuracies", [(0.80, 0.83), (0.95, 0.97)])
@pytest.mark.parametrize("samples", [200, 2000])
def test_one_seed_s_difference_is_held_over_samples(samples, accuracies):
    """No seed has an effect here: of one seed the interval claims nothing else."""
    rng = np.random.default_rng(samples)
    effects = rng.standard_normal((2, TIMES, samples)) + rng.standard_normal((1, TIMES, samples))
    thresholds = [-math.sqrt(2) * stats.norm.ppf(accuracy) for accuracy in accuracies]
    right = (effects > np.reshape(thresholds, (-1, 1, 1))).astype(float)
    estimates = [difference_interval(case, base, counted=True) for case, base in zip(*right, strict=True)]

    held = share_that_holds(accuracies[0] - accuracies[1], estimates)
    assert 0.95 - SLACK <= held <= TOO_WIDE


@pytest.mark.slow
@pytest.mark.parametrize("samples", [200, 2000])
@pytest.mark.parametrize("seeds", [1, 3, 5])
def test_a_ratio_with_uneven_weights_is_held_as_often_as_is_said(seeds, samples):
    """Nats of texts of 1 to 20 tokens; the longer a text, the easier each token: 3 - length / 20 on the mean."""
    rng = np.random.default_rng([seeds, samples])
    lengths = np.arange(1, 21)
    truth = float((lengths * (3 - lengths / 20)).sum() / lengths.sum())
    estimates = []
    for _ in range(TIMES):
        weights = rng.integers(1, 21, samples)
        skewed = rng.gamma(4, 0.25, samples) - 1
        of_seeds = 0.02 * rng.standard_normal((seeds, 1)) if seeds > 1 else 0.0
        rates = 3 - weights / 20 + skewed + of_seeds + 0.2 * rng.standard_normal((seeds, samples))
        estimates.append(value_interval(weights * rates, weights))

    assert 0.95 - SLACK <= share_that_holds(truth, estimates) <= TOO_WIDE


@pytest.mark.slow
@pytest.mark.parametrize("accuracies", [(0.80, 0.83), (0.95, 0.97)])
@pytest.mark.parametrize("samples", [125, 1000])
def test_answers_of_one_sample_may_be_right_together(samples, accuracies):
    """Eight are asked of each; what is easy about a sample has half the spread of what is not."""
    rng = np.random.default_rng(samples)
    thresholds = [-math.sqrt(1 + 0.25 + 0.09) * stats.norm.ppf(accuracy) for accuracy in accuracies]
    weights = np.full(samples, 8.0)
    values, differences = [], []
    for _ in range(TIMES):
        of_sample = 0.5 * rng.standard_normal((1, samples, 1)) + 0.3 * rng.standard_normal((2, samples, 1))
        effects = of_sample + rng.standard_normal((2, samples, 8))
        case, base = (effects > np.reshape(thresholds, (-1, 1, 1))).sum(axis=2).astype(float)
        values.append(value_interval(case, weights, proportion=True))
        differences.append(difference_interval(case, base, weights, counted=True))

    assert 0.95 - SLACK <= share_that_holds(accuracies[0], values) <= TOO_WIDE
    assert 0.95 - SLACK <= share_that_holds(accuracies[0] - accuracies[1], differences) <= TOO_WIDE
