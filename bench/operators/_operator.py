"""What every operator declares, whatever its family; the contract of the families is `_base`."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from bench.case import Case
from bench.cost import Cost

__all__ = ["Operator", "Option", "implementation_name", "lacking"]


@dataclasses.dataclass(frozen=True, slots=True)
class Option:
    """A number of an operator's own that a suite may set under `options`."""

    default: float
    """Its value where the suite is silent."""
    about: str
    """One sentence: what it changes."""
    least: float | None = None
    """The smallest value that has a meaning; absent: any number."""
    whole: bool = False
    """Whether only whole numbers have one."""

    def refusal(self, value: float) -> str:
        """Gives what a value would have to be; empty where it may be what it is."""
        if self.whole and value != int(value):
            return "be a whole number"
        return "" if self.least is None or value >= self.least else f"be {self.least:g} or more"


class Operator:
    """What every operator declares. Subclass `Attention`, `Adapter` or `Layer`, not this."""

    label: str = ""
    """How tables and plots call it; absent: its name."""
    family: str = ""
    """`attention`, `adapter` or `layer`: among which others the report looks for a winner."""
    provider: str = "bench"
    """Who wrote the implementation; `torch` where the call is torch's own."""
    package: str = ""
    """Of another package's implementation: the name of its distribution."""
    scopes: frozenset[str] = frozenset()
    """Where it can be measured."""
    phases: frozenset[str] = frozenset({"forward", "train"})
    """What can be measured of it."""
    rank_kind: str = "none"
    """What `rank` means: `svd_of_A`, `projected_len`, `landmarks`, `random_features`, `update`, … or `none`."""
    options: Mapping[str, Option] = {}
    """The numbers that a suite may set."""
    takes_adapter_dtype: bool = False
    """Whether it has weights of its own beside a base's, whose dtype may differ."""
    exact_gradients: bool = True
    """Whether its backward pass is the derivative of its forward pass, also to its trainable weights."""
    uncounted: str = ""
    """Why torch's FLOP counter cannot look at a call; absent: it can."""
    random: bool = False
    """Whether the output depends on a draw beside its inputs; accuracy is then the median of 20 draws."""
    timed_up_to: int | None = None
    """For an oracle: the largest seq_len that is timed; beyond it only accuracy is taken."""
    reference: str | None = None
    """Another operator that this one should equal or approximate; absent: exact attention for an attention."""
    approximates: bool = True
    """Whether its error means something as it is built: not where its weights must first be trained."""
    notes: str = ""
    """Of another package's implementation: what was switched off, what differs from ours."""
    wide_v: bool = True
    """Of another package's implementation: whether v may be wider than q."""
    agrees: bool = True
    """Of another package's implementation: whether it computes what ours does, to rounding."""

    def reference_case(self, case: Case) -> Case | None:
        """Gives the case of `reference` whose output this one's is held against, or nothing where it has none."""
        return None if self.reference is None else case.replace(operator=self.reference)

    @property
    def has_rank(self) -> bool:
        """Whether a rank axis applies."""
        return self.rank_kind != "none"

    def unsupported(self, case: Case) -> str | None:
        """Gives why this case has no meaning for the operator, or nothing.

        Subclasses add their own reasons and call this one first.
        """
        if case.scope not in self.scopes:
            return f"{implementation_name(case)} exists at scope {', '.join(sorted(self.scopes))}"
        if case.phase not in self.phases:
            return f"{implementation_name(case)} has the phases {', '.join(sorted(self.phases))}"
        if case.adapter_dtype and not self.takes_adapter_dtype:
            return f"{implementation_name(case)} has no adapter weights whose dtype could differ"
        return None

    def absent(self) -> str | None:
        """Gives why the package that implements it cannot be used here and what to type, or nothing."""
        return None

    def adopt(self, case: Case, built: Callable[..., Any]) -> Callable[..., Any]:
        """Gives what is timed, of what our operator has built: that itself, or another package's with its weights."""
        return built

    def cost(self, case: Case) -> Cost:
        """Gives the closed forms of a case, for its scope; of the definition, whoever implements it."""
        raise lacking(self, "cost")


def lacking(operator: Operator, what: str) -> TypeError:
    """Gives the error of an operator that lacks what every one must define; `NotImplementedError` is torch's word."""
    return TypeError(f"{type(operator).__name__} defines no {what}")


def implementation_name(case: Case) -> str:
    """Gives how a message calls what a case asks for: ``nystrom``, or ``nystrom of transformers``."""
    return case.operator if case.provider in ("bench", "torch") else f"{case.operator} of {case.provider}"
