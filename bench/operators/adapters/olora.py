"""OLoRA: LoRA whose B starts with orthonormal columns, from the QR decomposition of W0."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.operators.adapters import pissa

if TYPE_CHECKING:
    import torch

__all__ = ["OPERATOR"]


class Olora(pissa.Pissa):
    """``y = (W0 - s·B₀A₀) x + s·B A x`` with ``s·B₀A₀ = Q_r R_r``, r columns of Q and rows of R, W0 = Q R; s = α/r.

    LoRA's cost, once the QR decomposition of the set-up is done. √s is divided out of either factor, so that B₀'s
    columns are orthogonal and of length 1/√s.

    Source: Büyükakyüz, arXiv 2406.01775, section 3.
    """

    label = "OLoRA"

    def split(self, weight: torch.Tensor, rank: int) -> tuple[torch.Tensor, torch.Tensor]:
        import torch

        q, r = torch.linalg.qr(weight)
        return q[:, :rank], r[:rank]


OPERATOR = Olora()
