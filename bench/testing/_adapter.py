"""What an adapter's `perturb` is for: to move it away from its base, where equality would hide every error."""

from __future__ import annotations

import torch

from bench.audit.subject import Subject, distance
from bench.testing._assertion import claim

__all__ = ["check_perturb"]


def check_perturb(name: str) -> None:
    """An adapter that has `perturb` differs from what it was before, by more than rounding."""
    subject = Subject(name)
    case = subject.case("projection")
    if subject.operator.unsupported(case) is not None:
        return
    module, _, x = subject.adapted(case, perturbed=False)
    if hasattr(module, "perturb"):
        before = module(x).detach()
        module.perturb(torch.Generator().manual_seed(2))
        moved = distance(module(x), before)
        claim(moved > 1e-3, name, "to differ from its base after perturb", f"a difference of {moved:.1e}")
