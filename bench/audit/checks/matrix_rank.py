"""Low rank in the strict sense: the Eckart–Young bound rests on the rank of the (implied) matrix."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

from bench import operators
from bench.audit.matrix import matrix_of
from bench.audit.observation import Observation, Trial, search
from bench.audit.subject import Subject
from bench.case import Case
from bench.operators._base import Attention, Operator

__all__ = ["about", "applies", "claimed", "observe"]

about = "Its matrix has no larger rank than it says."


def applies(operator: Operator) -> bool:
    """Gives whether the property has a meaning: attentions at scope `core` that are linear in v."""
    return isinstance(operator, Attention) and operator.linear_in_v and "core" in operator.scopes


def claimed(operator: Operator) -> str:
    """Gives the claim in words."""
    shape: dict[str, Any] = {
        "num_heads": 2,
        "head_dim": 8,
        "hidden_size": 16,
        "rank": 4 if operator.has_rank else None,
    }
    case = Case(operator="-", provider="bench", seq_len=33, **shape)
    bound = operator.matrix_rank(case) if isinstance(operator, Attention) else None
    return "" if bound is None else f"a matrix of rank {bound} at n=33"


def observe(subject: Subject) -> Observation:
    """Looks at the singular values after the claimed rank, relative to the first."""
    if not claimed(subject.operator):
        return Observation(None, "claims no rank below n")
    return search(subject, subject.sizes(("core",)), _probe)


def _probe(case: Case) -> Iterator[Trial]:
    operator = operators.of(case)
    bound = operator.matrix_rank(case) if isinstance(operator, Attention) else None
    if bound is not None and bound < case.seq_len:
        values = torch.linalg.svdvals(matrix_of(case))
        beyond = float((values[..., bound:] / values[..., :1]).max())
        yield Trial(case=case, did=f"singular value {bound + 1}, relative to the first, differs from 0", off=beyond)
