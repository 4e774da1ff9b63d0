"""Exact attention with key and value projections that are factored for the data they read."""

from __future__ import annotations

from bench.case import Case
from bench.operators.attention.lowrank_kv import LowrankKv

__all__ = ["OPERATOR"]


class LowrankKvWhitened(LowrankKv):
    """`lowrank_kv` with the factors that are nearest in keys and values, not in weights.

    ``E‖W x − B A x‖²`` is least where B A = U_r S_r V_rᵀ L⁻¹, of the SVD of W L with ``L Lᵀ = E x xᵀ``. x is what the
    projections read: of a pretrained network some 4,000 tokens of the task's train split, with the layers before it
    as they were loaded; at scope `layer` one sample of the case's own input, the most favourable. As fast, as large
    and as exact at r = min(d, g·c) as the plain one.
    Source: Palu, arXiv 2407.21118, with all heads in one group, whose code factors so; Wang et al., SVD-LLM, arXiv
    2403.07378, section 3.1.
    """

    label = "low-rank KV (whitened)"
    reads_samples = True

    def unsupported(self, case: Case) -> str | None:
        reason = super().unsupported(case)
        if reason is None and case.scope == "model" and case.model is None:
            reason = f"{case.operator} factors weights for what they read, and these are drawn; name a model"
        return reason


OPERATOR = LowrankKvWhitened()
