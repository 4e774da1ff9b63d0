"""torch's scaled_dot_product_attention with its own choice of kernel: the baseline of every attention."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from bench.case import Case
from bench.cost import Cost
from bench.operators._base import Attention
from bench.operators._layer import attention_bytes_min, cached_bytes, hides_the_future

if TYPE_CHECKING:
    import torch

__all__ = [
    "LARGEST_HEAD",
    "OPERATOR",
    "Sdpa",
    "formula_cost",
    "fused_cost",
    "is_fused",
    "padded_cost",
    "scaled_dot_product",
]


_PACKED_FROM = 64
"""Queries from which the CPU's kernel packs k and v below float32."""
LARGEST_HEAD = 256
"""Of CUDA's flash and cuDNN kernels."""
_DRAW_STATE = 16
"""Bytes of the seed and the offset of dropout that CUDA's kernels keep, without dropout too."""


class Sdpa(Attention):
    """``F.scaled_dot_product_attention(q, k, v)``; the kernel that ran is in the column `kernel`.

    Source: the formula is Vaswani et al., arXiv 1706.03762, equation 1; the fused kernels are FlashAttention's
    (arXiv 2205.14135, algorithm 1), whose backward recomputes the scores: 2.5 times the forward FLOPs. `is_causal`
    aligns at the top left and cannot be joined with a mask: then, and for n_q != n_k, the mask is explicit.
    """

    label = "full (SDPA)"
    provider = "torch"
    phases = frozenset({"forward", "train", "decode"})
    causal = mask = gqa = exact = rows_sum_to_one = nonnegative = keeps_output = True

    def core_cost(self, case: Case) -> Cost:
        """As for any exact attention; torch's counter has no formula for the CPU's flash kernel and counts 0.

        Kept: q, k, v, o and a log-sum-exp a row, and of a mask its float form. Beside the output the CPU's kernel
        holds for each thread one block of scores; backward: two such blocks, the gradients of q, k and v, and a copy
        of that of o, since it lays out o by tokens and not by heads. Where CUDA has no fused kernel it is the
        formula, as in `sdpa_math`.
        """
        return fused_cost(case) if is_fused(case) else formula_cost(case)

    def keeps_o(self, case: Case) -> bool:
        return self.keeps_output and is_fused(case)

    def build(self, case: Case, generator: torch.Generator) -> Callable[..., Any]:
        """Gives the function ``(q, k, v, mask=None) -> o``."""

        import torch.nn.functional as F

        def attend(
            q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, mask: torch.Tensor | None = None
        ) -> torch.Tensor:
            if mask is None and not case.causal:  # nothing to decide: what stands around the call shows at 256 tokens
                return F.scaled_dot_product_attention(q, k, v, enable_gqa=q.shape[1] != k.shape[1])
            return scaled_dot_product(q, k, v, mask, causal=case.causal)

        return attend


def is_fused(case: Case) -> bool:
    """Gives whether torch has a fused kernel for a case; where it has none it computes the formula.

    On CUDA there is none for float64. Key heads that are fewer are taken by the flash and the cuDNN kernel only,
    which are of half precision and take heads up to 256. Seen with torch 2.11 on an H100 in float64 and float32.
    """
    if case.device != "cuda":
        return True
    narrow = case.dtype != "float32" and (case.head_dim or 0) <= LARGEST_HEAD
    return case.dtype != "float64" and (case.kv_heads == case.num_heads or narrow)


def formula_cost(case: Case, key_heads: int | None = None) -> Cost:
    """Gives the closed forms of the formula in torch's own operators.

    Scores and their product with v are 2·b·h·n²·c each; backward twice that. Kept, for all query heads and in float32
    at least: q and k with their scale, v and the probabilities. Worst moment forward: scaled q and k, scores and
    probabilities, and k and v where they are repeated for more query heads; backward: the probabilities, their
    gradient and that of the scores, beside scaled q and k and the output.

    Args:
        case: gives shapes.
        key_heads: where as many stay as they are, the query heads that share one being further queries of it.
    """
    b, h, n, c, e = case.batch_size, case.num_heads or 0, case.seq_len, case.head_dim or 0, case.element_bytes
    queries, wide = case.query_len, max(e, 4)
    flops = 4 * b * h * queries * n * c
    scores, output = wide * b * h * queries * n, wide * b * h * queries * c
    keys = wide * b * (key_heads or h) * n * c
    repeated = 2 * keys if key_heads is None and case.kv_heads != h else 0
    return Cost(
        forward_flops=flops,
        backward_flops=2 * flops,
        ideal_share=(n + 1) / (2 * n) if hides_the_future(case) else 1.0,
        bytes_min=attention_bytes_min(case),
        bytes_algorithm=attention_bytes_min(case) + 4 * scores + 2 * output + 2 * keys,
        saved_bytes=output + 2 * keys + scores,
        forward_peak_bytes=output + keys + repeated + scores + max(scores, output),
        train_peak_bytes=3 * scores + 3 * output,
        kv_cache_bytes=cached_bytes(case, 2 * c),
    )


