"""Samples, batches and scores."""

from __future__ import annotations

import pytest
import torch

from bench.measure.tasks._data import IGNORED, Data, Samples, Scores


def samples(number: int = 10, *, floating: bool = False) -> Samples:
    inputs = torch.arange(number * 3).reshape(number, 3)
    inputs = inputs.float() if floating else inputs
    there = torch.arange(3) < torch.arange(number)[:, None]
    return Samples(torch.arange(number) % 2, lambda indices: (inputs[indices], there[indices]))


def test_a_batch_has_the_samples_at_its_indices() -> None:
    batch = samples().batch(torch.tensor([4, 1]), torch.zeros(1))

    assert batch.inputs.tolist() == [[12, 13, 14], [3, 4, 5]]
    assert batch.mask is not None
    assert batch.mask.tolist() == [[True] * 3, [True, False, False]]
    assert batch.targets.tolist() == [0, 1]


@pytest.mark.parametrize(("floating", "expected"), [(True, torch.float64), (False, torch.int64)])
def test_numbers_take_the_network_s_dtype_and_ids_stay_ids(floating: bool, expected: torch.dtype) -> None:
    batch = samples(floating=floating).batch(torch.tensor([0]), torch.zeros(1, dtype=torch.float64))

    assert batch.inputs.dtype == expected


def test_a_batch_without_a_mask_is_called_without_one() -> None:
    bare = Samples(torch.zeros(2), lambda indices: (indices, None))

    assert list(bare.batch(torch.tensor([0]), torch.zeros(1)).tensors) == ["inputs"]
    assert list(samples().batch(torch.tensor([0]), torch.zeros(1)).tensors) == ["inputs", "mask"]


def test_some_samples_are_spread_over_all() -> None:
    few = samples().spread(4)

    assert few.inputs(torch.arange(4))[0][:, 0].tolist() == [0, 6, 15, 21]  # of the samples 0, 2, 5 and 7
    assert few.targets.tolist() == [0, 0, 1, 1]
    assert len(few) == 4


def test_more_than_there_are_is_all() -> None:
    all_of_them = samples()

    assert all_of_them.spread(10) is all_of_them


@pytest.mark.parametrize(("targets", "by_token"), [(torch.zeros(2), False), (torch.full((2, 3), IGNORED), True)])
def test_something_is_asked_of_each_token_where_targets_have_two_dimensions(
    targets: torch.Tensor, by_token: bool
) -> None:
    split = Samples(targets, lambda indices: (indices, None))

    assert Data(split, split, split, outputs=2, features=5).sizes.by_token is by_token


def test_a_mean_is_out_of_the_weights() -> None:
    assert Scores([2.0, 1.0], [4.0, 2.0]).mean == 0.5
