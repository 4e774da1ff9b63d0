"""What is measured beside time, in the untimed passes: one metric a file.

A member is a module with

- `kind`: the pass it belongs to, `cost` or `accuracy`;
- `columns`: a tuple of `bench.column.Column`;
- `measure(workload) -> dict[str, value]`: exactly those columns, or some of them where one is absent for the case.
"""

from bench.catalogue import Catalogue

__all__ = ["catalogue", "load", "names"]

catalogue = Catalogue("metric", "bench.measure.metrics", entry_points="bench.metrics")
names = catalogue.names
load = catalogue.load
