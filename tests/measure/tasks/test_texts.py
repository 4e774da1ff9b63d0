"""Texts become words for a network that is trained here, and a pretrained model's own tokens for it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from bench.case import Case
from bench.measure.tasks.film_sentences import TASK

SOURCES = ("film_sentences", "minilm")
pytestmark = [pytest.mark.usefixtures("fetched"), pytest.mark.slow]


@pytest.mark.parametrize("model", [None, "minilm"])
def test_a_sample_is_cut_and_padded_to_its_length(case: Callable[..., Case], model: str | None) -> None:
    data = TASK.data(case("film_sentences", 16, model))
    ids, mask = data.test.inputs(torch.arange(50))

    assert mask is not None
    assert ids.shape == mask.shape == (50, 16)
    assert ids.dtype == torch.int64
    assert mask[:, 0].all()
    assert not mask.all()
    assert (ids[~mask] == 0).all()


def test_a_pretrained_model_has_its_own_tokens(case: Callable[..., Case]) -> None:
    ids, _ = TASK.data(case("film_sentences", 16, "minilm")).test.inputs(torch.arange(50))

    assert (ids[:, 0] == 101).all()  # [CLS]


def test_the_vocabulary_is_that_of_the_train_split(case: Callable[..., Case]) -> None:
    """A word of the test split alone is the unknown token, 1."""
    data = TASK.data(case("film_sentences", 64))
    ids = [part.inputs(torch.arange(len(part)))[0] for part in (data.train, data.test)]

    assert max(int(part.max()) for part in ids) < data.vocabulary
    assert (ids[1] == 1).double().mean() > (ids[0] == 1).double().mean()
