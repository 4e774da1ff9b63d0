"""Grouped-query attention: exact attention whose query heads share fewer key and value heads."""

from __future__ import annotations

from bench.case import Case
from bench.operators.attention.sdpa import Sdpa

__all__ = ["OPERATOR"]


class Gqa(Sdpa):
    """`sdpa` with g < h key and value heads, each for a group of h/g query heads.

    Keys, values and their cache are g/h of the multi-head ones; the products are as many.
    Source: Ainslie et al., arXiv 2305.13245, section 2.2.
    """

    label = "GQA"
    provider = "bench"
    only_grouped = True

    def unsupported(self, case: Case) -> str | None:
        reason = super().unsupported(case)
        if reason is None and case.kv_heads == case.num_heads:
            heads = case.num_heads
            reason = f"{case.operator} has fewer key and value heads than {heads}; num_kv_heads: a divisor below that"
        return reason


OPERATOR = Gqa()
