"""The prompts are those of five recordings, divided by prompt."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from bench.data.sets import voices
from bench.data.sets._labelled import Labelled
from bench.errors import UsageError

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def parts(from_debian: None) -> dict[str, Labelled]:
    return voices.split()


def test_there_are_2762_of_five_voices(parts: dict[str, Labelled]) -> None:
    labels = np.concatenate([part.labels for part in parts.values()])

    counts = dict(zip(voices.LANGUAGES, np.bincount(labels).tolist(), strict=True))
    assert counts == {"en": 556, "es": 515, "fr": 549, "it": 579, "ru": 563}


def test_a_fifth_of_the_prompts_is_for_testing(parts: dict[str, Labelled]) -> None:
    assert len(parts["test"]) == 593
    assert {len(parts["train"]) + len(parts["validation"]), len(parts["validation"])} == {2169, 188}


def test_a_clip_has_1_4_s_in_the_median_and_no_less_than_0_3_s(parts: dict[str, Labelled]) -> None:
    seconds = [len(waveform) / 8000 for part in parts.values() for waveform in part.samples]

    assert float(np.median(seconds)) == pytest.approx(1.4, abs=0.1)
    assert min(seconds) >= 0.3


def test_a_waveform_is_sound(parts: dict[str, Labelled]) -> None:
    waveforms = [np.asarray(waveform) for waveform in parts["test"].samples]

    assert {waveform.dtype for waveform in waveforms} == {np.dtype(np.float32)}
    assert all(0.01 < np.abs(waveform).max() <= 1 for waveform in waveforms)


@pytest.mark.usefixtures("from_debian")
def test_english_prompts_have_names() -> None:
    spoken = voices.english()

    assert len(spoken) == 556
    assert {"digits/7", "phonetic/a_p"} < set(spoken)


def test_a_missing_package_is_told_with_what_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "soundfile", None)  # as Python marks a module that is not there

    with pytest.raises(UsageError) as caught:
        voices.english()
    assert str(caught.value) == "voices: soundfile not installed; pip install soundfile"
