"""The trivial baseline: every query gets the mean of the values that it sees, whatever it asks."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from bench.case import Case
from bench.cost import Cost
from bench.operators._base import Attention
from bench.operators._layer import attention_bytes_min

if TYPE_CHECKING:
    import torch

__all__ = ["OPERATOR"]


class Uniform(Attention):
    """``1 1ᵀ/n v``, of rank 1: an approximation that is not better than this one has approximated nothing.

    The causal form has the running mean, whose matrix has full rank.

    Not at scope `layer`: its projections of q and k would be weights that nothing reads. A network that does a task
    has it all the same, as the one that cannot choose what it attends to.
    """

    label = "uniform"
    scopes = frozenset({"core", "model"})
    causal = mask = rows_sum_to_one = nonnegative = True

    def unsupported(self, case: Case) -> str | None:
        reason = super().unsupported(case)
        if reason is None and case.scope == "model" and case.task is None:
            reason = f"{case.operator} exists at scope model for a task only; take scope: core"
        return reason

    def matrix_rank(self, case: Case) -> int | None:
        return 1 if case.seq_len > 1 and not case.causal else None

    def core_cost(self, case: Case) -> Cost:
        """No matrix product; the output is written out like any operator's, and v alone has a gradient.

        Below float32 torch takes the mean of a float32 copy of v. Causal: how many keys each query sees is kept; in
        the backward pass a running sum is turned round twice.
        """
        b, h, n, c, e = case.batch_size, case.num_heads or 0, case.seq_len, case.head_dim or 0, case.element_bytes
        output, mean = e * b * h * n * c, e * b * h * c
        masked = case.mask != "none"
        if case.causal:
            counts = e * n * (b if masked else 1)
            return Cost(
                forward_flops=0,
                backward_flops=0,
                bytes_min=attention_bytes_min(case),
                bytes_algorithm=attention_bytes_min(case),
                saved_bytes=counts + masked * b * n,
                forward_peak_bytes=(2 if masked else 1) * output + counts,
                train_peak_bytes=5 * output + masked * b * n,
            )
        return Cost(
            forward_flops=0,
            backward_flops=0,
            bytes_min=attention_bytes_min(case),
            bytes_algorithm=attention_bytes_min(case),
            saved_bytes=masked * (b * n + 8 * b),
            forward_peak_bytes=max(output + (2 if masked else 1) * mean, 4 * b * h * n * c if e < 4 else 0),
            train_peak_bytes=2 * output + mean,
        )

    def build(self, case: Case, generator: torch.Generator) -> Callable[..., Any]:
        """Gives the function ``(q, k, v, mask=None) -> o``."""

        def attend(
            q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, mask: torch.Tensor | None = None
        ) -> torch.Tensor:
            if case.causal:
                return _running_mean(v, mask)
            if mask is None:
                mean = v.mean(dim=-2, keepdim=True)
            else:
                total = v.masked_fill(~mask[:, None, :, None], 0.0).sum(dim=-2, keepdim=True)
                mean = total / mask.sum(dim=-1).clamp(min=1)[:, None, None, None]
            return mean.expand(*q.shape[:-1], v.shape[-1]).contiguous()

        return attend


def _running_mean(v: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
    import torch

    if mask is None:
        counts = torch.arange(1, v.shape[-2] + 1, device=v.device, dtype=v.dtype)[:, None]
    else:
        v = v.masked_fill(~mask[:, None, :, None], 0.0)
        counts = mask.cumsum(dim=-1).clamp(min=1).to(v.dtype)[:, None, :, None]
    return v.cumsum(dim=-2).div_(counts)


OPERATOR = Uniform()
