"""The module from which the project began, as its article prints it: attention with the wrong scale."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from bench.case import Case
from bench.cost import Cost
from bench.operators.attention.seed_fixed import SeedFixed

if TYPE_CHECKING:
    import torch

__all__ = ["OPERATOR"]


class SeedAsWritten(SeedFixed):
    """``F.softmax(q @ k.T / d_key, dim=1) @ v``, which exists for one sample only and is applied to each apart.

    On a batch the line itself raises, or, where batch, seq_len and d_key are equal, runs and is wrong. Dividing by
    d_key instead of √d_key makes attention almost uniform, so that every approximation of it looks good.
    """

    label = "seed (as written)"
    reference = "seed_fixed"

    def cost(self, case: Case) -> Cost:
        """As `seed_fixed`; but only one sample's scores stand in memory, and the outputs are copied together."""
        fixed, (d_key, d_value) = super().cost(case), self.widths(case)
        b, n, e = case.batch_size, case.seq_len, case.element_bytes
        scores, values = e * b * n * n, e * case.tokens * d_value
        heads = e * case.tokens * (2 * d_key + d_value)
        return dataclasses.replace(
            fixed,
            forward_peak_bytes=heads + max(values * (b - 1) // b + 2 * scores // b, 2 * values),
            train_peak_bytes=fixed.train_peak_bytes - 2 * scores * (b - 1) // b,
        )

    def attend(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        """``q, k [b, n, d_key]``, ``v [b, n, d_value]``, or of one sample without b."""
        import torch

        if q.dim() > 2:
            return torch.stack([self.attend(*sample) for sample in zip(q, k, v, strict=True)])
        return torch.softmax(q @ k.T / k.shape[-1], dim=1) @ v


OPERATOR = SeedAsWritten()
