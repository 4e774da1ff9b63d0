"""Operators as other packages implement them: one package a file in `providers/`, told apart by the word `provider`.

Goes in: our operator, whose declaration and closed forms hold for every implementation of it. Comes out: an operator
of the same class that builds the package's instead. What is built takes the weights of ours, so that both compute the
same function on the same input and a difference is the package's, not the draw's.

A provider's module imports neither torch nor its package: listing who offers what must not need them.
"""

from __future__ import annotations

import copy
import dataclasses
import importlib.metadata
from collections.abc import Callable, Mapping
from typing import Any

from bench.case import Case
from bench.operators._base import Operator

__all__ = ["Offer", "Provider", "offered"]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One operator as a package has it."""

    build: Callable[[Case, Any], Callable[..., Any]]
    """``(case, own) -> callable`` with the signature and the weights of `own`, which our operator has just built."""
    scopes: frozenset[str]
    """Where the package has it."""
    phases: frozenset[str] = frozenset({"forward", "train"})
    """What can be measured of it."""
    causal: bool = False
    """Whether its causal form can be called; no package is credited with more than our operator has."""
    mask: bool = False
    """Whether it takes a key mask."""
    gqa: bool = False
    """Whether it takes fewer key and value heads than query heads."""
    adapter_dtype: bool = False
    """Whether an adapter's own weights may have another dtype."""
    wide_v: bool = True
    """Whether v may be wider than q: without it the matrix cannot be read off, and has no error."""
    agrees: bool = True
    """Whether it computes what ours does, to rounding; else `notes` says what differs."""
    notes: str = ""
    """What was switched off for the comparison, and what differs from ours; stands in the table."""
    unsupported: Callable[[Case], str | None] = lambda case: None
    """Further reasons why a case has no meaning for the package."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """A package and what it offers."""

    package: str
    """The name of its distribution."""
    offers: Mapping[str, Offer]
    """Operator -> how the package has it."""
    modules: tuple[str, ...] = ()
    """What its builds import, so that it can be imported once and not in each process."""
    extra: str = "peers"
    """The extra of ours that installs it."""

    def absent(self) -> str | None:
        """Gives why the package cannot be used here and what to type, or nothing."""
        try:
            importlib.metadata.version(self.package)
        except importlib.metadata.PackageNotFoundError:
            return f"{self.package} is not installed; pip install 'bench-attention[{self.extra}]'"
        return None


def offered(own: Operator, name: str, provider: Provider, offer: Offer) -> Operator:
    """Gives an operator as a package implements it.

    Args:
        own: our operator.
        name: the provider's name in the catalogue.
        provider: the package.
        offer: what the package has of this operator.

    Returns:
        An operator of the same class: its declaration narrowed to what the offer has, its closed forms unchanged.
        Its `adopt` makes the package's callable from ours.
    """
    kind = type(own)

    def unsupported(self: Operator, case: Case) -> str | None:
        return kind.unsupported(self, case) or offer.unsupported(case)

    declared: dict[str, Any] = {
        "provider": name,
        "package": provider.package,
        "notes": offer.notes,
        "agrees": offer.agrees,
        "wide_v": offer.wide_v,
        "scopes": own.scopes & offer.scopes,
        "phases": own.phases & offer.phases,
        "takes_adapter_dtype": own.takes_adapter_dtype and offer.adapter_dtype,
        "unsupported": unsupported,
        "absent": lambda self: provider.absent(),
        "adopt": lambda self, case, built: offer.build(case, built),
    }
    declared |= {form: getattr(own, form, False) and getattr(offer, form) for form in ("causal", "mask", "gqa")}
    theirs = copy.copy(own)
    theirs.__class__ = type(f"{kind.__name__}By{name.title()}", (kind,), declared)
    return theirs
