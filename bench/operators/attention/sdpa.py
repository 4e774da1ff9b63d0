"""torch's scaled_dot_product_attention with its own choice of kernel: the baseline of every attention."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from bench.case import Case
from bench.cost import Cost
from bench.operators._base import Attention
from bench.operators._layer import attention_bytes_min

if TYPE_CHECKING:
    import torch

__all__ = ["OPERATOR"]


class Sdpa(Attention):
    """``F.scaled_dot_product_attention(q, k, v)``; the kernel that ran is in the column `kernel`.

    Source: the formula is Vaswani et al., arXiv 1706.03762, equation 1; the fused kernels are FlashAttention's
    (arXiv 2205.14135, algorithm 1), whose backward recomputes the scores: 2.5 times the forward FLOPs. `is_causal`
    aligns at the top left and cannot be joined with a mask: then, and for n_q != n_k, the mask is explicit.
    """

    label = "full (SDPA)"
    provider = "torch"
    causal = mask = gqa = exact = rows_sum_to_one = nonnegative = keeps_output = True

    def core_cost(self, case: Case) -> Cost:
        """As for any exact attention; torch's counter has no formula for the CPU's flash kernel and counts 0.

        Kept: q, k, v, o and a log-sum-exp a row, and of a mask its float form. Beside the output the CPU's kernel
        holds for each thread one block of scores; backward: two such blocks, the gradients of q, k and v, and a copy
        of that of o, since it lays out o by tokens and not by heads.
        """
        b, h, n, c, e = case.batch_size, case.num_heads or 0, case.seq_len, case.head_dim or 0, case.element_bytes
        flops = 4 * b * h * n * n * c
        output, lse = e * b * h * n * c, max(e, 4) * b * h * n
        kv = output * case.kv_heads // h
        gap = flops if case.device == "cpu" else 0
        added = e * b * (n if not case.causal else n * n) if case.mask != "none" else 0
        past = n * n * (1 + b) if case.causal and added else 0
        scratch = _scratch(case)
        return Cost(
            forward_flops=flops,
            backward_flops=flops * 5 // 2,
            forward_counter_gap=gap,
            backward_counter_gap=gap * 5 // 2,
            ideal_share=(n + 1) / (2 * n) if case.causal else 1.0,
            bytes_min=attention_bytes_min(case),
            bytes_algorithm=attention_bytes_min(case) + lse,
            saved_bytes=2 * output + 2 * kv + lse + added,
            forward_peak_bytes=output + lse + added + past + scratch.forward,
            train_peak_bytes=3 * output + 2 * kv + lse + added + scratch.backward,
        )

    def build(self, case: Case, generator: torch.Generator) -> Callable[..., Any]:
        """Gives the function ``(q, k, v, mask=None) -> o``."""
        import torch
        import torch.nn.functional as F

        def attend(
            q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, mask: torch.Tensor | None = None
        ) -> torch.Tensor:
            seen = None if mask is None else mask[:, None, None, :]
            n_q, n_k = q.shape[-2], k.shape[-2]
            top_left = case.causal and seen is None and n_q == n_k
            if case.causal and not top_left:
                past = torch.ones(n_q, n_k, dtype=torch.bool, device=q.device).tril_(n_k - n_q)
                seen = past if seen is None else past & seen
            grouped = q.shape[1] != k.shape[1]
            return F.scaled_dot_product_attention(q, k, v, attn_mask=seen, is_causal=top_left, enable_gqa=grouped)

        return attend


class _Scratch(NamedTuple):
    """Bytes that the CPU's flash kernel holds beside its inputs and outputs."""

    forward: int
    backward: int


def _scratch(case: Case) -> _Scratch:
    """A thread's block of scores, row maximum and sum, and output; backward the scores and their gradient.

    Block sizes are those of torch 2.13 (aten/src/ATen/native/cpu/FlashAttentionKernel.cpp). Below float32 the scores
    are also kept in the inputs' type, and k and v are packed, as on a CPU with matrix instructions of that type.
    """
    if case.device != "cpu":
        return _Scratch(0, 0)
    n, c, e = case.seq_len, case.head_dim or 0, case.element_bytes
    threads, wide = case.threads or os.cpu_count() or 1, max(e, 4)
    queries, keys = min(n, 256 if n >= 768 else 64 if n >= 192 else 32), min(n, 512)
    forward, backward = wide * queries * (keys + 2 + c), 2 * wide * queries * keys
    if e == wide:
        return _Scratch(threads * forward, threads * backward)
    packed = 2 * e * case.batch_size * case.kv_heads * n * c
    forward, backward = forward + e * keys * (queries + c), backward + 2 * e * queries * keys
    return _Scratch(threads * forward + packed, threads * backward)


OPERATOR = Sdpa()
