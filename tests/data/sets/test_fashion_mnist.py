"""The pictures are Xiao, Rasul and Vollgraf's, whoever compressed them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bench.data.sets import fashion_mnist

pytestmark = pytest.mark.usefixtures("from_debian")


def test_parts_have_the_official_sizes_and_are_balanced() -> None:
    parts = fashion_mnist.split()

    shapes: dict[str, Any] = {name: np.shape(part.samples) for name, part in parts.items()}
    assert shapes == {"train": (60_000, 28, 28), "test": (10_000, 28, 28)}
    assert np.bincount(parts["train"].labels).tolist() == [6000] * 10
    assert np.bincount(parts["test"].labels).tolist() == [1000] * 10


def test_the_first_pictures_are_the_official_ones() -> None:
    assert fashion_mnist.split()["train"].labels[:10].tolist() == [9, 0, 0, 3, 0, 2, 7, 2, 5, 5]


@pytest.mark.slow
def test_grey_levels_are_as_everybody_normalises_them() -> None:
    # mean 0.2860 and deviation 0.3530 of the train part, as the usual transforms of this set have them
    grey = np.asarray(fashion_mnist.split()["train"].samples) / 255

    assert (round(float(grey.mean()), 4), round(float(grey.std()), 4)) == (0.2860, 0.3530)
