"""What multi_lora and multi_lora_loop share: many LoRAs beside one frozen projection, and which sample has which.

Imported by the operators' `build` only, for it needs torch. Goes in: the projection W0 ``[out, in]``. Comes out: a
module that holds it as `base`, with `a` ``[N, r, in]``, `b` ``[N, out, r]``, `scale`, and the buffer `ids` ``[b]``;
how samples are brought to their adapters is the operator's.
"""

from __future__ import annotations

import math

import torch
from torch import nn

from bench.case import Case

__all__ = ["ManyLoras"]


class ManyLoras(nn.Module):
    """W0 frozen; each A is U(±1/√in), each B N(0, 1/r), for what is served has been trained.

    Args:
        case: gives batch_size, rank, dtypes and seed.
        linear: the projection W0, without bias; frozen here.
        adapters: N.
        alpha: the scale of each update is α/r.
        generator: on the CPU. Draws are made in float64, as for one LoRA.
    """

    ids: torch.Tensor

    def __init__(
        self, case: Case, linear: nn.Linear, *, adapters: int, alpha: float, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.base = linear.requires_grad_(False)
        rank, device, dtype = case.rank or 1, linear.weight.device, getattr(torch, case.adapter_dtype or case.dtype)
        self.scale = alpha / rank
        a = torch.empty(adapters, rank, linear.in_features, dtype=torch.float64)
        a.uniform_(-1 / math.sqrt(linear.in_features), 1 / math.sqrt(linear.in_features), generator=generator)
        b = torch.randn(adapters, linear.out_features, rank, generator=generator, dtype=torch.float64)
        self.a = nn.Parameter(a.to(device, dtype))
        self.b = nn.Parameter((b / math.sqrt(rank)).to(device, dtype))
        self.register_buffer("ids", _drawn_ids(case, adapters).to(device))


def _drawn_ids(case: Case, adapters: int) -> torch.Tensor:
    # From the seed and nothing else, so that a sample has the same adapter in every projection of a model, and the
    # same in a smaller batch.
    order = torch.randperm(adapters, generator=torch.Generator().manual_seed(case.seed))
    return order[torch.arange(case.batch_size) % adapters]
