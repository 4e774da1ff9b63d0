"""AdapterHub's adapters: bottlenecks in a layer; they cannot be installed beside the other packages."""

from __future__ import annotations

from bench.operators.providers._refused import refused

__all__ = ["PROVIDER"]

PROVIDER = refused(
    "adapters",
    "adapters 1.3.0 needs transformers ~=4.57.6, and the other packages have 5; it takes an environment of its own",
    operators=("houlsby", "pfeiffer"),
    scopes=("projection", "layer", "model"),
)
