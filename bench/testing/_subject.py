"""What the checks look at: small cases of a registered operator, inputs for them, and how a broken claim is told.

Shapes are small and no two sizes are equal where that is possible, so that a transposed one shows.
"""

from __future__ import annotations

from typing import Any

import torch

from bench import operators
from bench.case import Case
from bench.measure import workload

__all__ = ["ROUNDING", "case_of", "cases", "claim", "distance", "forms", "given", "output"]

ROUNDING = 1e-9
"""Relative difference allowed in float64: 1e-16 a step, times the condition number of an inverse (1e5 and less)."""

_SCOPES = ("projection", "core", "layer", "model")
_PHASES = ("forward", "train", "decode")


def claim(holds: bool, name: str, claimed: str, observed: object) -> None:
    """Raises AssertionError unless the claim holds."""
    if not holds:
        raise AssertionError(f"{name}: claims {claimed}; observed {observed}")


def case_of(name: str, scope: str, phase: str = "forward", **changes: Any) -> Case:
    """Gives a small case: 2 samples, 32 tokens, 2 heads of 8 or a projection from 16 to 24 features, rank 4."""
    operator = operators.load(name)
    shape: dict[str, Any] = {"batch_size": 2, "seq_len": 32, "hidden_size": 16}
    shape |= {"out_features": 24} if scope == "projection" else {"num_heads": 2, "head_dim": 8}
    if operator.has_rank:
        shape["rank"] = 4
    shape |= {"operator": name, "provider": operator.provider, "scope": scope, "phase": phase, "dtype": "float64"}
    return Case(**{**shape, **changes})


def cases(name: str, **changes: Any) -> list[Case]:
    """Gives the small cases of every scope and phase that the operator supports; it must support one.

    Raises:
        AssertionError: it refuses them all.
    """
    operator = operators.load(name)
    asked = [case_of(name, scope, phase, **changes) for scope in _SCOPES for phase in _PHASES]
    supported = [case for case in asked if operator.unsupported(case) is None]
    claim(bool(supported), name, "scopes and phases", [operator.unsupported(case) for case in asked])
    return supported


def forms(name: str) -> list[dict[str, Any]]:
    """Gives the changes of a case that an attention claims to support, beginning with none."""
    operator = operators.load(name)
    claims: dict[str, dict[str, Any]] = {
        "causal": {"causal": True},
        "mask": {"mask": "padding"},
        "gqa": {"num_kv_heads": 1},
    }
    return [{}, *(change for claimed, change in claims.items() if getattr(operator, claimed, False))]


def given(case: Case, seed: int = 0) -> dict[str, torch.Tensor]:
    """Gives inputs from N(0, 1): q, k, v at scope `core`, else x; and the mask where the case has one."""
    generator = torch.Generator().manual_seed(seed)
    b, n = case.batch_size, case.seq_len

    def draw(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64).to(getattr(torch, case.dtype))

    if case.scope != "core":
        tensors = {"x": draw(b, n, case.hidden_size)}
    else:
        heads = {"q": case.num_heads or 1, "k": case.kv_heads, "v": case.kv_heads}
        tensors = {name: draw(b, h, n, case.head_dim or 1) for name, h in heads.items()}
    if case.mask == "padding":
        tensors["mask"] = torch.arange(n).expand(b, n) < n - n // 4
    return tensors


def output(case: Case, tensors: dict[str, torch.Tensor]) -> torch.Tensor:
    """Gives what the operator makes of the tensors, detached."""
    return workload.build(case, tensors).forward().detach()


def distance(found: torch.Tensor, expected: torch.Tensor) -> float:
    """Gives the largest difference relative to the largest value expected (1 where that is 0); NaN counts as such."""
    scale = float(expected.detach().abs().max()) or 1.0
    return float((found - expected).detach().abs().max()) / scale
