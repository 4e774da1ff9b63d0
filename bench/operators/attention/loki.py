"""Loki: scores in the leading directions of the keys choose which keys a query attends to, exactly."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from bench.case import Case
from bench.cost import Cost
from bench.operators._base import Attention, Option
from bench.operators._layer import attention_bytes_min

if TYPE_CHECKING:
    import torch

__all__ = ["OPERATOR"]

_KEEP = 0.25


class Loki(Attention):
    """``softmax`` over the t keys of largest ``(q P)·(k P)`` alone, with their exact logits and values.

    P are the r leading eigenvectors of the covariance of the keys. t is the option `keep` times the case's seq_len,
    rounded up: fixed by the case, so that padding does not change it. Exact at ``keep: 1`` with any r; sparse, not of
    low rank. P is taken from the very keys that are attended to, as in `pca_keys`, and sees later ones: there is no
    causal form. Gradients go through the chosen logits and values; the choice has none wherever it does not jump.
    Here the logits of all keys are formed and those not chosen hidden: on a CPU to gather t keys for each query
    takes longer than all products (3.6 times at 1024 tokens and 256 keys), and choosing already longer than
    attending to all. It saves reading a cache, not time in a forward pass.
    Source: Singhania et al., arXiv 2406.02542, algorithm 1.
    """

    label = "Loki"
    rank_kind = "key_dims"
    options: Mapping[str, Option] = {
        "keep": Option(_KEEP, "Share of seq_len, above 0 and at most 1, that a query attends to, in keys.", least=0)
    }
    mask = rows_sum_to_one = nonnegative = True

    def unsupported(self, case: Case) -> str | None:
        reason = super().unsupported(case)
        if reason is None and (case.rank or 0) > (case.head_dim or 0):
            reason = f"{case.operator} has at most {case.head_dim} key dimensions and rank is {case.rank}"
        keep = case.option("keep", _KEEP)
        if reason is None and not 0 < keep <= 1:
            reason = f"{case.operator} keeps a share of keys above 0 and at most 1 and keep is {keep:g}"
        return reason

    def core_cost(self, case: Case) -> Cost:
        """The choice: covariance 2·n·c², projections 2·n·c·r each, scores 2·n²·r; then 2·n²·c for logits and values.

        Backward twice the latter; the eigenvectors have no formula in the counter. Kept: q/√c, k, v, the
        probabilities and which pairs are hidden. Worst moment forward: hidden pairs, logits and probabilities, or, in
        float32 at least, the scores with the chosen ones and their indices (8 bytes each); backward: hidden pairs,
        probabilities, their gradient and that of the logits.
        """
        b, h, n, c, e = case.batch_size, case.num_heads or 0, case.seq_len, case.head_dim or 0, case.element_bytes
        r, wide = case.rank or 0, max(e, 4)
        attending, output = 4 * b * h * n * n * c, e * b * h * n * c
        pairs, chosen = b * h * n * n, b * h * n * _kept(case)
        choosing = wide * pairs + (8 + wide) * chosen + wide * b * h * c * c
        return Cost(
            forward_flops=2 * b * h * n * (c * c + 2 * c * r + n * r) + attending,
            backward_flops=2 * attending,
            bytes_min=attention_bytes_min(case),
            bytes_algorithm=attention_bytes_min(case) + (8 * e + 2) * pairs + 2 * choosing,
            saved_bytes=3 * output + (e + 1) * pairs + (case.mask != "none") * b * n,
            forward_peak_bytes=max(choosing, (e + 1) * pairs + max(e * pairs, output)),
            train_peak_bytes=(3 * e + 1) * pairs + 3 * output,
        )

    def build(self, case: Case, generator: torch.Generator) -> Callable[..., Any]:
        """Gives the function ``(q, k, v, mask=None) -> o``; below float32 P is found, and keys chosen, in float32."""
        import torch

        r, t = case.rank or 0, _kept(case)

        @torch.no_grad()
        def not_chosen(q: torch.Tensor, k: torch.Tensor, absent: torch.Tensor | None) -> torch.Tensor:
            """``[b, h, n_q, n_k]`` bool."""
            wide = torch.promote_types(k.dtype, torch.float32)
            basis = _leading(k.to(wide), absent, r)
            scores = (q.to(wide) @ basis) @ (k.to(wide) @ basis).mT
            if absent is not None:
                scores = scores.masked_fill_(absent.mT, torch.finfo(wide).min)
            chosen = scores.topk(min(t, k.shape[-2]), dim=-1, sorted=False).indices
            hidden = torch.ones(scores.shape, dtype=torch.bool, device=k.device).scatter_(-1, chosen, False)
            return hidden if absent is None else hidden.logical_or_(absent.mT)

        def attend(
            q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, mask: torch.Tensor | None = None
        ) -> torch.Tensor:
            absent = None if mask is None else ~mask[:, None, :, None]
            hidden = not_chosen(q, k, absent)
            weights = (q / math.sqrt(q.shape[-1])) @ k.mT
            weights = weights.masked_fill_(hidden, torch.finfo(q.dtype).min).softmax(dim=-1)
            if absent is not None:
                v = v.masked_fill(absent, 0.0)  # a sample without keys gives 0
            return weights @ v

        return attend


def _kept(case: Case) -> int:
    """t."""
    return math.ceil(case.option("keep", _KEEP) * case.seq_len)


def _leading(k: torch.Tensor, absent: torch.Tensor | None, r: int) -> torch.Tensor:
    """Gives the r leading eigenvectors, ``[b, h, c, r]``, of the covariance of the keys that are there."""
    import torch

    if absent is None:
        centred = k - k.mean(dim=-2, keepdim=True)
    else:
        k, count = k.masked_fill(absent, 0.0), (~absent).sum(dim=-2, keepdim=True).clamp(min=1)
        centred = (k - k.sum(dim=-2, keepdim=True) / count).masked_fill(absent, 0.0)
    vectors: torch.Tensor = torch.linalg.eigh(centred.mT @ centred)[1]
    return vectors[..., -r:]


OPERATOR = Loki()
