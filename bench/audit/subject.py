"""Who is audited: one operator as one provider implements it, small cases of it, and inputs for them.

Shapes are small and no two sizes are equal where that is possible, so that a transposed one shows. Everything is in
float64 unless a check says otherwise.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from typing import Any, cast

import torch

from bench import operators
from bench.case import PHASES, SCOPES, Case
from bench.measure import workload
from bench.operators._base import Operator

__all__ = [
    "LENGTHS",
    "ROUNDING",
    "CallError",
    "Subject",
    "calling",
    "distance",
    "given",
    "output",
    "reason_of",
    "softmax_attention",
]

ROUNDING = 1e-9
"""Relative difference allowed in float64: 1e-16 a step, times the condition number of an inverse (1e5 and less)."""

LENGTHS = (1, 2, 3, 5, 8, 16, 33)
"""Lengths that are tried, the smallest first: the last is divided by no rank, segment or chunk."""

_DIVISIBLE = (64, 128)  # where an implementation takes none of the above: some need n divisible by a bucket
_RANKS = (1, 4)
_TALLEST_REASON = 160  # characters of an exception's text that are told


class CallError(Exception):
    """What an implementation raised when it was called: for an audit an observation, like any other.

    Attributes:
        case: which was called.
        reason: the exception in one line.
    """

    def __init__(self, case: Case, error: Exception) -> None:
        super().__init__(f"{case.case_id}: {reason_of(error)}")
        self.case = case
        self.reason = reason_of(error)


@contextlib.contextmanager
def calling(case: Case) -> Iterator[None]:
    """Tells whatever a stranger's code raises apart from a fault of the audit's own.

    Raises:
        CallError: instead of any exception inside the block.
    """
    try:
        yield
    except Exception as error:
        raise CallError(case, error) from error


class Subject:
    """One implementation of one operator.

    Args:
        name: the operator's.
        provider: whose implementation; absent: the operator's own.
        device: where it is called, `cpu` or `cuda`.
    """

    def __init__(self, name: str, provider: str | None = None, device: str = "cpu") -> None:
        self.name, self.device = name, device
        self.own: Operator = operators.load(name)
        self.provider = provider or self.own.provider
        self._failures: dict[Case, str | None] = {}

    @property
    def operator(self) -> Operator:
        """What the implementation declares: the definition's claims, narrowed to what the provider has."""
        return operators.of(self._bare())

    @property
    def foreign(self) -> bool:
        """Whether another package than the operator's own provider implements it."""
        return self.provider != self.own.provider

    def _bare(self) -> Case:
        return Case(operator=self.name, provider=self.provider, seq_len=1, hidden_size=1)

    def case(self, scope: str, phase: str = "forward", **changes: Any) -> Case:
        """Gives a small case: 2 samples, 32 tokens, 2 heads of 8 or a projection from 16 to 24 features, rank 4."""
        shape: dict[str, Any] = {"batch_size": 2, "seq_len": 32, "hidden_size": 16}
        shape |= {"out_features": 24} if scope == "projection" else {"num_heads": 2, "head_dim": 8}
        if self.own.has_rank:
            shape["rank"] = 4
        if getattr(self.own, "only_grouped", False):
            shape["num_kv_heads"] = 1
        shape |= {"operator": self.name, "provider": self.provider, "scope": scope, "phase": phase}
        shape["device"] = self.device
        return Case(**{**shape, "dtype": "float64", **changes})

    def cases(self, scopes: Iterable[str] = SCOPES, phases: Iterable[str] = PHASES, **changes: Any) -> list[Case]:
        """Gives the small cases of those scopes and phases that the implementation supports."""
        asked = [self.case(scope, phase, **changes) for scope in scopes for phase in phases]
        return [case for case in asked if self.operator.unsupported(case) is None]

    def sizes(
        self,
        scopes: Iterable[str] = ("core", "layer", "projection"),
        *,
        phase: str = "forward",
        lengths: Iterable[int] = LENGTHS,
        **changes: Any,
    ) -> Iterator[Case]:
        """Yields supported cases from the smallest upwards: scope by scope, length by length, rank by rank."""
        ranks: tuple[int | None, ...] = _RANKS if self.own.has_rank else (None,)
        for scope in [scope for scope in SCOPES if scope in scopes]:
            for asked in (tuple(lengths), _DIVISIBLE):
                tried = [
                    self.case(scope, phase, **{"seq_len": n, "rank": rank, **changes})
                    for n in asked
                    for rank in ranks
                ]
                supported = [case for case in tried if self.operator.unsupported(case) is None]
                yield from supported
                if supported:
                    break

    def forms(self) -> list[dict[str, Any]]:
        """Gives the changes of a case that an attention claims to support, beginning with none."""
        claims: dict[str, dict[str, Any]] = {
            "causal": {"causal": True},
            "mask": {"mask": "padding"},
            "gqa": {"num_kv_heads": 1},
        }
        return [{}, *(change for claimed, change in claims.items() if getattr(self.operator, claimed, False))]

    def failure(self, case: Case) -> str | None:
        """Gives what the implementation raises where it is merely called, or nothing."""
        if case not in self._failures:
            self._failures[case] = None
            try:
                with calling(case):
                    workload.build(case, given(case)).forward()
            except CallError as raised:
                self._failures[case] = raised.reason
        return self._failures[case]

    def why_not(self) -> str:
        """Gives the reason for which no small case is supported."""
        asked = [self.case(scope) for scope in SCOPES if scope in self.operator.scopes]
        reasons = [self.operator.unsupported(case) for case in asked]
        return next((reason for reason in reasons if reason), "no such case is supported")

    def adapted(self, case: Case, *, perturbed: bool) -> tuple[Any, torch.Tensor, torch.Tensor]:
        """Gives an adapter's module at scope `projection`, a copy of W0 before it was built, and x.

        Args:
            case: of scope `projection`.
            perturbed: whether its weights are drawn where the published initial state would hide every error.
        """
        from bench.measure.layers import linear

        generator = torch.Generator().manual_seed(0)
        base = linear(case, case.hidden_size, case.out_size, generator)
        weight = base.weight.detach().clone()
        own: Any = cast(Any, self.own).build(case, base, generator)
        if perturbed and hasattr(own, "perturb"):
            own.perturb(torch.Generator().manual_seed(2))
        return self.operator.adopt(case, own), weight, given(case)["x"]


