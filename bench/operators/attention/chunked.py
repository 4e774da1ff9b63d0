"""Exact attention by online softmax over blocks of keys, in plain torch: no n × n matrix, forward or backward.

Axis legend: b batch, g key/value heads, r query heads of each, n_q and n_k tokens, C keys a block, c widths.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from bench.case import Case
from bench.cost import Cost
from bench.operators._base import Attention
from bench.operators._layer import attention_bytes_min, cached_bytes, hides_the_future

if TYPE_CHECKING:
    import torch

__all__ = ["CHUNK", "OPERATOR"]

CHUNK = 128
"""Keys a block."""


class Chunked(Attention):
    """``softmax(q kᵀ / √c) v`` with a running maximum and sum of each row; backward recomputes the scores.

    For each block of keys: ``m' = max(m, rowmax S)``, ``P = exp(S - m')``, ``l = e^(m-m') l + rowsum P``,
    ``o = e^(m-m') o + P v``; at the end ``o / l``, and ``m + log l`` is kept. Backward from that, q, k, v and o
    alone; through autograd of these lines all probabilities would be kept, and memory be quadratic after all.
    Causal, a block of keys is skipped by the queries before it.
    Source: Milakov and Gimelshein, arXiv 1805.02867; Dao et al., arXiv 2205.14135, algorithms 1 and 4.
    """

    label = "full (chunked)"
    phases = frozenset({"forward", "train", "decode"})
    causal = mask = gqa = exact = rows_sum_to_one = nonnegative = True

    def core_cost(self, case: Case) -> Cost:
        """4·c for each pair of a query and a key of a block that it meets; backward five products: 2.5 times that.

        Kept: q, k, v, o and a log-sum-exp a row. Worst moment forward: o and one block of probabilities, beside o's
        part of it or the block's scaled keys; backward: gradients of q, k and v and of o's product, and two blocks of
        scores.
        """
        b, h, n, c, e = case.batch_size, case.num_heads or 0, case.seq_len, case.head_dim or 0, case.element_bytes
        wide, masked = max(e, 4), case.mask != "none"
        queries, causal = case.query_len, hides_the_future(case)
        starts = range(0, n, CHUNK)
        pairs = sum(min(CHUNK, n - start) * (n - start if causal else queries) for start in starts)
        output, lse, block = (size * b * h * queries for size in (e * c, wide, wide * min(CHUNK, n)))
        kv, scaled = (e * b * case.kv_heads * keys * c for keys in (n, min(CHUNK, n)))
        return Cost(
            forward_flops=4 * b * h * pairs * c,
            backward_flops=10 * b * h * pairs * c,
            ideal_share=n * (n + 1) / 2 / pairs if causal else 1.0,
            bytes_min=attention_bytes_min(case),
            # a block's scores: written and read, twice; for each block but the first q is read, o read and written
            bytes_algorithm=attention_bytes_min(case)
            + 4 * wide * b * h * pairs
            + 3 * (len(starts) - 1) * output
            + lse,
            saved_bytes=2 * output + 2 * kv + lse + masked * b * n,
            forward_peak_bytes=output + block + max(output + 4 * lse, scaled + 2 * lse),
            train_peak_bytes=3 * output + 2 * kv + 2 * block + lse,
            kv_cache_bytes=cached_bytes(case, 2 * c),
        )

    def build(self, case: Case, generator: torch.Generator) -> Callable[..., Any]:
        """Gives the function ``(q, k, v, mask=None) -> o``; sums are in float32 at least."""
        import torch
        from torch.autograd.function import once_differentiable

        class Online(torch.autograd.Function):
            @staticmethod
            def forward(ctx: Any, q: Any, k: Any, v: Any, mask: Any) -> Any:
                b, g, r, n, _ = q.shape
                wide = torch.promote_types(q.dtype, torch.float32)
                output = torch.zeros(b, g, r, n, v.shape[-1], dtype=wide, device=q.device)
                total = torch.zeros(b, g, r, n, 1, dtype=wide, device=q.device)
                largest = torch.full_like(total, torch.finfo(wide).min)  # finite: -inf less -inf would be NaN
                for start in range(0, k.shape[-2], CHUNK):
                    first, keys, scores, hidden = _block(q, k, mask, case.causal, start)
                    before = largest[..., first:, :]
                    now = torch.maximum(before, scores.amax(dim=-1, keepdim=True))
                    weights, fade = _exp(scores.sub_(now), hidden), (before - now).exp_()
                    total[..., first:, :].mul_(fade).add_(weights.sum(dim=-1, keepdim=True))
                    part = _folded(weights.to(v.dtype)) @ v[..., keys, :]
                    output[..., first:, :].mul_(fade).add_(part.unflatten(-2, (r, -1)))
                    largest[..., first:, :] = now
                    del scores, weights  # before the next block has its own
                total.masked_fill_(total == 0, 1.0)  # a row without keys gives 0
                output = output.div_(total).to(q.dtype)
                ctx.save_for_backward(q, k, v, output, largest.add_(total.log_()), mask)
                return output

            @staticmethod
            @once_differentiable
            def backward(ctx: Any, gradient: Any) -> Any:
                q, k, v, output, lse, mask = ctx.saved_tensors
                scale, r = 1 / math.sqrt(q.shape[-1]), q.shape[2]
                product = (gradient * output).sum(dim=-1, keepdim=True, dtype=lse.dtype)
                to_q = torch.zeros(q.shape, dtype=lse.dtype, device=q.device)
                to_k, to_v = torch.empty_like(k), torch.empty_like(v)
                for start in range(0, k.shape[-2], CHUNK):
                    first, keys, scores, hidden = _block(q, k, mask, case.causal, start)
                    weights = _folded(_exp(scores.sub_(lse[..., first:, :]), hidden))
                    upstream = _folded(gradient[..., first:, :])
                    to_v[..., keys, :] = weights.to(v.dtype).mT @ upstream
                    change = (upstream @ v[..., keys, :].mT).to(lse.dtype)
                    change = change.sub_(_folded(product[..., first:, :])).mul_(weights).to(q.dtype)
                    to_q[..., first:, :].add_((change @ (k[..., keys, :] * scale)).unflatten(-2, (r, -1)))
                    to_k[..., keys, :] = (change.mT @ _folded(q[..., first:, :])) * scale
                    del scores, weights, change
                return to_q.to(q.dtype), to_k, to_v, None

        def attend(
            q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, mask: torch.Tensor | None = None
        ) -> torch.Tensor:
            grouped = torch.unflatten(q, 1, (k.shape[1], -1))
            output: torch.Tensor = Online.apply(grouped, k, v, mask)  # type: ignore[no-untyped-call]
            return output.flatten(1, 2)

        return attend


def _block(
    q: torch.Tensor, k: torch.Tensor, mask: torch.Tensor | None, causal: bool, start: int
) -> tuple[int, slice, torch.Tensor, torch.Tensor | None]:
    """Gives the first query that meets a block, its keys, the scores, and which pairs are hidden.

    Causal rows are aligned at the bottom right. The scores, ``[b, g, r, n_q - first, C]``, are a new tensor in
    float32 at least; hidden ones hold the lowest finite number.
    """
    import torch

    past = k.shape[-2] - q.shape[-2]
    keys = slice(start, min(start + CHUNK, k.shape[-2]))
    first = max(0, start - past) if causal else 0
    hidden = None if mask is None else ~mask[:, None, None, None, keys]
    if causal:
        pairs = torch.ones(q.shape[-2] - first, keys.stop - start, dtype=torch.bool, device=q.device)
        future = pairs.triu_(1 + first + past - start)
        hidden = future if hidden is None else hidden | future
    # the scale is on the keys: half-precision scores do not overflow, and q is not copied
    scores = _folded(q[..., first:, :]) @ (k[..., keys, :] / math.sqrt(q.shape[-1])).mT
    scores = torch.unflatten(scores, -2, (q.shape[2], -1)).to(torch.promote_types(q.dtype, torch.float32))
    if hidden is not None:
        scores.masked_fill_(hidden, torch.finfo(scores.dtype).min)
    return first, keys, scores, hidden


def _exp(exponents: torch.Tensor, hidden: torch.Tensor | None) -> torch.Tensor:
    """In place; hidden entries become 0, also in a row that has no other."""
    weights = exponents.exp_()
    return weights if hidden is None else weights.masked_fill_(hidden, 0.0)


def _folded(x: torch.Tensor) -> torch.Tensor:
    """``[b, g, r, n, c] -> [b, g, r·n, c]``: the query heads of a key head one below the other."""
    return x.flatten(-3, -2)


OPERATOR = Chunked()
