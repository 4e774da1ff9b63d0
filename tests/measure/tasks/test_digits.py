"""The digits of scikit-learn, divided."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from bench.case import Case
from bench.measure.tasks._data import Data
from bench.measure.tasks.digits import TASK


@pytest.fixture(scope="module")
def data(case: Callable[..., Case]) -> Data:
    return TASK.data(case("digits", 16))


def test_splits_have_their_sizes(data: Data) -> None:
    assert (len(data.train), len(data.validation), len(data.test)) == (1237, 200, 360)
    assert (data.outputs, data.vocabulary, data.features) == (10, 0, 4)


def test_no_picture_is_in_two_splits(data: Data) -> None:
    parts = (data.train, data.validation, data.test)
    pictures = [{row.numpy().tobytes() for row in part.inputs(torch.arange(len(part)))[0]} for part in parts]

    assert not pictures[0] & pictures[1]
    assert not (pictures[0] | pictures[1]) & pictures[2]


def test_pixels_have_mean_0_and_deviation_1_in_the_train_split(data: Data) -> None:
    pixels, mask = data.train.inputs(torch.arange(1237))

    assert tuple(pixels.shape) == (1237, 16, 4)
    assert mask is None
    # float32: sums of 79,168 values of size 1, each rounded to 6e-8; the scale has that of all pictures that train
    assert pixels.mean().item() == pytest.approx(0, abs=1e-5)
    assert pixels.std().item() == pytest.approx(1, abs=1e-4)


def test_raw_pixels_do_well_and_the_most_common_digit_does_not(case: Callable[..., Case]) -> None:
    """Attention has 0.986 of about as many; scikit-learn's user guide has 0.97 of an SVM with a kernel."""
    baselines = TASK.baselines(case("digits", 16))

    assert 0.90 < baselines["linear"] < 0.986
    assert baselines["majority"] == pytest.approx(0.1, abs=3 * (0.1 * 0.9 / 360) ** 0.5)
