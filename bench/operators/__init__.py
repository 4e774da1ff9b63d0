"""The operators: attentions and adapters of a linear projection, one a file; and who else implements them.

`operators.names()` lists, `operators.load(name)` gives one as it declares itself, `operators.of(case)` the
implementation that a case asks for, which may be another package's. Other packages add operators by the entry point
``bench.operators`` and implementations by ``bench.providers``; nothing here changes for it.
"""

from __future__ import annotations

import contextlib
import functools
import traceback
from collections.abc import Iterator

from bench.case import Case
from bench.catalogue import Catalogue
from bench.cost import Cost
from bench.errors import BenchError, UsageError
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
    "all_providers",
    "catalogue",
    "cost",
    "load",
    "names",
    "of",
    "offers",
    "provider_catalogue",
    "providers_of",
    "unsupported",
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
    return own if _is_own(case) else _offered(case.operator, case.provider)


def cost(case: Case) -> Cost:
    """Gives the closed forms of a case, for its scope.

    Raises:
        UsageError: somebody else's operator cannot say.
    """
    with _blaming(case):
        found: Cost = of(case).cost(case)
    return found


def unsupported(case: Case) -> str | None:
    """Gives why a case has no meaning for its operator, or nothing.

    Raises:
        UsageError: somebody else's operator cannot say.
    """
    with _blaming(case):
        reason: str | None = of(case).unsupported(case)
    return reason


def providers_of(operator: str) -> tuple[str, ...]:
    """Gives who implements an operator, its own provider first."""
    return (load(operator).provider, *offers().get(operator, ()))


def all_providers() -> frozenset[str]:
    """Gives everybody who implements an operator; imports them all."""
    return frozenset({*provider_catalogue.names(), *(load(name).provider for name in names())})


@functools.cache
def offers() -> dict[str, tuple[str, ...]]:
    """Gives operator -> the providers beside its own, of all that the catalogue has."""
    found: dict[str, list[str]] = {}
    for name in provider_catalogue.names():
        for operator in provider_catalogue.load(name).offers:
            found.setdefault(operator, []).append(name)
    return {operator: tuple(names) for operator, names in found.items()}


def _is_own(case: Case) -> bool:
    return case.provider == "bench" or case.provider == load(case.operator).provider


@functools.cache
def _offered(operator: str, provider: str) -> Operator:
    package: Provider = provider_catalogue.load(provider)
    return offered(load(operator), provider, package, package.offers[operator])


@contextlib.contextmanager
def _blaming(case: Case) -> Iterator[None]:
    """Makes of a fault in somebody else's operator a message that names its line; a fault of ours stays one."""
    try:
        yield
    except BenchError:
        raise
    except Exception as error:
        place = catalogue.place(case.operator) if _is_own(case) else provider_catalogue.place(case.provider)
        if place.startswith("bench."):
            raise
        last = traceback.extract_tb(error.__traceback__)[-1]
        fault = f"{type(error).__name__}: {error}, in {last.filename}:{last.lineno}"
        told = f"{case.operator!r} fails at {case.case_id} ({fault})"
        raise UsageError(place, told, "mend or remove it") from error
