"""Log-mel spectra are those that Whisper was trained with."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from bench.data.audio import log_mel, mel_filters


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def tone(hz: float, sample_rate: int, seconds: float = 1.0) -> NDArray[np.float32]:
    return np.sin(2 * np.pi * hz * np.arange(int(seconds * sample_rate)) / sample_rate).astype(np.float32)


@pytest.mark.slow
@pytest.mark.parametrize(("sample_rate", "window", "mels"), [(16_000, 400, 80), (8000, 200, 40)])
def test_the_filters_are_those_of_transformers(sample_rate: int, window: int, mels: int) -> None:
    from transformers.audio_utils import mel_filter_bank

    expected = mel_filter_bank(
        num_frequency_bins=window // 2 + 1,
        num_mel_filters=mels,
        min_frequency=0.0,
        max_frequency=sample_rate / 2,
        sampling_rate=sample_rate,
        norm="slaney",
        mel_scale="slaney",
    )
    filters = mel_filters(sample_rate=sample_rate, window=window, mels=mels)
    # both in float64: corners are rounded to a few units in the last place of 8000 Hz, over bands of 40 Hz and more
    assert np.abs(filters - expected.T).max() <= 16 * np.finfo(float).eps * 8000 / 40 * expected.max()


@pytest.mark.slow
@pytest.mark.parametrize("sound", ["noise", "tone", "silence"])
def test_the_spectrum_is_that_of_whisper_s_feature_extractor(rng: np.random.Generator, sound: str) -> None:
    """transformers' WhisperFeatureExtractor before its floor and scale; where torch is, it computes in float32."""
    from transformers import WhisperFeatureExtractor
    from transformers.audio_utils import spectrogram, window_function

    noise = (0.1 * rng.standard_normal(16_000)).astype(np.float32)
    waveform = {"noise": noise, "tone": tone(440, 16_000), "silence": 0 * noise}[sound]
    extractor = WhisperFeatureExtractor()
    expected = spectrogram(
        waveform,
        window_function(extractor.n_fft, "hann"),
        frame_length=extractor.n_fft,
        hop_length=extractor.hop_length,
        power=2.0,
        mel_filters=extractor.mel_filters,
        log_mel="log10",
    ).T[:-1]  # a frame more than there are hops, which the extractor drops
    found = log_mel(waveform, sample_rate=16_000, window=400, hop=160, mels=80)
    # Both round logarithms of up to 10 to float32, by half a unit each; before, theirs rounds the transform to
    # complex64, which is twice half a unit of the power, ours nothing.
    unit = np.finfo(np.float32).eps
    assert found.shape == expected.shape == (100, 80)
    assert np.abs(found - expected).max() <= np.spacing(np.float32(10)) + unit / np.log(10)


def test_there_is_a_frame_for_every_hop() -> None:
    assert log_mel(tone(440, 8000, 3.0), sample_rate=8000, window=200, hop=80, mels=40).shape == (300, 40)


def test_silence_is_the_floor() -> None:
    silence = np.zeros(800, np.float32)

    assert (log_mel(silence, sample_rate=8000, window=200, hop=80, mels=40) == -10).all()


@pytest.mark.parametrize("hz", [200.0, 1000.0, 3000.0])
def test_a_tone_is_loudest_in_a_band_around_it(hz: float) -> None:
    loudest = log_mel(tone(hz, 8000), sample_rate=8000, window=200, hop=80, mels=40)[50].argmax()
    filters = mel_filters(sample_rate=8000, window=200, mels=40)

    assert filters[loudest, round(hz / 40)] == filters[:, round(hz / 40)].max()
