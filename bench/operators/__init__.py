"""The operators: attentions and adapters of a linear projection, one a file.

`operators.names()` lists, `operators.load(name)` gives one. Other packages add theirs by the entry point
``bench.operators``; nothing here changes for it.
"""

from bench.catalogue import Catalogue
from bench.operators._base import Adapter, Attention, Layer, Operator, Option

__all__ = ["Adapter", "Attention", "Layer", "Operator", "Option", "catalogue", "load", "names"]

catalogue = Catalogue(
    "operator",
    "bench.operators.attention",
    "bench.operators.adapters",
    attribute="OPERATOR",
    entry_points="bench.operators",
)
names = catalogue.names
load = catalogue.load
