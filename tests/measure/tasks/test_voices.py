"""Voices: no announcement on both sides, nothing of the channel in what a network is fed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from bench.case import Case
from bench.measure.tasks._data import Data
from bench.measure.tasks._linear import accuracy, logistic
from bench.measure.tasks.voices import TASK, _log_mels

SOURCES = ("voices",)
pytestmark = [pytest.mark.usefixtures("fetched"), pytest.mark.slow]


@pytest.fixture(scope="module")
def data(fetched: None, case: Callable[..., Case]) -> Data:
    return TASK.data(case("voices", 150))


def test_splits_have_their_sizes(data: Data) -> None:
    assert (len(data.train), len(data.validation), len(data.test)) == (1981, 188, 593)
    assert (data.outputs, data.vocabulary, data.features) == (5, 0, 80)


def test_a_clip_of_median_length_fills_70_of_150_tokens(data: Data) -> None:
    """1.4 s by 20 ms."""
    _, mask = data.test.inputs(torch.arange(593))

    assert mask is not None
    assert mask.sum(1).double().median().item() == pytest.approx(70, abs=8)
    assert mask[:, 0].all()


def test_what_is_not_there_is_zero(data: Data) -> None:
    tokens, mask = data.test.inputs(torch.arange(593))

    assert mask is not None
    assert (tokens[~mask] == 0).all()


def test_a_clip_has_lost_its_mean_and_deviation(data: Data) -> None:
    tokens, mask = data.test.inputs(torch.arange(20))

    assert mask is not None
    for clip, there in zip(tokens, mask, strict=True):
        frames = clip[there].reshape(-1, 40).double()
        assert frames.mean(0).abs().max() < 1e-4  # float32: logs to 10, deviations from 0.1 on
        assert (frames.std(0, correction=0) - 1).abs().max() < 1e-3


def test_correlations_tell_nearly_as_much_as_attention(case: Callable[..., Case]) -> None:
    """Three layers had 0.961 and 0.978; 0.938 of 593 have a standard error of 1 point."""
    baselines = TASK.baselines(case("voices", 150))

    assert baselines["linear"] == pytest.approx(0.938, abs=3 * 0.01)
    assert baselines["majority"] == pytest.approx(0.2, abs=3 * 0.017)


def test_what_is_taken_from_a_clip_tells_the_voice_by_the_channel_alone(case: Callable[..., Case]) -> None:
    """0.957 of 593 on the uncompressed files: standard error 0.8 points."""

    def moments(clips: list[NDArray[np.float32]]) -> NDArray[np.float64]:
        frames = [_log_mels(clip).astype(float) for clip in clips]
        return np.array([np.concatenate([clip.mean(0), clip.std(0)]) for clip in frames])

    found = accuracy(logistic(moments, strength=1.0), TASK.splits(case("voices", 150)))

    assert found == pytest.approx(0.957, abs=3 * 0.0083)
