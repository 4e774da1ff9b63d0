"""The prompts of a telephone exchange in five voices, each of another language: whose voice is it?

In: GSM files. Out: `split`, waveforms at 8 kHz with the voice as label, and `english`, the English prompts by name.

This is voice identification. It is no language identification: of a speaker outside the five, a classifier of these
names the right language in 26 to 41 % only. Two traps: the same prompts are spoken in all languages, so a split by
clip would have most test prompts in training; and the recordings differ in their channel, so that means and
variances alone tell the voice (0.957 on the uncompressed files): remove them from each clip. English and Spanish
are the same woman, which is the hard pair.

Source: Asterisk's core sounds 1.6.1, as Debian packages them.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from bench.data import packages
from bench.data.sets._labelled import Labelled
from bench.data.source import File, Source

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["LANGUAGES", "SAMPLE_RATE", "SOURCE", "english", "lacking", "split"]

SAMPLE_RATE = 8000
"""Samples a second."""

LANGUAGES = ("en", "es", "fr", "it", "ru")
"""The classes, by label."""

_SHORTEST_S = 0.3
_PARTS = ("train", "validation", "test")
_FOLDERS = (
    File(
        "usr/share/asterisk/sounds/en_US_f_Allison",
        "cb56443449487c8815b1d077e64247001aa4ce54450f3d84179a180d5d221a0f",
        2_531_364,
    ),
    File(
        "usr/share/asterisk/sounds/es_MX_f_Allison",
        "cb1f06857ce9ba91e6e9372d257361aeaa9e9c1c69e4e831e63c273e1600ca6c",
        3_075_039,
    ),
    File(
        "usr/share/asterisk/sounds/fr_CA_f_June",
        "63cbe41fff2eb8a6961d95cfefe252efa1b6e636626fdb36788fb086ddcdbcb5",
        2_581_491,
    ),
    File(
        "usr/share/asterisk/sounds/it_IT_m_Carlo",
        "bd3627888224d319b525c41b26d274c160a0a943312d2fd315b620c9bfde55c0",
        2_368_014,
    ),
    File(
        "usr/share/asterisk/sounds/ru_RU_f_IvrvoiceRU",
        "4eb70544c6f5aa8002fbc2b89b2f0fe468cc4532d6a9f15bcc9d12f267ec23e1",
        2_460_612,
    ),
)

SOURCE = Source(
    name="voices",
    about="2,762 telephone prompts in five voices, 8 kHz",
    package="asterisk-core-sounds-en-gsm",
    further=tuple(f"asterisk-core-sounds-{language}-gsm" for language in LANGUAGES[1:]),
    archive="deb",
    licence="CC-BY-SA-3.0 (en, es, fr), CC-BY-3.0 (it, ru)",
    files=_FOLDERS,
    disk_bytes=60_000_000,
)


def lacking() -> str | None:
    """Gives which package the files cannot be opened without and what to type, or nothing; imports none."""
    return packages.lacking("soundfile")


def split(into: str | Path | None = None) -> dict[str, Labelled]:
    """Gives ``train`` (1,981), ``validation`` (188) and ``test`` (593); samples are waveforms ``[samples]``, float32.

    A prompt is in one part in all languages: in test where the sha256 of its name is a multiple of five, else in
    validation where a fifth of it is a multiple of ten, rounded down. Values are in [-1, 1].

    Args:
        into: the data folder.

    Raises:
        UsageError: the package that opens the files is not installed.
    """
    import numpy as np

    samples: dict[str, list[NDArray[np.float32]]] = {part: [] for part in _PARTS}
    labels: dict[str, list[int]] = {part: [] for part in _PARTS}
    for label, folder in enumerate(_FOLDERS):
        for prompt, waveform in _prompts(SOURCE.folder(into) / folder.path).items():
            part = _part(prompt)
            samples[part].append(waveform)
            labels[part].append(label)
    return {part: Labelled(samples[part], np.array(labels[part], dtype=np.int64), LANGUAGES) for part in samples}


def _part(prompt: str) -> str:
    fifth, rest = divmod(int(hashlib.sha256(prompt.encode()).hexdigest(), 16), 5)
    if rest == 0:
        return "test"
    return "train" if fifth % 10 else "validation"


def english(into: str | Path | None = None) -> dict[str, NDArray[np.float32]]:
    """Gives the English waveforms at 8 kHz by the prompt's name, such as ``digits/7``.

    Args:
        into: the data folder.

    Raises:
        UsageError: the package that opens the files is not installed.
    """
    return _prompts(SOURCE.folder(into) / _FOLDERS[0].path)


def _prompts(folder: Path) -> dict[str, NDArray[np.float32]]:
    """Gives name and waveform of one voice's prompts, by name; without silence and clips under 0.3 s."""
    packages.require(SOURCE.name, "soundfile")
    waveforms = {
        path.relative_to(folder).with_suffix("").as_posix(): _waveform(path)
        for path in sorted(folder.rglob("*.gsm"))
        if path.parent.name != "silence"
    }
    return {name: waveform for name, waveform in waveforms.items() if len(waveform) >= _SHORTEST_S * SAMPLE_RATE}


def _waveform(path: Path) -> NDArray[np.float32]:
    """Gives the waveform of a file of bare GSM frames, which has no header to say so."""
    import soundfile

    waveform: NDArray[np.float32]
    waveform, _ = soundfile.read(
        path, samplerate=SAMPLE_RATE, channels=1, format="RAW", subtype="GSM610", dtype="float32"
    )
    return waveform
