"""What a model is fed with when its attention is captured: a text, an image or a sound, from a file of the user's.

In: a path. Out: `Material`: the content, and what is recorded of the file: its name without folders and its sha256.
Formats are those that need nothing that is not installed anyway: UTF-8, what Pillow opens, WAV.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import math
import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.errors import UsageError

__all__ = ["SAMPLE_RATE", "Material", "read_audio", "read_image", "read_text"]

SAMPLE_RATE = 16_000
"""Of sound, in 1/s: what speech models are fed with."""

# Bytes a sample of a WAV: how it is stored, what is silence, what is full scale.
_PCM = {1: ("u1", 128.0, 128.0), 2: ("<i2", 0.0, 32768.0), 4: ("<i4", 0.0, 2147483648.0)}


@dataclasses.dataclass(frozen=True, slots=True)
class Material:
    """What is in a file."""

    modality: str
    """`language`, `vision` or `audio`."""
    content: str | NDArray[np.uint8] | NDArray[np.float32]
    """The text; pixels ``[height, width, 3]`` uint8; or a waveform ``[samples]`` float32 within ±1, 16 kHz, mono."""
    file: str
    """The file's name, without its folder."""
    sha256: str
    """Of the file's bytes."""


def read_text(path: Path) -> Material:
    """Gives a text file in UTF-8.

    Raises:
        UsageError: it cannot be read, is no UTF-8, or is empty.
    """
    data = _bytes(path)
    try:
        content = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(str(path), f"is no UTF-8 ({error.reason})", "--text a text file in UTF-8") from error
    if not content.strip():
        raise UsageError(str(path), "holds no text", "--text a text file in UTF-8")
    return _material("language", content, path, data)


def read_image(path: Path) -> Material:
    """Gives an image in any format that Pillow opens, as RGB.

    Raises:
        UsageError: it cannot be read, or is no image.
    """
    from PIL import Image

    data = _bytes(path)
    try:
        with Image.open(io.BytesIO(data)) as image:
            content = np.asarray(image.convert("RGB"), dtype=np.uint8)
    except OSError as error:  # what Pillow says of files that it does not know, and of those that end too early
        raise UsageError(str(path), "is no image that Pillow opens", "--image a PNG or JPEG file") from error
    return _material("vision", content, path, data)


def read_audio(path: Path) -> Material:
    """Gives an uncompressed WAV file, its channels averaged, resampled to 16 kHz where it is not.

    Raises:
        UsageError: it cannot be read, is no such WAV, or holds no sample.
    """
    from scipy.signal import resample_poly

    data, right = _bytes(path), "--audio a WAV file of 8, 16 or 32 bits"
    try:
        with wave.open(io.BytesIO(data), "rb") as file:
            rate, channels, width = file.getframerate(), file.getnchannels(), file.getsampwidth()
            stored = file.readframes(file.getnframes())
    except (wave.Error, EOFError) as error:
        raise UsageError(str(path), f"is no WAV file that can be read ({error})", right) from error
    if width not in _PCM:
        raise UsageError(str(path), f"has {8 * width} bits a sample", right)
    dtype, silence, full = _PCM[width]
    frames = len(stored) // (width * channels)
    if frames == 0:
        raise UsageError(str(path), "holds no sample", right)
    samples = np.frombuffer(stored, dtype, frames * channels).reshape(frames, channels)
    waveform = (samples.mean(axis=1, dtype=np.float64) - silence) / full
    if rate != SAMPLE_RATE:
        common = math.gcd(rate, SAMPLE_RATE)
        waveform = resample_poly(waveform, SAMPLE_RATE // common, rate // common)
    return _material("audio", waveform.astype(np.float32), path, data)


def _material(
    modality: str, content: str | NDArray[np.uint8] | NDArray[np.float32], path: Path, data: bytes
) -> Material:
    return Material(modality, content, path.name, hashlib.sha256(data).hexdigest())


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(str(path), f"cannot be read ({error.strerror})", "the path of a file") from error
