"""What a pretrained model is fed with to see what its attention is given: real text, photographs or speech.

In: a modality, a length in tokens and a number of samples. Out: raw samples as the models' ``encode`` takes them.
Sample i is the same whatever the batch. Text is a window of prose that begins with a paragraph, windows spread over
the whole book; a photograph is its middle square; speech is read sentences and spoken words, one after another
without a pause of ours, windows spread over all of it and going on at the beginning where it ends.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.data.sets import prompts, prose, voices

if TYPE_CHECKING:
    from bench.data.source import Source

__all__ = ["MOST", "absent", "lacking", "middle_square", "provenance", "raw", "sources"]

MOST = {"language": 16, "vision": 2, "audio": 8}
"""As many different samples as there are; a paragraph of the prose may fill a thirtieth of it."""

_CHARACTERS_A_TOKEN = 12
"""More than any window of prose has (the mean is 4.2): what is cut from the text before it is made tokens."""
_SAMPLES_A_TOKEN = 320  # of sound, 20 ms
_PHOTOGRAPHS = "scikit-learn"  # its china.jpg and flower.jpg, read by Pillow, which matplotlib needs


def raw(modality: str, seq_len: int, batch_size: int, into: str | Path | None = None) -> Any:
    """Gives that many samples, each at least as long as so many tokens.

    Args:
        modality: `language`, `vision` or `audio`.
        seq_len: tokens of a sample.
        batch_size: at most `MOST` of the modality.
        into: the data folder.

    Returns:
        Texts; pixels ``[N, side, side, 3]`` uint8; or waveforms ``[samples]`` float32 at 16 kHz.

    Raises:
        UsageError: a package that opens the files is not installed.
    """
    return {"language": _prose, "vision": _photographs, "audio": _speech}[modality](seq_len, batch_size, into)


def sources(modality: str) -> tuple[Source, ...]:
    """Gives what must have been fetched; photographs come with a dependency."""
    return {"language": (prose.SOURCE,), "vision": (), "audio": (prompts.SOURCE, voices.SOURCE)}[modality]


def lacking(modality: str) -> str | None:
    """Gives which packages the samples cannot be opened without and what to type, or nothing; imports none."""
    if modality == "vision" and importlib.util.find_spec("sklearn") is None:
        return f"{_PHOTOGRAPHS} not installed; pip install {_PHOTOGRAPHS}"
    return prompts.lacking() if modality == "audio" else None


def absent(modality: str, into: str | Path | None = None) -> str | None:
    """Gives what is not on this machine and what to type, or nothing."""
    return lacking(modality) or next((why for each in sources(modality) if (why := each.absent(into))), None)


def provenance(modality: str) -> dict[str, Any]:
    """Gives what a run records of the samples: packages, versions, checksums."""
    if modality == "vision":
        version = None if lacking("vision") else importlib.metadata.version(_PHOTOGRAPHS)
        return {"package": _PHOTOGRAPHS, "version": version}
    return {source.name: source.provenance() for source in sources(modality)}


def middle_square(pixels: Any) -> Any:
    """Gives the middle of an image ``[height, width, …]``, so that nothing in it is stretched."""
    height, width = pixels.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return pixels[top : top + side, left : left + side]


def _prose(seq_len: int, batch_size: int, into: str | Path | None) -> list[str]:
    text = prose.text(into)
    starts = [text.index("\n", i * len(text) // MOST["language"]) + 1 for i in range(batch_size)]
    return [text[start : start + _CHARACTERS_A_TOKEN * seq_len] for start in starts]


def _photographs(seq_len: int, batch_size: int, into: str | Path | None) -> Any:
    import numpy as np
    from sklearn.datasets import load_sample_images

    return np.stack([middle_square(image) for image in load_sample_images().images[:batch_size]])


def _speech(seq_len: int, batch_size: int, into: str | Path | None) -> list[Any]:
    import numpy as np

    heard = np.concatenate([waveform for waveform, _ in reversed(prompts.clips(into))])  # the sentences first
    starts = [i * len(heard) // MOST["audio"] for i in range(batch_size)]
    return [np.roll(heard, -start)[: _SAMPLES_A_TOKEN * seq_len] for start in starts]
