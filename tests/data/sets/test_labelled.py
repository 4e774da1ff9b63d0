"""Samples and labels belong together."""

from __future__ import annotations

import numpy as np
import pytest

from bench.data.sets._labelled import Labelled


def test_it_is_as_long_as_its_samples() -> None:
    assert len(Labelled(["one", "two"], np.array([0, 1]), ("odd", "even"))) == 2


def test_samples_without_labels_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^2 samples and 1 labels; as many are right$"):
        Labelled(["one", "two"], np.array([0]), ("odd", "even"))
