"""cosFormer: products of relu(q) and relu(k), weighted by the cosine of the distance between the tokens."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from bench.case import Case
from bench.cost import Cost
from bench.operators._base import Attention, Option
from bench.operators._layer import attention_bytes_min
from bench.operators.attention._kernel import (
    KernelState,
    causal_kernel_attention,
    kernel_attention,
    kernel_cost,
    state_cost,
)

if TYPE_CHECKING:
    import torch

    from bench.operators._decode import Step

__all__ = ["OPERATOR"]


class Cosformer(Attention):
    """``relu(q_i)·relu(k_j) cos(π(i - j)/2M)``, rows normalised, by features of twice the width.

    ``φ(x_i) = [relu(x_i) cos θ_i, relu(x_i) sin θ_i]`` with ``θ_i = πi/2M``, i from 1. M is fixed by the case: were
    it the length of what is fed, a prefix would not be a prefix. Its matrix has rank 2·head_dim. A row whose weights
    are all 0 gives 0, so that rows sum to one or to 0. No scale; queries are aligned at the last key.
    Source: Qin et al., arXiv 2202.08791, equations 9 to 12.
    """

    label = "cosFormer"
    options: Mapping[str, Option] = {
        "max_len": Option(
            0, "M, over which the angles reach a right one, at least seq_len; 0: the case's seq_len.", least=0
        )
    }
    phases = frozenset({"forward", "train", "decode"})
    causal = mask = nonnegative = True

    def unsupported(self, case: Case) -> str | None:
        reason = super().unsupported(case)
        if reason is None and _max_len(case) < case.seq_len:
            reason = (
                f"{case.operator} turns beyond a right angle: max_len is {_max_len(case):g} of {case.seq_len} tokens"
            )
        return reason

    def matrix_rank(self, case: Case) -> int | None:
        rank = 2 * (case.head_dim or 0)
        return rank if rank < case.seq_len and not case.causal else None

    def core_cost(self, case: Case) -> Cost:
        """`kernel_cost` of width 2c: 8·n·c² + 4·n·c where not causal; backward twice that. In `decode`: `state_cost`.

        Kept: relu(q) and relu(k), both features of twice their width, the cosines and sines of n angles for each, and
        what the kernel keeps. Backward at worst the gradients of both features stand beside these.
        """
        if case.phase == "decode":
            return state_cost(case, 2 * (case.head_dim or 0))
        b, h, n, c, e = case.batch_size, case.num_heads or 0, case.seq_len, case.head_dim or 0, case.element_bytes
        entries, kernel = e * b * h * n * c, kernel_cost(case, 2 * c)
        masked = case.mask != "none"
        kept = 6 * entries + 4 * e * n + kernel.saved_bytes + masked * b * n
        return Cost(
            forward_flops=kernel.forward_flops,
            backward_flops=kernel.backward_flops,
            bytes_min=attention_bytes_min(case),
            bytes_algorithm=attention_bytes_min(case) + 8 * entries + 4 * e * b * h * c * (c + 1),
            saved_bytes=kept,
            forward_peak_bytes=4 * entries + max(2 * entries, kernel.forward_peak_bytes) + masked * entries,
            train_peak_bytes=kept + masked * entries + min(kernel.train_peak_bytes, 4 * entries),
        )

    def build(self, case: Case, generator: torch.Generator) -> Callable[..., Any]:
        """Gives the function ``(q, k, v, mask=None) -> o``."""
        over_chunks = causal_kernel_attention if case.causal else kernel_attention

        def attend(
            q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, mask: torch.Tensor | None = None
        ) -> torch.Tensor:
            keys = _features(case, k, 1)
            if mask is not None:
                hidden = ~mask[:, None, :, None]
                keys, v = keys.masked_fill(hidden, 0.0), v.masked_fill(hidden, 0.0)
            return over_chunks(_features(case, q, 1 + k.shape[-2] - q.shape[-2]), keys, v)

        return attend

    def build_decode(self, case: Case, generator: torch.Generator, k: torch.Tensor, v: torch.Tensor) -> Step:
        """Gives a `KernelState`: the cache is as large whatever n."""

        def features(new: torch.Tensor) -> torch.Tensor:
            return _features(case, new, case.seq_len)

        return KernelState(features, lambda new: (features(new), None), (_features(case, k, 1), None), v)


def _features(case: Case, x: torch.Tensor, first: int) -> torch.Tensor:
    """φ(x) ``[b, h, n, 2c]``, the first token at position `first`."""
    import torch

    positions = torch.arange(first, first + x.shape[-2], device=x.device, dtype=torch.float64)
    angles = (positions * (math.pi / (2 * _max_len(case))))[:, None]
    positive = x.relu()
    return torch.cat([positive * angles.cos().to(x.dtype), positive * angles.sin().to(x.dtype)], dim=-1)


def _max_len(case: Case) -> float:
    return case.option("max_len", 0) or case.seq_len


OPERATOR = Cosformer()
