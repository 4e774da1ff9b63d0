"""Attention whose scores are taken in the few directions in which the keys vary most."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from bench.case import Case
from bench.cost import Cost
from bench.operators._base import Attention
from bench.operators._layer import attention_bytes_min, cached_bytes

if TYPE_CHECKING:
    import torch

    from bench.operators._decode import Step

__all__ = ["OPERATOR"]


class PcaKeys(Attention):
    """``softmax((q P)(k P)ᵀ / √c) v``, P the r leading eigenvectors of the covariance of the keys; exact at r = c.

    P is taken from the very keys that are attended to, head by head: the most favourable choice, where serving has
    one from a calibration set. It sees all keys, later ones too, so that there is no causal form; and as P counts as
    given, it has no phase `train`. A step of `decode` has P of the keys before it, and caches k P and v. The keys'
    mean need not be taken off before the scores: softmax does not see it.
    Only the logits have rank r: the matrix has not, and Eckart–Young does not bind it.
    Source: Singhania et al., arXiv 2406.02542, section 4, with all keys kept.
    """

    label = "PCA keys"
    phases = frozenset({"forward", "decode"})
    rank_kind = "key_dims"
    calibrated = True
    mask = rows_sum_to_one = nonnegative = True

    def unsupported(self, case: Case) -> str | None:
        reason = super().unsupported(case)
        if reason is None and (case.rank or 0) > (case.head_dim or 0):
            reason = f"{case.operator} has at most {case.head_dim} key dimensions and rank is {case.rank}"
        return reason

    def core_cost(self, case: Case) -> Cost:
        """The covariance 2·n·c², both projections 2·n·c·r each, scores 2·n²·r, A v 2·n²·c; eigenvectors uncounted.

        Worst moment: scores and A, or where n is small A and the output, beside the projected q and k; or the keys
        without their mean. A step projects its own q and k only, and has P.
        """
        if case.phase == "decode":
            return self._decode_cost(case)
        b, h, n, c, e = case.batch_size, case.num_heads or 0, case.seq_len, case.head_dim or 0, case.element_bytes
        r = case.rank or 0
        scores, output, projected = e * b * h * n * n, e * b * h * n * c, 2 * e * b * h * n * r
        masked = case.mask != "none"
        return Cost(
            forward_flops=2 * b * h * n * (c * c + 2 * c * r + n * r + n * c),
            backward_flops=0,
            bytes_min=attention_bytes_min(case),
            bytes_algorithm=attention_bytes_min(case) + (8 if masked else 4) * scores + 2 * output + 2 * projected,
            forward_peak_bytes=projected + masked * output + scores + max(scores, output),
        )

    def _decode_cost(self, case: Case) -> Cost:
        b, h, n, c, e = case.batch_size, case.num_heads or 0, case.seq_len, case.head_dim or 0, case.element_bytes
        r = case.rank or 0
        scores, token, cached = e * b * h * n, e * b * h * (2 * c + 2 * r), cached_bytes(case, r + c)
        moved = e * b * h * 4 * c + e * b * h * n * (r + c)
        return Cost(
            forward_flops=2 * b * h * (2 * c * r + n * (r + c)),
            backward_flops=0,
            bytes_min=moved,
            bytes_algorithm=moved + 4 * scores + token,
            forward_peak_bytes=2 * scores + token,
            kv_cache_bytes=cached,
        )

    def build(self, case: Case, generator: torch.Generator) -> Callable[..., Any]:
        """Gives the function ``(q, k, v, mask=None) -> o``; below float32 P is found in float32."""
        import torch

        def attend(
            q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, mask: torch.Tensor | None = None
        ) -> torch.Tensor:
            hidden = None if mask is None else ~mask[:, None, :, None]
            basis = _leading(k, case.rank or 0, hidden)
            weights = (q @ (basis / math.sqrt(q.shape[-1]))) @ (k @ basis).mT
            if hidden is not None:
                weights = weights.masked_fill(hidden.mT, torch.finfo(q.dtype).min)
                v = v.masked_fill(hidden, 0.0)  # a sample without keys gives 0
            weights = weights.softmax(dim=-1)  # rebound: the scores are let go of
            return weights @ v

        return attend

    def build_decode(self, case: Case, generator: torch.Generator, k: torch.Tensor, v: torch.Tensor) -> Step:
        """Gives a `KeyValueCache` of k P and v."""
        from bench.operators._decode import KeyValueCache

        basis = _leading(k, case.rank or 0)
        scaled = basis / math.sqrt(k.shape[-1])

        class Projected(KeyValueCache):
            def __call__(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
                return super().__call__(q @ scaled, k @ basis, v)

        return Projected(lambda q, k, v: (q @ k.mT).softmax(dim=-1) @ v, k @ basis, v)


def _leading(k: torch.Tensor, r: int, hidden: torch.Tensor | None = None) -> torch.Tensor:
    """The leading r directions of keys ``[b, h, n, c]``, of those that are not hidden: ``[b, h, c, r]``."""
    import torch

    if hidden is None:
        centred = k - k.mean(dim=-2, keepdim=True)
    else:
        k, count = k.masked_fill(hidden, 0.0), (~hidden).sum(dim=-2, keepdim=True).clamp(min=1)
        centred = (k - k.sum(dim=-2, keepdim=True) / count).masked_fill(hidden, 0.0)
    covariance = centred.mT @ centred
    vectors: torch.Tensor = torch.linalg.eigh(covariance.to(torch.promote_types(k.dtype, torch.float32)))[1]
    return vectors[..., -r:].to(k.dtype)


OPERATOR = PcaKeys()
