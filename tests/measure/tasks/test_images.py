"""Patches keep every pixel in its place, and the number of patches is the picture's affair."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from bench.case import Case
from bench.measure import tasks
from bench.measure.tasks._images import patches


def test_patches_and_their_pixels_go_row_by_row() -> None:
    picture = np.arange(16).reshape(1, 4, 4)

    assert patches(picture, 2).tolist() == [[[0, 1, 4, 5], [2, 3, 6, 7], [8, 9, 12, 13], [10, 11, 14, 15]]]


def test_one_patch_is_the_whole_picture() -> None:
    pictures = np.arange(32).reshape(2, 4, 4)

    assert np.array_equal(patches(pictures, 4), pictures.reshape(2, 1, 16))


@pytest.mark.parametrize("seq_len", [4, 16, 49, 196, 784])
def test_a_picture_makes_a_square_of_square_patches(case: Callable[..., Case], seq_len: int) -> None:
    assert tasks.load("fashion_mnist").unsupported(case("fashion_mnist", seq_len)) is None


@pytest.mark.parametrize("seq_len", [1, 36, 50])
def test_other_numbers_of_patches_are_told(case: Callable[..., Case], seq_len: int) -> None:
    reason = tasks.load("fashion_mnist").unsupported(case("fashion_mnist", seq_len))

    assert reason == f"seq_len {seq_len} asked for; pictures of 28×28 make 4, 16, 49, 196, 784 patches"


def test_a_pretrained_model_says_itself_which_lengths_it_has(case: Callable[..., Case]) -> None:
    task = tasks.load("fashion_mnist")

    assert task.unsupported(case("fashion_mnist", 65, "dinov2")) is None
    assert "dinov2 has 1 + m² tokens" in task.unsupported(case("fashion_mnist", 49, "dinov2"))
