"""One error of the article from which the project began, with the number that shows it."""

from __future__ import annotations

import dataclasses

__all__ = ["Exhibit"]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Exhibit:
    """One error of the article."""

    number: str
    says: str
    """What the article says."""
    right: str
    """What is right."""
    shown: str
    """The numbers that show it, in words."""
    values: dict[str, float]
    """The same numbers, by name."""
