"""The pace-maker and the machine's peaks: fixed kernels that say how fast the machine is, not how fast a case is."""

from __future__ import annotations

from collections.abc import Callable

import torch

from bench.measure.clock import timer
from bench.measure.steady import warm_up

__all__ = ["machine_peak", "pacemaker"]

_SIDE = 256


def pacemaker(device: str) -> Callable[[], torch.Tensor]:
    """Gives a call of under a millisecond that does what attentions do: a product, a softmax, a product.

    Its definition must never change: stored paces would no longer be comparable.
    """
    generator = torch.Generator().manual_seed(0)
    a, b = (torch.randn(_SIDE, _SIDE, generator=generator).to(device) for _ in range(2))

    def call() -> torch.Tensor:
        with torch.no_grad():
            return (a @ b).softmax(dim=-1) @ a

    return call


def machine_peak(device: str, dtype: str) -> dict[str, float]:
    """Gives the rates that this machine reaches on the kindest kernels: the roof of a roofline.

    Returns:
        `flops_per_s` of a square matrix product and `bytes_per_s` of a copy larger than the caches, read and written.
    """
    kind = getattr(torch, dtype)
    side, length = (1024, 128 << 20) if device == "cpu" else (8192, 256 << 20)
    a, b = (torch.randn(side, side, device=device).to(kind) for _ in range(2))
    source = torch.zeros(length // 4, dtype=torch.float32, device=device)
    target = torch.empty_like(source)
    time_block = timer(device)
    with torch.no_grad():
        product_s = warm_up(time_block, lambda: a @ b).call_s
        copy_s = warm_up(time_block, lambda: target.copy_(source)).call_s
    return {"flops_per_s": 2 * side**3 / product_s, "bytes_per_s": 2 * length / copy_s}
