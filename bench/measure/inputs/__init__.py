"""What is fed: one named distribution, or set of captured tensors, a file.

A member is a module with

- `scopes`: frozenset of scopes at which it is defined (`core`: q, k, v; the others: x);
- `unsupported(case) -> str | None`: why it cannot serve a case (its length, its width), without torch;
- `absent() -> str | None`: why its data are not on this machine and what to type to get them, without torch;
- `tensors(case) -> dict[str, torch.Tensor]`: float64 on the CPU: at `core` q ``[b, h, n, c]``, k and v
  ``[b, g, n, c]``; else x ``[b, n, d]``. Deterministic in the case;
- `provenance() -> dict`, only where data are behind it: package, version and hashes, for `run.json`.

Captured inputs are called ``captured_<source>``.
"""

from bench.catalogue import Catalogue

__all__ = ["catalogue", "load", "names"]

catalogue = Catalogue("input", "bench.measure.inputs", entry_points="bench.inputs")
names = catalogue.names
load = catalogue.load
