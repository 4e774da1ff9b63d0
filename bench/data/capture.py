"""q, k, v and the layer's input of a pretrained model on real data, computed once and kept: a worker maps a file.

In: a model of `bench.data.models`, seq_len and batch_size. Out: the path of a safetensors file that has, for each
layer that the model names in `CAPTURED`, ``LAYER.x [b, n, d]``, ``LAYER.q [b, h, n, c]``, ``LAYER.k`` and ``LAYER.v``
``[b, g, n, c]``, float32 (float16 would round what accuracy is measured against). `bench data fetch` makes those of
the lengths in MiniLM's `PREPARED`; any other is made when it is first asked for, under a lock.

Each length has a capture of its own: a token's tensors depend on all tokens around it, so the first 128 of a text
of 512 are not those of a text of 128. Samples (`bench.data.windows`) go through the network one at a time, so that
sample i is the same whatever the batch.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.data import models, packages, windows
from bench.data.kept import digest, kept
from bench.data.source import data_folder
from bench.data.verify import verify

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["absent", "capture", "capture_path", "prepare", "provenance"]

# Part of a capture's name: raise it when the same files come to give other tensors.
# 1: first. 2: windows of prose a sixteenth apart, since two of 32 began alike.
_DEFINITION = 2


def provenance(model: str) -> dict[str, Any]:
    """Gives what a run records of a capture's origin: its definition, and packages, versions and checksums."""
    member = models.load(model)
    fed = windows.provenance(member.MODALITY)
    return {"definition": _DEFINITION, "model": member.SOURCE.provenance(), "fed_with": fed}


def capture_path(model: str, seq_len: int, batch_size: int = 1, into: str | Path | None = None) -> Path:
    """Gives where the capture of that shape lies; the name has the hash of all that it was computed from."""
    name = f"{model}-n{seq_len}-b{batch_size}-{digest(provenance(model))}.safetensors"
    return data_folder(into) / "captures" / name


def absent(model: str, seq_len: int, batch_size: int = 1, into: str | Path | None = None) -> str | None:
    """Gives what is not on this machine and what to type, or nothing; looks at no more than names and sizes.

    Where the capture of that shape is there, model and samples are not needed: a machine that cannot install packages
    is given the folder ``captures`` alone, and has what is in it.
    """
    if (reason := packages.lacking("safetensors")) or capture_path(model, seq_len, batch_size, into).is_file():
        return reason
    member = models.load(model)
    reason = member.lacking() or member.SOURCE.absent(into)
    return reason or windows.absent(member.MODALITY, into)


def prepare(model: str, into: str | Path | None = None) -> list[Path]:
    """Makes the captures of the lengths in the model's `PREPARED`, one sample each, and gives their paths."""
    return [capture(model, seq_len, into=into) for seq_len in models.load(model).PREPARED]


def capture(model: str, seq_len: int, batch_size: int = 1, into: str | Path | None = None) -> Path:
    """Gives the capture of that shape, making it where it is not there yet.

    MiniLM: 0.6 s, and 0.2 s a window of 512 tokens.

    Args:
        model: a name of `bench.data.models`.
        seq_len: tokens a sample.
        batch_size: samples.
        into: the data folder.

    Raises:
        UsageError: the model or its samples are absent or changed, or a package that opens them is not installed.
        StoreError: the data folder cannot be written.
    """
    path = capture_path(model, seq_len, batch_size, into)
    if not path.is_file():
        member = models.load(model)
        for source in (member.SOURCE, *windows.sources(member.MODALITY)):
            verify(source, into)
    return kept(path, lambda part: _save(_tensors(model, seq_len, batch_size, into), part))


def _tensors(model: str, seq_len: int, batch_size: int, into: str | Path | None) -> dict[str, Tensor]:
    import torch

    from bench.data.models._attention import attention_inputs

    member = models.load(model)
    samples, _ = member.encode(windows.raw(member.MODALITY, seq_len, batch_size, into), seq_len, into)
    network = member.load(into)
    with torch.inference_mode():
        seen = [attention_inputs(network, sample) for sample in samples.split(1)]
    return {
        f"{layer}.{name}": torch.cat([getattr(sample[layer], name) for sample in seen]).contiguous()
        for layer in member.CAPTURED
        for name in ("x", "q", "k", "v")
    }


def _save(tensors: dict[str, Tensor], path: Path) -> None:
    from safetensors.torch import save_file

    save_file(tensors, path)
