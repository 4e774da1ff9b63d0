"""Efficient attention: softmax over the width of each query and over the tokens of the keys, before any product."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from bench.case import Case
from bench.cost import Cost
from bench.operators._base import Attention
from bench.operators._layer import attention_bytes_min
from bench.operators.attention._kernel import KernelState, causal_kernel_attention, kernel_cost, state_cost

if TYPE_CHECKING:
    import torch

    from bench.operators._decode import Step

__all__ = ["OPERATOR"]


class Efficient(Attention):
    """``softmax_c(q) (softmax_n(k)ᵀ v)``: the first softmax over a query's channels, the second over all tokens.

    No scale. Its matrix has rank head_dim; its rows sum to one without a division. The causal form normalises each
    channel by its own sum so far, ``Σ_c softmax(q_i)_c (Σ_{j<=i} e^{k_jc} v_j) / (Σ_{j<=i} e^{k_jc})``, which is the
    other form on each prefix; it is `causal_kernel_attention` with that sum put into the query's features.
    Source: Shen et al., arXiv 1812.01243, equations 5 and 6; the causal form is not theirs.
    """

    label = "efficient"
    phases = frozenset({"forward", "train", "decode"})
    causal = mask = rows_sum_to_one = nonnegative = True

    def matrix_rank(self, case: Case) -> int | None:
        return case.head_dim if (case.head_dim or 0) < case.seq_len and not case.causal else None

    def core_cost(self, case: Case) -> Cost:
        """The state and its reading 2·n·c² each; backward twice that; causal `kernel_cost`, a step `state_cost`.

        Kept: v, the state and both softmaxes, not q and k. Worst moment forward: state, softmax(q) and output, beside
        what a mask has filled; backward: the output, what is kept and the gradients of all of these; at scope
        `layer` q and k are gone by then.
        """
        if case.phase == "decode":
            return state_cost(case, case.head_dim or 0, scales=case.head_dim or 0, by_channel=True)
        if case.causal:
            return self._causal_cost(case)
        b, h, n, c, e = case.batch_size, case.num_heads or 0, case.seq_len, case.head_dim or 0, case.element_bytes
        flops = 4 * b * h * n * c * c
        entries, state = e * b * h * n * c, e * b * h * c * c
        masked = case.mask != "none"
        return Cost(
            forward_flops=flops,
            backward_flops=2 * flops,
            bytes_min=attention_bytes_min(case),
            bytes_algorithm=attention_bytes_min(case) + 4 * entries + 2 * state,
            saved_bytes=3 * entries + state + masked * b * n,
            forward_peak_bytes=2 * entries + state + masked * 2 * entries,
            train_peak_bytes=(8 if case.scope == "core" else 6) * entries,
        )

    def _causal_cost(self, case: Case) -> Cost:
        """Kept beside what `kernel_cost` says: k, its log-sum-exp so far, softmax(q) and both features."""
        b, h, n, c, e = case.batch_size, case.num_heads or 0, case.seq_len, case.head_dim or 0, case.element_bytes
        entries, kernel = e * b * h * n * c, kernel_cost(case, c, scaled=True)
        masked = case.mask != "none"
        kept = 4 * entries + kernel.saved_bytes + masked * (entries + b * n)
        return Cost(
            forward_flops=kernel.forward_flops,
            backward_flops=kernel.backward_flops,
            bytes_min=attention_bytes_min(case),
            bytes_algorithm=attention_bytes_min(case) + 8 * entries + 2 * e * b * h * c * (c + 1),
            saved_bytes=entries + kept,
            forward_peak_bytes=(2 + 2 * masked) * entries + kernel.forward_peak_bytes,
            train_peak_bytes=kept + kernel.train_peak_bytes,
        )

    def build(self, case: Case, generator: torch.Generator) -> Callable[..., Any]:
        """Gives the function ``(q, k, v, mask=None) -> o``."""
        import torch

        def attend(
            q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, mask: torch.Tensor | None = None
        ) -> torch.Tensor:
            hidden = None if mask is None else ~mask[:, None, :, None]
            if hidden is not None:
                k = k.masked_fill(hidden, torch.finfo(k.dtype).min)
                v = v.masked_fill(hidden, 0.0)  # a sample without keys gives 0
            if case.causal:
                return causal(q, k, v, hidden)
            return q.softmax(dim=-1) @ (k.softmax(dim=-2).mT @ v)

        def causal(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, hidden: torch.Tensor | None) -> torch.Tensor:
            # the largest of all channels so far keeps both features in range; it cancels in their product
            largest = k.detach().amax(dim=-1, keepdim=True).cummax(dim=-2).values
            keys = (k - largest).exp_()
            if hidden is not None:
                keys = keys.masked_fill(hidden, 0.0)
            queries = (q.log_softmax(dim=-1) - (k.logcumsumexp(dim=-2) - largest)).exp_()
            return causal_kernel_attention(queries, keys, v, largest)

        return attend

    def build_decode(self, case: Case, generator: torch.Generator, k: torch.Tensor, v: torch.Tensor) -> Step:
        """Gives a `KernelState`: the cache is as large whatever n."""

        def keys(k: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            largest = k.amax(dim=-2, keepdim=True)
            return (k - largest).exp_(), largest

        return KernelState(lambda q: q.softmax(dim=-1), keys, keys(k), v, by_channel=True)


OPERATOR = Efficient()
