"""English speech whose words are known: single words of a telephone exchange, and sentences of a book read aloud.

In: the English prompts of `voices` whose names say what is spoken, and a recording with its transcript. Out:
`clips`, waveforms at 16 kHz with their words, and `normal_words`, which makes two ways of writing the same words
equal. Whisper tiny.en hears 0.92 of the single words rightly and has a word error rate of 0.07 over all.

Source: Asterisk's core sounds 1.6.1 and the test data of PocketSphinx (LibriVox, "Sense and Sensibility"), as Debian
packages them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from bench.data.sets import voices
from bench.data.source import File, Source

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["SAMPLE_RATE", "SOURCE", "clips", "lacking", "normal_words"]

SAMPLE_RATE = 16_000
"""Samples a second."""

_FOLDER = "usr/share/pocketsphinx/test/data/librivox"
_TRANSCRIPT = re.compile(r"<s> (?P<words>.+) </s> \((?P<stem>.+)\)")

SOURCE = Source(
    name="prompts",
    about="77 spoken words and 5 read sentences, English, with their transcripts",
    package="pocketsphinx-testdata",
    archive="deb",
    licence="BSD-2-Clause (sentences); the words are those of voices",
    files=(File(_FOLDER, "e7b709269ff25013049f8a0e826d27797f50d29e15cca08d5077601540aef819", 793_047),),
    disk_bytes=20_000_000,
    needs=("voices",),
)

_ONES = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = {20: "twenty", 30: "thirty", 40: "forty", 50: "fifty", 60: "sixty", 70: "seventy", 80: "eighty", 90: "ninety"}
_LARGE = {10**2: "hundred", 10**3: "thousand", 10**6: "million", 10**9: "billion"}
_DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_LETTERS = (
    *("alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india", "juliet", "kilo", "lima"),
    *("mike", "november", "oscar", "papa", "quebec", "romeo", "sierra", "tango", "uniform", "victor", "whiskey"),
    *("x-ray", "yankee", "zulu"),
)

_TEXTS = {
    **{f"digits/{number}": text for number, text in (dict(enumerate(_ONES)) | _TENS).items()},
    **{f"digits/{text}": text for text in _LARGE.values()},
    **{f"digits/day-{number}": text for number, text in enumerate(_DAYS)},
    **{f"digits/mon-{number}": text for number, text in enumerate(_MONTHS)},
    **{f"phonetic/{letter}_p": text for letter, text in zip("abcdefghijklmnopqrstuvwxyz", _LETTERS, strict=True)},
}
"""What is spoken in the prompts whose name says it."""

_SPELLINGS = {"mister": "mr", "alfa": "alpha", "juliett": "juliet", "whisky": "whiskey", "xray": "x ray"}
"""Ways of writing that say nothing about hearing, by the other one."""


def lacking() -> str | None:
    """Gives which package the files cannot be opened without and what to type, or nothing; imports none."""
    return voices.lacking()


def clips(into: str | Path | None = None) -> list[tuple[NDArray[np.float32], str]]:
    """Gives waveforms ``[samples]``, float32 in [-1, 1] at 16 kHz, each with what is spoken: 77 words, 5 sentences.

    The words, recorded at 8 kHz, are resampled: nothing is in them above 4 kHz.

    Args:
        into: the data folder.

    Raises:
        UsageError: the package that opens the files is not installed.
    """
    return [*_words(into), *_sentences(SOURCE.folder(into) / _FOLDER)]


def normal_words(text: str) -> list[str]:
    """Gives the words of a text as they are compared: lower case, no punctuation, numbers and ``mr`` as words.

    ``Mister Smith has 21, not 7!`` -> ``mr smith has twenty one not seven``. A number with its own word or at most
    two of them is written out; any other is left in digits, and counts as one wrong word where words were spoken.
    """
    plain = re.sub(r"(?<=\d),(?=\d)", "", text.lower().replace("’", "'"))
    found = re.findall(r"\d+|[a-z]+(?:'[a-z]+)*", plain)
    return [word for each in found for word in _spelt(each)]


def _spelt(word: str) -> list[str]:
    if not word.isdecimal():
        return _SPELLINGS.get(word, word).split()
    number = int(word)
    if number < len(_ONES):
        return [_ONES[number]]
    if number < 100:
        return [_TENS[number - number % 10], *([_ONES[number % 10]] if number % 10 else [])]
    return [_LARGE.get(number, word)]


def _words(into: str | Path | None) -> Iterator[tuple[NDArray[np.float32], str]]:
    from scipy.signal import resample_poly

    spoken = voices.english(into)
    for name, text in _TEXTS.items():
        yield resample_poly(spoken[name], SAMPLE_RATE // voices.SAMPLE_RATE, 1).astype("float32"), text


def _sentences(folder: Path) -> Iterator[tuple[NDArray[np.float32], str]]:
    import soundfile

    for line in (folder / "transcription").read_text(encoding="ascii").splitlines():
        if told := _TRANSCRIPT.fullmatch(line.strip()):
            waveform, _ = soundfile.read(folder / f"{told['stem']}.wav", dtype="float32")
            yield waveform, told["words"]
