"""bench: measured answers about attention and its low-rank relatives.

``bench.load(run_or_folder)`` gives the table of one or more runs as a pandas DataFrame; everything else is done by
the verbs of ``python -m bench``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bench.table.load import load

__all__ = ["load"]


def __getattr__(name: str) -> Any:
    if name == "load":  # on first use: pandas takes longer to import than `--help` may take
        from bench.table.load import load

        return load
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
