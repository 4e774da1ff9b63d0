"""AdapterHub's adapters: bottlenecks in a layer; refused, for it cannot be installed beside the other packages."""

from __future__ import annotations

from typing import Any, NoReturn

from bench.case import Case
from bench.operators._provider import Offer, Provider

__all__ = ["PROVIDER"]

_REASON = (
    "adapters 1.3.0 needs transformers ~=4.57.6, and the other packages have 5; it takes an environment of its own"
)


def _refused(case: Case, own: Any) -> NoReturn:
    raise NotImplementedError(_REASON)


_OFFER = Offer(
    build=_refused,
    scopes=frozenset({"projection", "layer", "model"}),
    notes=_REASON,
    unsupported=lambda case: _REASON,
)

PROVIDER = Provider(package="adapters", offers={"houlsby": _OFFER, "pfeiffer": _OFFER})
