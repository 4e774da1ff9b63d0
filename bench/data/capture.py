"""q, k, v and the layer's input of MiniLM on real text, computed once and kept, so that a worker only maps a file.

In: seq_len and batch_size. Out: the path of a safetensors file with ``LAYER.x [b, n, d]`` and ``LAYER.q``,
``LAYER.k``, ``LAYER.v`` ``[b, h, n, c]``, float32 (float16 would round what accuracy is measured against).
`bench data fetch` makes those of the usual lengths; any other is made when it is first asked for, under a lock.

Each length has a capture of its own: a token's tensors depend on all tokens around it, so the first 128 of a text
of 512 are not those of a text of 128. A sample is a window of the prose; windows are spread over the whole text and
go through the network one at a time, so that sample i is the same whatever the batch.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.data.kept import digest, kept
from bench.data.models import minilm
from bench.data.sets import prose
from bench.data.source import data_folder
from bench.data.verify import verify

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["MAX_BATCH_SIZE", "PREPARED", "capture_minilm", "capture_path", "prepare", "provenance"]

PREPARED = (128, 256, 512)
"""The lengths that are captured when the data are fetched, one window each."""

MAX_BATCH_SIZE = 32
"""As many windows as the text is divided into."""

# Part of a capture's name: raise it when the same files come to give other tensors.
# 1: first.
_DEFINITION = 1

_CHARACTERS_A_TOKEN = 12
"""More than any window has (the mean is 4.2): what is cut from the text before it is made tokens."""


def provenance() -> dict[str, Any]:
    """Gives what a run records of a capture's origin: its definition, and packages, versions and checksums."""
    return {"definition": _DEFINITION, "model": minilm.SOURCE.provenance(), "text": prose.SOURCE.provenance()}


def capture_path(seq_len: int, batch_size: int = 1, into: str | Path | None = None) -> Path:
    """Gives where the capture of that shape lies; the name has the hash of all that it was computed from."""
    name = f"minilm-n{seq_len}-b{batch_size}-{digest(provenance())}.safetensors"
    return data_folder(into) / "captures" / name


def prepare(into: str | Path | None = None) -> list[Path]:
    """Makes the captures of the lengths in `PREPARED` and gives their paths."""
    return [capture_minilm(seq_len, into=into) for seq_len in PREPARED]


def capture_minilm(seq_len: int, batch_size: int = 1, into: str | Path | None = None) -> Path:
    """Gives the capture of that shape, making it where it is not there yet (0.2 s a window of 512, and 0.6 s).

    Args:
        seq_len: tokens a window, [CLS] and [SEP] among them.
        batch_size: windows.
        into: the data folder.

    Raises:
        UsageError: the model or the text is absent or changed, or a package that opens them is not installed.
        StoreError: the data folder cannot be written.
    """
    path = capture_path(seq_len, batch_size, into)
    if not path.is_file():
        for source in (minilm.SOURCE, prose.SOURCE):
            verify(source, into)
    return kept(path, lambda part: _save(_tensors(seq_len, batch_size, into), part))


def _windows(seq_len: int, batch_size: int, into: str | Path | None) -> list[list[int]]:
    """Gives token ids: window i begins with the first paragraph after i / MAX_BATCH_SIZE of the text."""
    text = prose.text(into)
    starts = [text.index("\n", i * len(text) // MAX_BATCH_SIZE) + 1 for i in range(batch_size)]
    pieces = [text[start : start + _CHARACTERS_A_TOKEN * seq_len] for start in starts]
    return minilm.token_ids(pieces, seq_len=seq_len, into=into)


def _tensors(seq_len: int, batch_size: int, into: str | Path | None) -> dict[str, Tensor]:
    import torch

    from bench.data.models._attention import attention_inputs

    network = minilm.load(into)
    windows = _windows(seq_len, batch_size, into)
    with torch.inference_mode():
        seen = [attention_inputs(network, torch.tensor([ids])) for ids in windows]
    return {
        f"{layer}.{name}": torch.cat([getattr(window[layer], name) for window in seen]).contiguous()
        for layer in range(minilm.LAYERS)
        for name in ("x", "q", "k", "v")
    }


def _save(tensors: dict[str, Tensor], path: Path) -> None:
    from safetensors.torch import save_file

    save_file(tensors, path)
