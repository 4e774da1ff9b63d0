"""Scores read off logits that are known beforehand."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from bench.measure.tasks._data import IGNORED, Samples
from bench.measure.tasks._scoring import scored


class Table(nn.Module):
    """Gives the logits that stand in a table at its input."""

    def __init__(self, logits: torch.Tensor) -> None:
        super().__init__()
        self.logits = nn.Parameter(logits)

    def forward(self, inputs: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        return self.logits[inputs]


def split(targets: torch.Tensor) -> Samples:
    return Samples(targets, lambda indices: (indices, None))


@pytest.mark.parametrize("at_once", [1, 2, 32])
def test_accuracy_is_1_where_the_largest_logit_is_the_target_s(at_once: int) -> None:
    network = Table(torch.tensor([[0.0, 1.0], [2.0, 1.0], [0.0, 3.0]]))
    found = scored(network, split(torch.tensor([1, 1, 1])), metric="accuracy", at_once=at_once)

    assert (found.scores, found.weights, found.not_finite) == ([1.0, 0.0, 1.0], [1.0, 1.0, 1.0], 0)


def test_a_logit_that_is_not_a_number_is_never_right() -> None:
    network = Table(torch.tensor([[math.nan, 0.0], [0.0, math.nan]]))

    found = scored(network, split(torch.tensor([0, 1])), metric="accuracy", at_once=2)
    assert (found.scores, found.not_finite) == ([0.0, 0.0], 2)


@pytest.mark.parametrize("at_once", [1, 2])
def test_of_tokens_accuracy_has_the_right_ones_of_each_sample_out_of_those_that_are_asked(at_once: int) -> None:
    network = Table(torch.eye(3)[None].expand(3, 3, 3).clone())
    targets = torch.tensor([[0, IGNORED, 2], [IGNORED, 0, IGNORED], [0, 1, 0]])
    found = scored(network, split(targets), metric="accuracy", at_once=at_once)

    assert (found.scores, found.weights) == ([2.0, 0.0, 2.0], [2.0, 1.0, 3.0])


def test_a_token_whose_logits_are_not_finite_is_wrong_and_no_other_one() -> None:
    network = Table(torch.eye(3)[None].clone().index_fill(1, torch.tensor([1]), math.nan))
    found = scored(network, split(torch.tensor([[0, 1, 2]])), metric="accuracy", at_once=1)

    assert (found.scores, found.weights, found.not_finite) == ([2.0], [3.0], 1)


@pytest.mark.parametrize(("metric", "unit"), [("perplexity", 1.0), ("bits_per_character", math.log(2))])
def test_a_language_model_has_the_surprise_of_each_sample_and_its_tokens(metric: str, unit: float) -> None:
    """Equal logits of 4 symbols: log 4 a token."""
    targets = torch.tensor([[0, 1, 2], [3, IGNORED, IGNORED]])
    found = scored(Table(torch.zeros(2, 3, 4)), split(targets), metric=metric, at_once=2)

    assert found.scores == pytest.approx([3 * math.log(4) / unit, math.log(4) / unit])
    assert found.weights == [3.0, 1.0]
