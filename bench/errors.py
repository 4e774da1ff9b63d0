"""What a user did wrong, said so that they can mend it; one class for each exit code.

Every message reads ``where: what was found; what would be right.``. An internal fault is an ordinary
traceback, exit code 70, and never one of these.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = [
    "BenchError",
    "ComparisonError",
    "StoreError",
    "UsageError",
    "nearest",
]


class BenchError(Exception):
    """A fault that is told in one line and ends the program with `exit_code`.

    Args:
        where: the file, line and column, option, or name at fault.
        found: what stands there.
        right: what would be right, as something that the reader can type.
    """

    exit_code = 2

    def __init__(self, where: str, found: str, right: str = "") -> None:
        self.where, self.found, self.right = where, found, right
        super().__init__(str(self))

    def __str__(self) -> str:
        return f"{self.where}: {self.found}" + (f"; {self.right}" if self.right else "")


class UsageError(BenchError):
    """The command line, a suite file or a name is wrong (exit code 2)."""

    exit_code = 2


class ComparisonError(BenchError):
    """Nothing comparable was given (exit code 4)."""

    exit_code = 4


class StoreError(BenchError):
    """Results cannot be stored, or the device is held by another run (exit code 5)."""

    exit_code = 5


def nearest(word: str, words: Iterable[str]) -> str:
    """Gives "did you mean 'x'?", or the valid words where none is near.

    Args:
        word: what was found.
        words: what would be valid.
    """
    valid = sorted(words)
    close = difflib.get_close_matches(word, valid, n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]!r}?"
    return "valid: " + ", ".join(valid) if valid else "nothing is valid here"
