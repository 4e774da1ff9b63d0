"""Low rank in the strict sense: the merged weight minus W0 has no larger rank than it says."""

from __future__ import annotations

from collections.abc import Iterator

import torch
import torch.nn.functional as F

from bench.audit.observation import Observation, Trial, search
from bench.audit.subject import Subject
from bench.case import Case
from bench.operators._base import Adapter, Operator

__all__ = ["about", "applies", "claimed", "observe"]

about = "The update, read off as a matrix, has no larger rank than it says."


def applies(operator: Operator) -> bool:
    """Gives whether the property has a meaning: adapters at scope `projection`."""
    return isinstance(operator, Adapter) and "projection" in operator.scopes


def claimed(operator: Operator) -> str:
    """Gives the claim in words."""
    case = Case(operator="-", seq_len=16, hidden_size=16, out_features=24, rank=4)
    bound = operator.update_rank(case) if isinstance(operator, Adapter) and operator.has_rank else None
    return "" if bound is None else f"an update of rank {bound} at r=4"


def observe(subject: Subject) -> Observation:
    """Feeds the identity, takes W0 away, and looks at the singular values after the claimed rank."""

    def probe(case: Case) -> Iterator[Trial]:
        module, weight, x = subject.adapted(case, perturbed=True)
        identity = torch.eye(case.hidden_size, dtype=x.dtype, device=x.device)
        values = torch.linalg.svdvals((module(identity) - F.linear(identity, weight)).detach())
        operator = subject.operator
        bound = operator.update_rank(case) if isinstance(operator, Adapter) else None
        if bound is not None and bound < len(values):
            did = f"singular value {bound + 1} of the update, relative to the first, differs from 0"
            yield Trial(case=case, did=did, off=float(values[bound] / values[0]))

    if not claimed(subject.operator):
        return Observation(None, "claims no rank")
    return search(subject, subject.sizes(("projection",), lengths=(16,)), probe)
