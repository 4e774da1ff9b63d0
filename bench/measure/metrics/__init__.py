"""What is measured beside time, in the untimed passes: one metric a file.

A member is a module with

- `kind`: the pass it belongs to, `cost` or `accuracy`;
- `columns`: a tuple of `bench.column.Column`;
- `measure(workload) -> dict[str, value]`: exactly those columns, or some of them where one is absent for the case.
"""

from bench.catalogue import Catalogue
from bench.column import Column
from bench.errors import UsageError

__all__ = ["catalogue", "columns", "load", "names"]

catalogue = Catalogue("metric", "bench.measure.metrics", entry_points="bench.metrics")
names = catalogue.names
load = catalogue.load


def columns() -> list[Column]:
    """Gives the columns of all metrics.

    Raises:
        UsageError: a metric cannot be imported, or lacks what a metric has.
    """
    found: list[Column] = []
    for name in names():
        metric = load(name)
        for attribute in ("kind", "columns", "measure"):
            if not hasattr(metric, attribute):
                raise UsageError(catalogue.place(name), f"metric {name!r} has no {attribute!r}", "mend or remove it")
        found += metric.columns
    return found