def given(case: Case, seed: int = 0, magnitude: float = 1.0) -> dict[str, torch.Tensor]:
    """Gives inputs from N(0, magnitude²): q, k, v at scope `core`, else x; and the mask where the case has one.

    They are the same on every device, and lie on the case's.
    """
    generator = torch.Generator().manual_seed(seed)
    b, n = case.batch_size, case.seq_len

    def draw(*shape: int) -> torch.Tensor:
        drawn = magnitude * torch.randn(*shape, generator=generator, dtype=torch.float64)
        return drawn.to(case.device, getattr(torch, case.dtype))

    if case.scope != "core":
        tensors = {"x": draw(b, n, case.hidden_size)}
    else:
        heads = {"q": case.num_heads or 1, "k": case.kv_heads, "v": case.kv_heads}
        tensors = {name: draw(b, h, n, case.head_dim or 1) for name, h in heads.items()}
    if case.mask == "padding":
        tensors["mask"] = torch.arange(n, device=case.device).expand(b, n) < n - n // 4
    return tensors


def output(case: Case, tensors: dict[str, torch.Tensor]) -> torch.Tensor:
    """Gives what the implementation makes of the tensors, detached."""
    return workload.build(case, tensors).forward().detach()


def distance(found: torch.Tensor, expected: torch.Tensor) -> float:
    """Gives the largest difference relative to the largest value expected (1 where that is 0); NaN counts as such."""
    if not expected.numel():
        return 0.0
    scale = float(expected.detach().abs().max()) or 1.0
    return float((found - expected).detach().abs().max()) / scale


def softmax_attention(case: Case, tensors: dict[str, torch.Tensor]) -> torch.Tensor:
    """Gives the plain formula in the dtype of the tensors: the scale on q, scores, softmax, the product with v."""
    group = (case.num_heads or 1) // case.kv_heads
    q = tensors["q"] / tensors["q"].shape[-1] ** 0.5
    k, v = (tensors[key].repeat_interleave(group, dim=1) for key in ("k", "v"))
    scores = q @ k.mT
    if case.causal:
        scores = scores.masked_fill(torch.ones_like(scores, dtype=torch.bool).triu(1), float("-inf"))
    if "mask" in tensors:
        scores = scores.masked_fill(~tensors["mask"][:, None, None, :], float("-inf"))
    mixed: torch.Tensor = scores.softmax(dim=-1) @ v
    return mixed


def reason_of(error: BaseException) -> str:
    """Gives an exception in one line: its type and the beginning of its text."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:_TALLEST_REASON]}" if text else type(error).__name__
