"""What models are fed with is real, long enough, different from sample to sample, and the same whatever the batch."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from bench import data
from bench.data import windows
from bench.data.models import minilm


@pytest.mark.slow
@pytest.mark.usefixtures("fetched")
def test_the_prose_fills_every_window() -> None:
    texts = windows.raw("language", minilm.MAX_SEQ_LEN, windows.MOST["language"])
    ids = minilm.token_ids(texts, seq_len=minilm.MAX_SEQ_LEN)

    assert [len(each) for each in ids] == [minilm.MAX_SEQ_LEN] * windows.MOST["language"]
    assert len({tuple(each) for each in ids}) == windows.MOST["language"]


def test_photographs_are_square_and_in_colour() -> None:
    found = windows.raw("vision", 65, windows.MOST["vision"])

    assert (found.shape, found.dtype) == ((2, 427, 427, 3), np.uint8)  # of 427 × 640
    assert not np.array_equal(found[0], found[1])
    assert np.array_equal(windows.raw("vision", 257, 1)[0], found[0])


@pytest.mark.slow
@pytest.mark.usefixtures("from_debian")
def test_speech_fills_every_clip() -> None:
    """16,000 samples a second, 20 ms a token."""
    one, *others = windows.raw("audio", 1500, windows.MOST["audio"])

    assert {len(one), *map(len, others)} == {30 * 16_000}
    assert all(not np.array_equal(one, other) for other in others)
    assert np.array_equal(windows.raw("audio", 500, 1)[0], one[: 10 * 16_000])
    assert min(np.abs(each).max() for each in (one, *others)) > 0.1  # somebody speaks


def test_a_run_records_where_samples_come_from() -> None:
    assert windows.provenance("language") == {"prose": data.load("prose").provenance()}
    assert set(windows.provenance("audio")) == {"prompts", "voices"}
    assert windows.provenance("vision")["package"] == "scikit-learn"


def test_a_package_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)

    assert windows.absent("vision") == "scikit-learn not installed; pip install scikit-learn"
