"""Which of 5 recordings of the same 500 announcements is a clip from? Voice identification, in five languages.

It is not language identification: each language is one speaker in one studio, and on a speaker outside the five a
network that was trained on it names the right language in a third of the clips. Two of the five are one person.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench.case import Case
from bench.data.sets import voices
from bench.measure.tasks._classification import Classification, stored
from bench.measure.tasks._data import Data

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

    from bench.data.sets._labelled import Labelled

__all__ = ["TASK"]

_MELS = 40
_FRAMES_A_TOKEN = 2  # of 10 ms: 150 tokens are 3 seconds
_SILENT = 1e-5  # a band may be at the floor throughout a clip


class Voices(Classification):
    """Announcements in five voices, divided so that none is in two splits, in whatever language.

    1,981 train, 188 validation, 593 test, of 1.4 s in the middle. A token is two frames of 40 log-mels. From these
    the clip's own mean and deviation are taken, or the channel alone would tell the voice: logistic regression on
    means and deviations has 95 % right. What is left is what the linear baseline is given too: the correlations
    between the 40 log-mels of a clip, over all of its frames.

    Source: the core sounds of Asterisk 1.6.1.
    """

    label = "voice identification"
    modality = "audio"
    padded = True
    sources = ("voices",)

    def absent(self, case: Case) -> str | None:
        """Gives which package the clips cannot be opened without and what to type, or nothing."""
        return super().absent(case) or voices.lacking()

    def read(self) -> dict[str, Labelled]:
        """Gives the three splits by announcement."""
        return voices.split()

    def data(self, case: Case) -> Data:
        """Gives log-mels ``[b, seq_len, 80]`` of the first 20 ms times seq_len, their mask, and voices."""
        splits = self.splits(case)
        train, validation, test = (
            stored(part, *_tokens([_log_mels(waveform) for waveform in part.samples], case.seq_len))
            for part in (splits.train, splits.validation, splits.test)
        )
        return Data(
            train=train,
            validation=validation,
            test=test,
            outputs=len(splits.train.classes),
            features=_MELS * _FRAMES_A_TOKEN,
        )

    def linear(self) -> Any:
        """Gives logistic regression on the correlation of each two log-mels."""
        from bench.measure.tasks import _linear

        return _linear.logistic(_correlations, strength=1.0)


def _log_mels(waveform: Any) -> NDArray[np.float32]:
    """Gives ``[frames, 40]`` of a waveform: windows of 25 ms, 10 ms apart."""
    from bench.data.audio import log_mel

    return log_mel(
        waveform,
        sample_rate=voices.SAMPLE_RATE,
        window=voices.SAMPLE_RATE // 40,
        hop=voices.SAMPLE_RATE // 100,
        mels=_MELS,
    )


def _tokens(clips: list[NDArray[np.float32]], seq_len: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Gives ``[N, seq_len, 80]`` of clips ``[frames, 40]``, of mean 0 and deviation 1 in each band, and the mask."""
    import torch

    tokens = torch.zeros(len(clips), seq_len, _MELS * _FRAMES_A_TOKEN)
    mask = torch.zeros(len(clips), seq_len, dtype=torch.bool)
    for number, clip in enumerate(clips):
        there = min(len(clip) // _FRAMES_A_TOKEN, seq_len)
        tokens[number, :there] = torch.from_numpy(_alike(clip[: there * _FRAMES_A_TOKEN])).reshape(there, -1)
        mask[number, :there] = True
    return tokens, mask


def _alike(frames: NDArray[np.float32]) -> NDArray[np.float32]:
    """Takes mean and deviation from each log-mel of frames ``[n, 40]``."""
    alike: NDArray[np.float32] = (frames - frames.mean(axis=0)) / (frames.std(axis=0) + _SILENT)
    return alike


def _correlations(waveforms: list[NDArray[np.float32]]) -> NDArray[np.float64]:
    """Gives ``[N, 780]``."""
    import numpy as np

    clips = [_alike(_log_mels(waveform)).astype(float) for waveform in waveforms]
    pairs = np.triu_indices(_MELS, 1)
    return np.array([(clip.T @ clip / len(clip))[pairs] for clip in clips])


TASK = Voices()
