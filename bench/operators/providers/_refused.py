"""Packages that are known and cannot be measured: a case of theirs is `unsupported`, with the reason.

So a table says why a package that a reader looks for has no numbers.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NoReturn

from bench.case import Case
from bench.operators._provider import Offer, Provider

__all__ = ["refused"]


def refused(
    package: str,
    reason: str,
    *,
    operators: Iterable[str],
    scopes: Iterable[str],
    causal: bool = False,
    gqa: bool = False,
) -> Provider:
    """Gives the provider of a package, every case of which is refused.

    Args:
        package: the name of its distribution.
        reason: why, and what would be needed.
        operators: what it has.
        scopes: where.
        causal: as of `Offer`.
        gqa: as of `Offer`.
    """

    def build(case: Case, own: Any) -> NoReturn:
        raise NotImplementedError(reason)

    offer = Offer(
        build=build, scopes=frozenset(scopes), causal=causal, gqa=gqa, notes=reason, unsupported=lambda case: reason
    )
    return Provider(package=package, offers=dict.fromkeys(operators, offer))
