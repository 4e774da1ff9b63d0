"""What is fed: one named distribution, or set of captured tensors, a file.

A member is a module with

- `scopes`: frozenset of scopes at which it is defined (`core`: q, k, v; the others: x);
- `unsupported(case) -> str | None`: why it cannot serve a case (its length, its width), without torch;
- `absent(case) -> str | None`: why its data are not on this machine and what to type to get them, without torch;
- `tensors(case) -> dict[str, torch.Tensor]`: float64 on the CPU: at `core` q ``[b, h, n, c]``, k and v
  ``[b, g, n, c]``; else x ``[b, n, d]``. Deterministic in the case;
- `provenance() -> dict`, only where data are behind it: package, version and hashes, for `run.json`;
- `modality`, only where there is one: `language`, `vision` or `audio`.

Captured inputs are called ``captured_<source>``. What `bench capture` put into the data folder is an input too, one a
layer, ``captured_NAME_layerN_HASH``: not a file here, but with the same functions (`_captured`).
"""

from __future__ import annotations

from typing import Any

from bench.catalogue import Catalogue
from bench.data import captures
from bench.measure.inputs._captured import Captured

__all__ = ["catalogue", "load", "names"]

catalogue = Catalogue("input", "bench.measure.inputs", entry_points="bench.inputs")


def names() -> tuple[str, ...]:
    """Gives the names of the members and of the captures on this machine, sorted, importing none.

    Raises:
        UsageError: a name stands in two places, or a file among the captures is damaged.
    """
    return tuple(sorted({*catalogue.names(), *captures.listed()}))


def load(name: str) -> Any:
    """Gives the input of that name; a capture's also where it is not on this machine, as one that is absent.

    Raises:
        UsageError: no such name, or the member cannot be imported (with its own reason).
    """
    return Captured(name) if captures.is_input(name) else catalogue.load(name)
