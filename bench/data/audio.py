"""Sound as networks are fed with it: log-mel spectra, the same for the voices of a telephone and for Whisper.

In: a waveform. Out: ``[frames, mels]``. Own code of thirty lines, so that features depend on no audio library.

Source: Slaney, "Auditory Toolbox" version 2, Interval Research TR 1998-010, as librosa 0.10's `filters.mel` has it
(``htk=False, norm="slaney"``), and Whisper with it (Radford et al., arXiv 2212.04356, section 2.2).
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["log_mel", "mel_filters"]

_FLOOR = 1e-10
"""Of the power of which a logarithm is taken."""

# The mel scale: straight up to 1000 Hz, which is 15 mel; above, 27 mel are a factor of 6.4.
_HZ_A_MEL = 200 / 3
_BEND_HZ = 1000.0
_BEND_MEL = _BEND_HZ / _HZ_A_MEL
_FACTOR, _MELS_A_FACTOR = 6.4, 27


def log_mel(
    waveform: NDArray[np.float32], *, sample_rate: int, window: int, hop: int, mels: int
) -> NDArray[np.float32]:
    """Gives log10 of the power in each mel band, ``[frames, mels]``, float32, no smaller than -10.

    Frame i is centred on sample i·hop, the waveform mirrored beyond its ends; there are ``len(waveform) // hop``.
    What a network wants on top (a floor below the loudest frame, mean and variance removed) is its own affair.

    Args:
        waveform: ``[samples]``, in [-1, 1].
        sample_rate: samples a second.
        window: samples of the Hann window and of the Fourier transform.
        hop: samples from one frame to the next.
        mels: bands, from 0 to half the sample rate.

    Source: `mel_filters`; framing, window and floor are those of ``log_mel_spectrogram`` in openai/whisper.
    """
    import numpy as np

    padded = np.pad(waveform.astype(np.float64), window // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, window)[::hop][: len(waveform) // hop]
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)
    power = np.abs(np.fft.rfft(frames * hann)) ** 2
    energy = power @ mel_filters(sample_rate=sample_rate, window=window, mels=mels).T
    return np.log10(np.maximum(energy, _FLOOR)).astype(np.float32)


@functools.cache
def mel_filters(*, sample_rate: int, window: int, mels: int) -> NDArray[np.float64]:
    """Gives the triangles that gather a spectrum into bands, ``[mels, window // 2 + 1]``, each of area one in Hz.

    Their corners are equally far apart in mel: band i rises from corner i to i + 1 and falls to i + 2.

    Args:
        sample_rate: samples a second.
        window: samples of the Fourier transform.
        mels: bands, from 0 to half the sample rate.
    """
    import numpy as np

    top = _BEND_MEL + _MELS_A_FACTOR * np.log(sample_rate / 2 / _BEND_HZ) / np.log(_FACTOR)
    corners = np.linspace(0.0, top, mels + 2)
    above = _BEND_HZ * _FACTOR ** ((corners - _BEND_MEL) / _MELS_A_FACTOR)
    hz = np.where(corners < _BEND_MEL, corners * _HZ_A_MEL, above)[:, None]
    bins = np.arange(window // 2 + 1) * sample_rate / window
    low, middle, high = hz[:-2], hz[1:-1], hz[2:]
    triangles = np.minimum((bins - low) / (middle - low), (high - bins) / (high - middle))
    filters: NDArray[np.float64] = np.maximum(triangles, 0.0) * 2 / (high - low)
    filters.flags.writeable = False  # it is shared by all callers
    return filters
