"""A file becomes text, pixels or a waveform; one that does not is told with what would be right."""

from __future__ import annotations

import hashlib
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bench.errors import UsageError
from bench.measure.material import Material, read_audio, read_image, read_text


def write_wav(path: Path, samples: list[int], *, rate: int = 16_000, channels: int = 1, width: int = 2) -> Path:
    """Writes a WAV file; samples of several channels stand in turn."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(b"".join(sample.to_bytes(width, "little", signed=width > 1) for sample in samples))
    return path


def told(read: Callable[[Path], Material], path: Path) -> str:
    with pytest.raises(UsageError) as caught:
        read(path)
    return str(caught.value)


def test_a_text_is_recorded_with_its_name_and_hash(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("Am Anfang war das Wört.".encode())

    expected = hashlib.sha256(path.read_bytes()).hexdigest()
    assert read_text(path) == Material("language", "Am Anfang war das Wört.", "a.txt", expected)


def test_an_image_is_rgb(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.new("L", (3, 2), 7).save(path)
    found = read_image(path)

    assert (found.modality, found.file) == ("vision", "a.png")
    assert np.array_equal(found.content, np.full((2, 3, 3), 7, np.uint8))


@pytest.mark.parametrize(
    ("width", "samples", "expected"),
    [
        (1, [128, 255, 0], [0.0, 127 / 128, -1.0]),
        (2, [0, 32767, -32768], [0.0, 32767 / 32768, -1.0]),
        (4, [0, 2**30, -(2**31)], [0.0, 0.5, -1.0]),
    ],
)
def test_a_waveform_is_within_one(tmp_path: Path, width: int, samples: list[int], expected: list[float]) -> None:
    found = read_audio(write_wav(tmp_path / "a.wav", samples, width=width))

    assert np.asarray(found.content).tolist() == expected


def test_channels_are_averaged(tmp_path: Path) -> None:
    found = read_audio(write_wav(tmp_path / "a.wav", [0, 16384, 16384, 16384], channels=2))

    assert np.asarray(found.content).tolist() == [0.25, 0.5]


def test_another_rate_is_resampled_to_16_khz(tmp_path: Path) -> None:
    """A sine of 100 Hz at 8 kHz is one of 100 Hz at 16 kHz; at the ends the filter has nothing to look at."""
    time = np.arange(800) / 8000
    samples = np.round(16384 * np.sin(2 * np.pi * 100 * time)).astype(int)
    found = np.asarray(read_audio(write_wav(tmp_path / "a.wav", samples.tolist(), rate=8000)).content)

    expected = 0.5 * np.sin(2 * np.pi * 100 * np.arange(1600) / 16_000)
    assert found.shape == (1600,)
    assert np.abs(found - expected)[100:-100].max() < 1e-3


@pytest.mark.parametrize("read", [read_text, read_image, read_audio])
def test_a_file_that_is_not_there_is_told(tmp_path: Path, read: Callable[[Path], Material]) -> None:
    path = tmp_path / "a"

    assert told(read, path) == f"{path}: cannot be read (No such file or directory); the path of a file"


def test_what_is_no_text_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"\xff\xfe")

    assert told(read_text, path) == f"{path}: is no UTF-8 (invalid start byte); --text a text file in UTF-8"


def test_an_empty_text_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text(" \n")

    assert told(read_text, path) == f"{path}: holds no text; --text a text file in UTF-8"


def test_what_is_no_image_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_text("no image")

    assert told(read_image, path) == f"{path}: is no image that Pillow opens; --image a PNG or JPEG file"


def test_what_is_no_wav_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(b"ID3 not a wave file at all")

    right = "--audio a WAV file of 8, 16 or 32 bits"
    found = f"{path}: is no WAV file that can be read (file does not start with RIFF id)"
    assert told(read_audio, path) == f"{found}; {right}"


def test_a_wav_of_24_bits_is_told(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", [1, 2], width=3)

    assert told(read_audio, path) == f"{path}: has 24 bits a sample; --audio a WAV file of 8, 16 or 32 bits"


def test_a_wav_without_a_sample_is_told(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", [])

    assert told(read_audio, path) == f"{path}: holds no sample; --audio a WAV file of 8, 16 or 32 bits"