def fused_cost(case: Case, rows: int | None = None) -> Cost:
    """Gives the closed forms of torch's fused kernels: see `Sdpa.core_cost`.

    Args:
        case: its heads and their width; need not be those of a suite.
        rows: queries a sample and head as the kernel is fed them, where heads are put below one another.
    """
    b, h, c, e = case.batch_size, case.num_heads or 0, case.head_dim or 0, case.element_bytes
    queries, n, causal = case.query_len, case.seq_len, hides_the_future(case)
    flops = 4 * b * h * queries * n * c
    output, lse = e * b * h * queries * c, max(e, 4) * b * h * queries
    kv = e * b * case.kv_heads * n * c
    gap = flops if case.device == "cpu" else 0
    added = e * b * (n if not causal else n * n) if case.mask != "none" else 0
    past = n * n * (1 + b) if causal and added else 0
    drawn = _DRAW_STATE if case.device == "cuda" else 0
    scratch = _scratch(case, rows or queries)
    return Cost(
        forward_flops=flops,
        backward_flops=flops * 5 // 2,
        forward_counter_gap=gap,
        backward_counter_gap=gap * 5 // 2,
        ideal_share=(n + 1) / (2 * n) if causal else 1.0,
        bytes_min=attention_bytes_min(case),
        bytes_algorithm=attention_bytes_min(case) + lse,
        saved_bytes=2 * output + 2 * kv + lse + added + drawn,
        forward_peak_bytes=output + lse + added + past + scratch.forward,
        train_peak_bytes=3 * output + 2 * kv + lse + added + scratch.backward,
        kv_cache_bytes=cached_bytes(case, 2 * c),
    )


def padded_cost(case: Case, *, keys: int, values: int, key_heads: int | None = None, rows: int | None = None) -> Cost:
    """Gives the closed forms of exact attention with keys and values of two widths, the narrower padded with zeros.

    FLOPs are those of the definition, ``2b·h·n_q·n(c_k + c_v)``, backward ``2b·h·n²(3c_k + 2c_v)``; the rest is of
    what runs, `sdpa` with heads of the larger width: no fused kernel of the CPU takes two.

    Args:
        case: gives all but the widths.
        keys: c_k.
        values: c_v.
        key_heads: g; absent: h.
        rows: as of `fused_cost`.
    """
    padded = case.replace(head_dim=max(keys, values), num_kv_heads=key_heads)
    fed = padded if rows is None else padded.replace(num_kv_heads=None)  # heads as further queries of one head
    ran = fused_cost(padded, rows) if is_fused(fed) else formula_cost(padded, None if rows is None else key_heads)
    pairs = case.batch_size * (case.num_heads or 1) * case.query_len * case.seq_len
    forward, backward = 2 * pairs * (keys + values), 2 * pairs * (3 * keys + 2 * values)
    return dataclasses.replace(
        ran,
        forward_flops=forward,
        backward_flops=backward,
        forward_counter_gap=forward - (ran.forward_flops - ran.forward_counter_gap),
        backward_counter_gap=backward - (ran.backward_flops - ran.backward_counter_gap),
    )


def scaled_dot_product(
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    mask: torch.Tensor | None = None,
    *,
    causal: bool = False,
    scale: float | None = None,
) -> torch.Tensor:
    """Gives ``softmax(scale·q kᵀ) v`` by torch's call, ``[b, h, n_q, c_v]``.

    Args:
        q: ``[b, h, n_q, c]``.
        k: ``[b, g, n, c]``.
        v: ``[b, g, n, c_v]``; where c_v is not c the CPU has no fused kernel.
        mask: ``[b, n]`` bool, true where the key is there.
        causal: whether query i sees only the keys ``j <= i + n - n_q``.
        scale: absent: 1/√c.
    """
    import torch
    import torch.nn.functional as F

    seen = None if mask is None else mask[:, None, None, :]
    n_q, n_k = q.shape[-2], k.shape[-2]
    top_left = causal and seen is None and n_q == n_k
    if causal and not top_left:
        past = torch.ones(n_q, n_k, dtype=torch.bool, device=q.device).tril_(n_k - n_q)
        seen = past if seen is None else past & seen
    grouped = q.shape[1] != k.shape[1]
    return F.scaled_dot_product_attention(
        q, k, v, attn_mask=seen, is_causal=top_left, scale=scale, enable_gqa=grouped
    )


class _Scratch(NamedTuple):
    """Bytes that the CPU's flash kernel holds beside its inputs and outputs."""

    forward: int
    backward: int


def _scratch(case: Case, rows: int) -> _Scratch:
    """A thread's block of scores, row maximum and sum, and output; backward the scores and their gradient.

    Block sizes are those of torch 2.13 (aten/src/ATen/native/cpu/FlashAttentionKernel.cpp). Below float32 the scores
    are also kept in the inputs' type, and k and v are packed for 64 queries and more, as on a CPU with matrix
    instructions of that type.
    """
    if case.device != "cpu":
        return _Scratch(0, 0)
    n, c, e = case.seq_len, case.head_dim or 0, case.element_bytes
    threads, wide = case.threads or os.cpu_count() or 1, max(e, 4)
    queries, keys = min(rows, 256 if rows >= 768 else 64 if rows >= 192 else 32), min(n, 512)
    forward, backward = wide * queries * (keys + 2 + c), 2 * wide * queries * keys
    if e == wide:
        return _Scratch(threads * forward, threads * backward)
    packs = rows >= _PACKED_FROM
    packed = packs * 2 * e * case.batch_size * case.kv_heads * n * c
    forward, backward = forward + e * keys * (queries + packs * c), backward + 2 * e * queries * keys
    return _Scratch(threads * forward + packed, threads * backward)


OPERATOR = Sdpa()
