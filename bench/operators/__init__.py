"""The operators: attentions and adapters of a linear projection, one a file; and who else implements them.

`operators.names()` lists, `operators.load(name)` gives one as it declares itself, `operators.of(case)` the
implementation that a case asks for, which may be another package's. Other packages add operators by the entry point
``bench.operators`` and implementations by ``bench.providers``; nothing here changes for it.
"""

from __future__ import annotations

import functools

from bench.case import Case
from bench.catalogue import Catalogue
from bench.operators._base import Adapter, Attention, Layer, Operator, Option
from bench.operators._provider import Offer, Provider, offered

__all__ = [
    "Adapter",
    "Attention",
    "Layer",
    "Offer",
    "Operator",
    "Option",
    "Provider",
    "catalogue",
    "load",
    "names",
    "of",
    "offers",
    "provider_catalogue",
    "providers_of",
]

catalogue = Catalogue(
    "operator",
    "bench.operators.attention",
    "bench.operators.adapters",
    attribute="OPERATOR",
    entry_points="bench.operators",
    member=Operator,
)
provider_catalogue = Catalogue(
    "provider", "bench.operators.providers", attribute="PROVIDER", entry_points="bench.providers"
)
names = catalogue.names
load = catalogue.load


def of(case: Case) -> Operator:
    """Gives the implementation that a case asks for: the operator's own, or that of the package it names.

    Raises:
        UsageError: no such operator or provider.
        KeyError: the provider offers no such operator.
    """
    own: Operator = load(case.operator)
    return own if case.provider in ("bench", own.provider) else _offered(case.operator, case.provider)


def providers_of(operator: str) -> tuple[str, ...]:
    """Gives who implements an operator, its own provider first."""
    return (load(operator).provider, *offers().get(operator, ()))


@functools.cache
def offers() -> dict[str, tuple[str, ...]]:
    """Gives operator -> the providers beside its own, of all that the catalogue has."""
    found: dict[str, list[str]] = {}
    for name in provider_catalogue.names():
        for operator in provider_catalogue.load(name).offers:
            found.setdefault(operator, []).append(name)
    return {operator: tuple(names) for operator, names in found.items()}


@functools.cache
def _offered(operator: str, provider: str) -> Operator:
    package: Provider = provider_catalogue.load(provider)
    return offered(load(operator), provider, package, package.offers[operator])
