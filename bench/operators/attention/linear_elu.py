"""Linear attention with the features elu(x) + 1."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from bench.case import Case
from bench.cost import Cost
from bench.operators._base import Attention
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


class LinearElu(Attention):
    """``φ(q) (φ(k)ᵀ v)``, rows normalised, with ``φ(x) = x + 1`` for x > 0 and ``exp(x)`` else; no scale.

    Not computed as ``elu(x) + 1``, which is 0 in float32 from x = -17 down. It has no rank to choose: its matrix has
    rank head_dim. Source: Katharopoulos et al., arXiv 2006.16236, equations 5 and 7; causal: 8 to 12, in chunks.
    """

    label = "linear (elu + 1)"
    phases = frozenset({"forward", "train", "decode"})
    causal = mask = rows_sum_to_one = nonnegative = True

    def matrix_rank(self, case: Case) -> int | None:
        return case.head_dim if (case.head_dim or 0) < case.seq_len and not case.causal else None

    def core_cost(self, case: Case) -> Cost:
        """`kernel_cost` of width c: 4·n·c² + 2·n·c where not causal; backward twice that. In `decode`: `state_cost`.

        Kept: q, k, the exponentials in φ(q) and φ(k), both of these, and what the kernel keeps.
        """
        if case.phase == "decode":
            return state_cost(case, case.head_dim or 0)
        b, h, n, c, e = case.batch_size, case.num_heads or 0, case.seq_len, case.head_dim or 0, case.element_bytes
        entries, kernel = e * b * h * n * c, kernel_cost(case, c)
        masked = case.mask != "none"
        kept = 4 * entries + kernel.saved_bytes + masked * b * n
        return Cost(
            forward_flops=kernel.forward_flops,
            backward_flops=kernel.backward_flops,
            bytes_min=attention_bytes_min(case),
            bytes_algorithm=attention_bytes_min(case) + 4 * entries + 2 * e * b * h * c * (c + 1),
            saved_bytes=2 * entries + kept,
            forward_peak_bytes=2 * entries + kernel.forward_peak_bytes + masked * entries,
            train_peak_bytes=kept + masked * entries + kernel.train_peak_bytes,
        )

    def build(self, case: Case, generator: torch.Generator) -> Callable[..., Any]:
        """Gives the function ``(q, k, v, mask=None) -> o``."""
        over_chunks = causal_kernel_attention if case.causal else kernel_attention

        def attend(
            q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, mask: torch.Tensor | None = None
        ) -> torch.Tensor:
            keys = _features(k)
            if mask is not None:
                hidden = ~mask[:, None, :, None]
                keys, v = keys.masked_fill(hidden, 0.0), v.masked_fill(hidden, 0.0)
            # two products read φ(q): at scope layer, where heads lie apart, each would copy it
            return over_chunks(_features(q).contiguous(), keys, v)

        return attend

    def build_decode(self, case: Case, generator: torch.Generator, k: torch.Tensor, v: torch.Tensor) -> Step:
        """Gives a `KernelState`: the cache is as large whatever n."""
        return KernelState(_features, lambda new: (_features(new), None), (_features(k), None), v)


def _features(x: torch.Tensor) -> torch.Tensor:
    import torch.nn.functional as F

    # threshold is relu; unlike relu it keeps its input, so that its output may be added to in place
    return F.threshold(x, 0.0, 0.0).add_(x.clamp(max=0).exp_())


OPERATOR = LinearElu()
