"""5,000 digits, 500 of each, divided once and for all."""

from __future__ import annotations

import numpy as np
import pytest

from bench.data.sets import mnist_5k

pytestmark = pytest.mark.usefixtures("fetched")


def test_parts_have_their_sizes_and_together_500_of_each() -> None:
    parts = mnist_5k.split()

    assert {name: np.shape(part.samples) for name, part in parts.items()} == {
        "train": (4000, 28, 28),
        "test": (1000, 28, 28),
    }
    assert np.bincount(np.concatenate([part.labels for part in parts.values()])).tolist() == [500] * 10


def test_a_picture_is_dark_with_bright_strokes() -> None:
    images = np.asarray(mnist_5k.split()["train"].samples)

    assert (images.dtype, images.min(), images.max()) == (np.uint8, 0, 255)
    assert 0.15 < (images > 0).mean() < 0.25  # MNIST: 19 % of the pixels are ink


def test_the_label_belongs_to_the_picture() -> None:
    test = mnist_5k.split()["test"]
    images = np.asarray(test.samples)

    # a zero has no ink in its middle, a one has
    middle = images[:, 13:15, 13:15].mean((1, 2))
    assert middle[test.labels == 0].mean() < 30 < 200 < middle[test.labels == 1].mean()
