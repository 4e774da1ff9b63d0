"""Fashion-MNIST: the official test split, a part of the official train split."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from bench.case import Case
from bench.data.sets import fashion_mnist
from bench.measure.tasks.fashion_mnist import TASK

SOURCES = ("fashion_mnist",)
pytestmark = pytest.mark.usefixtures("fetched")


def test_a_small_transformer_has_patches_of_4_by_4(case: Callable[..., Case]) -> None:
    data = TASK.data(case("fashion_mnist", 49))

    assert (len(data.train), len(data.validation), len(data.test)) == (10_000, 1000, 10_000)
    assert (data.outputs, data.vocabulary, data.features) == (10, 0, 16)
    assert tuple(data.test.inputs(torch.arange(3))[0].shape) == (3, 49, 16)


def test_a_pretrained_model_has_whole_pictures_batch_by_batch(case: Callable[..., Case]) -> None:
    data = TASK.data(case("fashion_mnist", 65, "dinov2"))

    assert (len(data.train), len(data.validation), len(data.test)) == (2000, 1000, 1000)
    assert tuple(data.test.inputs(torch.arange(3))[0].shape) == (3, 3, 112, 112)


def test_no_picture_is_in_two_splits(case: Callable[..., Case]) -> None:
    splits = TASK.splits(case("fashion_mnist", 49))
    train, validation, test = (
        {picture.tobytes() for picture in np.asarray(part.samples)}
        for part in (splits.train, splits.validation, splits.test)
    )

    assert not train & validation
    assert not (train | validation) & test


def test_the_test_split_is_the_official_one(case: Callable[..., Case]) -> None:
    ours, published = TASK.splits(case("fashion_mnist", 49)).test, fashion_mnist.split()["test"]

    assert sorted(p.tobytes() for p in np.asarray(ours.samples)) == sorted(
        p.tobytes() for p in np.asarray(published.samples)
    )


@pytest.mark.slow
def test_raw_pixels_do_what_they_did_at_first(case: Callable[..., Case]) -> None:
    """0.790 of 1,000 after 2,000, of another draw: both have a standard error of 1.3 points."""
    baselines = TASK.baselines(case("fashion_mnist", 65, "dinov2"))

    assert baselines["linear"] == pytest.approx(0.790, abs=3 * 2**0.5 * 0.013)
    assert baselines["majority"] == pytest.approx(0.1, abs=3 * 0.0095)
