"""Real data and pretrained weights: downloads that nothing depends on, each in a folder of its own, by hash.

A member of `bench.data.models` or `bench.data.sets` is one file with a ``SOURCE`` (`bench.data.source`): which
package brings it, under which licence, which files are read and their sha256. Beside it stand the functions that
open those files. A new one is a file there and a line in ``requirements.txt`` or ``debian.txt``; other
packages cannot add any, since what is downloaded must be pinned here.
"""

from bench.catalogue import Catalogue

__all__ = ["catalogue", "load", "names"]

catalogue = Catalogue("data set", "bench.data.models", "bench.data.sets", attribute="SOURCE")
names = catalogue.names
load = catalogue.load
