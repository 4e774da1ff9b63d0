"""Which packages files cannot be opened without, and what to type: asked by a plan, so nothing is imported."""

from __future__ import annotations

import importlib.util

from bench.errors import UsageError

__all__ = ["lacking", "require"]


def lacking(*packages: str) -> str | None:
    """Gives which of the packages are not installed and what to type, or nothing."""
    missing = [name for name in packages if importlib.util.find_spec(name) is None]
    return f"{' and '.join(missing)} not installed; pip install {' '.join(missing)}" if missing else None


def require(where: str, *packages: str) -> None:
    """Checks that the packages are installed.

    Args:
        where: what needs them, as the message begins.
        packages: their names, by which they are imported and installed alike.

    Raises:
        UsageError: one is not.
    """
    reason = lacking(*packages)
    if reason:
        found, _, remedy = reason.partition("; ")
        raise UsageError(where, found, remedy)
