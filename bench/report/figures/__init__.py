"""The pictures of a report, one a file.

A member is a module with

- `title`: a few words, and `about`: how to read it, in one or two sentences;
- `absent`: why there is nothing to draw, where `data` gives no row;
- `data(table, rounds) -> DataFrame`: what is drawn, saved beside the picture as its CSV. Where it has the columns
  `operator` and `label`, the page makes a legend of them;
- `draw(data) -> matplotlib.figure.Figure`: computes nothing. Axes whose gid begins with ``panel`` are laid out by the
  page one by one, so that a picture of many panels is readable on a narrow screen too.

Colours and markers come from `bench.report.style`.
"""

from bench.catalogue import Catalogue

__all__ = ["catalogue", "load", "names"]

catalogue = Catalogue("figure", "bench.report.figures", entry_points="bench.figures")
names = catalogue.names
load = catalogue.load
