"""What is spoken is known, and ways of writing it down are no errors."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from bench.data.sets import prompts

Clips = list[tuple[NDArray[np.float32], str]]


@pytest.fixture(scope="module")
def clips(from_debian: None) -> Clips:
    return prompts.clips()


@pytest.mark.slow
def test_there_are_77_words_and_5_sentences(clips: Clips) -> None:
    texts = [text for _, text in clips]

    assert sum(len(text.split()) == 1 for text in texts) == 77
    assert len(texts) == 82


@pytest.mark.slow
def test_names_say_what_is_spoken(clips: Clips) -> None:
    texts = [text for _, text in clips]

    assert {"seven", "ninety", "hundred", "Sunday", "January", "alpha", "zulu"} < set(texts)


@pytest.mark.slow
def test_words_have_nothing_above_the_telephones_4_khz(clips: Clips) -> None:
    waveform, text = clips[7]
    power = np.abs(np.fft.rfft(waveform)) ** 2
    hz = np.fft.rfftfreq(len(waveform), 1 / prompts.SAMPLE_RATE)

    assert text == "seven"
    assert waveform.dtype == np.float32
    assert power[hz > 4200].sum() < 1e-4 * power.sum()


@pytest.mark.slow
def test_the_longest_clip_is_a_sentence_of_seven_seconds(clips: Clips) -> None:
    assert max(len(waveform) for waveform, _ in clips) == 7.1 * prompts.SAMPLE_RATE


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Seven.", ["seven"]),
        ("7", ["seven"]),
        ("21", ["twenty", "one"]),
        ("twenty-one", ["twenty", "one"]),
        ("30", ["thirty"]),
        ("100!", ["hundred"]),
        ("1,000,000", ["million"]),
        ("1811", ["1811"]),
        ("Mister Dashwood", ["mr", "dashwood"]),
        ("Mr. Dashwood", ["mr", "dashwood"]),
        ("X-ray", ["x", "ray"]),
        ("xray", ["x", "ray"]),
        ("the son’s", ["the", "son's"]),
        ("", []),
    ],
)
def test_two_ways_of_writing_are_equal(text: str, words: list[str]) -> None:
    assert prompts.normal_words(text) == words
