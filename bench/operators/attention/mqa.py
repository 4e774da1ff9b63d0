"""Multi-query attention: exact attention whose query heads share one key and one value head."""

from __future__ import annotations

from bench.case import Case
from bench.operators.attention.sdpa import Sdpa

__all__ = ["OPERATOR"]


class Mqa(Sdpa):
    """`sdpa` with one key and one value head for all query heads: `gqa` at its end.

    Source: Shazeer, arXiv 1911.02150, section 3.
    """

    label = "MQA"
    provider = "bench"
    only_grouped = True

    def unsupported(self, case: Case) -> str | None:
        reason = super().unsupported(case)
        if reason is None and case.kv_heads != 1:
            reason = f"{case.operator} has one key and value head, not {case.kv_heads}; num_kv_heads: 1"
        return reason


OPERATOR = Mqa()
