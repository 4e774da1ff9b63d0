"""torch's flex_attention: attention whose mask is a function of positions, and whose fused kernel a compiler writes.

Axis legend: b batch, h query heads, g key/value heads, n_q and n_k tokens, c head_dim.
"""

from __future__ import annotations

import copy
import os
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from bench.case import Case
from bench.cost import Cost
from bench.operators._base import Attention
from bench.operators._layer import attention_bytes_min

if TYPE_CHECKING:
    import torch
    from torch.nn.attention.flex_attention import BlockMask

__all__ = ["BLOCK", "OPERATOR"]

BLOCK = 128
"""Queries and keys of a block of the BlockMask."""


class Flex(Attention):
    """``flex_attention(q, k, v, block_mask=…, enable_gqa=…)``; fused where the case is `compiled`, and only there.

    Uncompiled, torch runs the formula, which holds all scores and skips none; compiled, one kernel for which no score
    is stored and that skips the blocks of keys in a query's future. The column `kernel` tells which ran. Causal
    blocks are laid out at set-up for the case's shape; a key mask comes with the call, and so does its `mask_mod`,
    which then is asked in every block. On the CPU there is no backward pass. Source: torch 2.13,
    torch/nn/attention/flex_attention.py; Dong et al., arXiv 2412.05496; what the fused kernel does on the CPU is in
    torch/_inductor/codegen/cpp_flex_attention_template.py. Compiled on CUDA it was not run.
    """

    label = "full (Flex)"
    provider = "torch"
    causal = mask = gqa = exact = rows_sum_to_one = nonnegative = keeps_output = True
    uncounted = "torch's FlopCounterMode raises TypeError around uncompiled flex_attention"

    def unsupported(self, case: Case) -> str | None:
        reason = super().unsupported(case)
        if reason is None and case.device == "cpu" and case.phase == "train":
            reason = f"{case.operator} has no backward pass on the CPU: torch's FlexAttention refuses gradients there"
        if reason is None and case.device == "cpu" and case.compiled and case.dtype == "float64":
            reason = f"{case.operator} compiled for the CPU takes no float64; compiled: false does"
        return reason

    def core_cost(self, case: Case) -> Cost:
        """4·c for each pair of a query and a key that is computed: all of them, or compiled those of visited blocks.

        So a causal mask's block sparsity is in the FLOPs of a compiled case, and `ideal_share` is what remains of
        the definition in them. Backward recomputes the scores: 2.5 times the forward FLOPs. Kept: q, k, v, o, a
        log-sum-exp and a maximum a row, and the blocks. Worst moment forward: uncompiled, k and v for each query
        head, the scores before and after the mask, the probabilities and a boolean a score, all but k and v in
        float32 at least; compiled, the output and a block of scores and of outputs a thread.
        """
        b, h, n, c, e = case.batch_size, case.num_heads or 0, case.seq_len, case.head_dim or 0, case.element_bytes
        wide, fused = max(e, 4), case.compiled
        pairs = _visited_pairs(n) if fused and case.causal else n * n
        needed = n * (n + 1) // 2 if case.causal else n * n
        output, lse, scores = e * b * h * n * c, wide * b * h * n, wide * b * h * n * n
        kv = output * case.kv_heads // h
        minimum = attention_bytes_min(case)
        masked = case.mask != "none"
        side = -(-n // BLOCK)
        blocks = 8 * (side + side * side) * (1 if masked else 2)  # with a mask, none of them is whole
        kept = 2 * output + 2 * kv + 2 * lse + masked * b * n + blocks
        flops = 4 * b * h * pairs * c
        forward = output + _scratch(case) if fused else 3 * scores + b * h * n * n + 2 * output + 3 * lse
        return Cost(
            forward_flops=flops,
            backward_flops=flops * 5 // 2,
            ideal_share=needed / pairs,
            bytes_min=minimum,
            # uncompiled the scores are written and read by the product, the scale, the mask and the softmax, and read
            # for log-sum-exp, maximum and empty rows
            bytes_algorithm=minimum + (lse if fused else 11 * scores + 4 * output),
            saved_bytes=kept,
            forward_peak_bytes=forward,
            train_peak_bytes=3 * output + 2 * kv + lse if fused else kept + 5 * scores + 4 * output,
        )

    def build(self, case: Case, generator: torch.Generator) -> Callable[..., Any]:
        """Gives the function ``(q, k, v, mask=None) -> o``."""
        from torch.nn.attention.flex_attention import flex_attention

        # said once a process where it is not compiled: that is asked for, and the column `kernel` tells it
        for said in ("flex_attention called without torch.compile", "Dynamo does not know how to trace the builtin"):
            warnings.filterwarnings("ignore", message=said)
        n, masked = case.seq_len, case.mask != "none"
        of_case = _blocks(n, n, causal=case.causal, masked=masked, device=case.device)

        def attend(
            q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, mask: torch.Tensor | None = None
        ) -> torch.Tensor:
            n_q, n_k = q.shape[-2], k.shape[-2]
            if case.compiled:  # torch 2.13 compiles no kernel for the CPU that reads a view of a projection's output
                q, k, v = q.contiguous(), k.contiguous(), v.contiguous()
            blocks = of_case
            if (n_q, n_k, mask is not None) != (n, n, masked):
                blocks = _blocks(n_q, n_k, causal=case.causal, masked=mask is not None, device=case.device)
            blocks = copy.copy(blocks)
            blocks.mask_mod = _mask_mod(case.causal, n_k - n_q, mask)
            output: torch.Tensor = flex_attention(q, k, v, block_mask=blocks, enable_gqa=q.shape[1] != k.shape[1])
            return output

        return attend


def _blocks(n_q: int, n_k: int, *, causal: bool, masked: bool, device: str) -> BlockMask:
    """Gives which blocks of keys each block of queries visits, and in which of them no pair is hidden.

    Causal rows are aligned at the bottom right. Under a key mask every visited block may hide a pair. As in torch's
    `create_block_mask`, a block of queries that is not full has no block without hidden pairs; but that writes out
    every pair first: 2.6 GiB and 5 s at 16384 tokens. Where nothing is hidden there are blocks all the same: without
    any, the fused kernel takes the whole matrix for one on the CPU, and stores it.

    Returns:
        The blocks, their `mask_mod` still to be set.
    """
    import torch
    from torch.nn.attention.flex_attention import BlockMask

    rows, columns, past = -(-n_q // BLOCK), -(-n_k // BLOCK), n_k - n_q
    first, order = BLOCK * torch.arange(rows, device=device), torch.arange(columns, device=device)
    visited = whole = torch.full_like(first, columns)
    if causal:
        visited = ((first + BLOCK).clamp(max=n_q) + past + BLOCK - 1).div(BLOCK, rounding_mode="floor")
        whole = (first + past + 1).div(BLOCK, rounding_mode="floor")
    whole = whole.clamp(0, columns) * (first + BLOCK <= n_q) * (not masked)
    partial = visited.clamp(0, columns) - whole
    counts = [count.to(torch.int32)[None, None] for count in (partial, whole)]
    orders = [
        index.to(torch.int32)[None, None].contiguous()
        for index in ((order + whole[:, None]) % columns, order.expand(rows, -1))
    ]
    return BlockMask.from_kv_blocks(
        counts[0],
        orders[0],
        None if masked else counts[1],
        None if masked else orders[1],
        BLOCK_SIZE=BLOCK,
        seq_lengths=(n_q, n_k),
    )


def _mask_mod(causal: bool, past: int, mask: torch.Tensor | None) -> Callable[..., Any]:
    """Gives torch's question whether query i of a sample sees its key j."""

    def seen(sample: Any, head: Any, i: Any, j: Any) -> Any:
        before = j <= i + past if causal else j >= 0
        return before if mask is None else before & mask[sample, j]

    return seen


def _visited_pairs(n: int) -> int:
    """Pairs of a query and a key in the blocks that a causal mask of n tokens leaves."""
    return sum((min(end, n) - end + BLOCK) * min(end, n) for end in range(BLOCK, n + BLOCK, BLOCK))


def _scratch(case: Case) -> int:
    """Bytes that the fused kernel of torch 2.13 holds on the CPU beside its inputs and output.

    A thread's block of scores, row maximum and sum, and output, the scores also in the inputs' type, and room for a
    block of q and of k; and for k and v as a whole, whether or not they are packed.
    """
    if case.device != "cpu":
        return 0
    n, c, e = case.seq_len, case.head_dim or 0, case.element_bytes
    threads, side = case.threads or os.cpu_count() or 1, min(BLOCK, case.seq_len)
    of_a_thread = max(e, 4) * side * (side + 2 + c) + e * side * (side + 2 * c)
    return threads * of_a_thread + 2 * e * case.batch_size * case.kv_heads * n * c


OPERATOR = Flex()
