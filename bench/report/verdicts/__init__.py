"""The formats in which a comparison is told, one a file.

A member is a module with

- `render(comparison) -> str`: all of it as text, without a line end; pure, the same for the same comparison;
- `show(comparison) -> None`, where standard output is told in another way than by printing that text: in colours, or
  with a page for the service that runs the job.

`tell` is what verbs call.
"""

from __future__ import annotations

from pathlib import Path

from bench.catalogue import Catalogue
from bench.verdict import Comparison

__all__ = ["catalogue", "load", "names", "tell"]

catalogue = Catalogue("format", "bench.report.verdicts")
names = catalogue.names
load = catalogue.load


def tell(comparison: Comparison, name: str, output: Path | None = None) -> None:
    """Writes a comparison to a file, or to standard output where none is named.

    Args:
        comparison: what was found.
        name: of the format.
        output: the file; it is there whole or not at all.

    Raises:
        UsageError: there is no such format.
        StoreError: the file cannot be written.
    """
    from bench.store.run import write_text

    member = load(name)
    if output is not None:
        write_text(output, member.render(comparison) + "\n")
    elif hasattr(member, "show"):
        member.show(comparison)
    else:
        print(member.render(comparison))
