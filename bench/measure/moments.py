"""What the projections of an attention read, in one matrix: an operator that `reads_samples` is built from it.

In: tokens, or a case with a pretrained network as it was loaded. Out: the second moment ``E x xᵀ [d, d]``, float64;
of a network one a layer, over samples of the task's train split, computed once and kept in the data folder, for every
worker would spend the same seconds on it.
"""

from __future__ import annotations

from pathlib import Path

import torch

from bench.case import Case
from bench.data.kept import digest, kept
from bench.data.models._attention import attention_inputs
from bench.data.models._network import Network
from bench.data.source import data_folder
from bench.measure import samples

__all__ = ["second_moment", "second_moments"]

_DEFINITION = 1
"""Counted up whenever what is computed here changes; what is kept under another number is not read."""

_TOKENS = 1 << 12
"""How many are read, padding among them: seven times as many as the widest of our networks has channels. The pass
that computes them has a minute, unless a suite gives it more; these took SmolLM2 nine seconds on two cores."""


def second_moment(x: torch.Tensor) -> torch.Tensor:
    """Gives ``E x xᵀ [d, d]`` of tokens ``[..., d]``."""
    tokens = x.detach().flatten(0, -2).to("cpu", torch.float64)
    return tokens.mT @ tokens / len(tokens)


def second_moments(case: Case, network: Network) -> list[torch.Tensor]:
    """Gives ``E x xᵀ`` of what each attention of a network reads, first layer first.

    Args:
        case: gives the task, the length and the dtype.
        network: as it was loaded.

    Raises:
        StoreError: the data folder cannot be written.
    """
    from safetensors.torch import load_file

    told = digest({**samples.origin(case), "moments": _DEFINITION, "dtype": case.dtype, "tokens": _TOKENS})
    name = f"{case.task}-{case.model}-n{case.seq_len}-{case.dtype}-{told}.safetensors"
    found = load_file(kept(data_folder() / "moments" / name, lambda part: _write(case, network, part)))
    return [found[str(index)] for index in range(len(network.attentions))]


@torch.no_grad()
def _write(case: Case, network: Network, path: Path) -> None:
    from safetensors.torch import save_file

    like = next(network.parameters())
    train = samples.data_of(case).train.spread(max(_TOKENS // case.seq_len, 1))
    sums = [torch.zeros(case.hidden_size, case.hidden_size, dtype=torch.float64) for _ in network.attentions]
    tokens = 0
    for index in range(len(train)):
        batch = train.batch(torch.tensor([index]), like)
        read = [given.x[0] for given in attention_inputs(network, *batch.tensors.values())]
        if batch.mask is not None:
            read = [x[batch.mask[0]] for x in read]
        for total, x in zip(sums, read, strict=True):
            total += second_moment(x) * len(x)
        tokens += len(read[0])
    save_file({str(index): total / tokens for index, total in enumerate(sums)}, path)
