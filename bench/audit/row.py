"""A row of the audit: what one implementation claims of one property, and what is observed."""

from __future__ import annotations

import dataclasses
from typing import Any

__all__ = ["Row"]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One operator, one provider, one property."""

    operator: str
    provider: str
    name: str
    """Of the property."""
    claimed: str | None
    """In words; absent where it claims nothing."""
    observed: str
    """In words."""
    seen: bool | None
    """Whether the property was seen to hold; absent where there was nothing to judge."""
    evidence: str | None
    """The smallest input that shows it; absent where nothing had to be shown."""
    device: str = "cpu"
    """Where it was seen, `cpu` or `cuda`."""

    @property
    def holds(self) -> bool | None:
        """Whether the claim holds; absent where nothing is claimed or nothing could be judged."""
        return self.seen if self.claimed else None

    @property
    def command(self) -> str:
        """What to type to see it again."""
        device = "" if self.device == "cpu" else f" --device {self.device}"
        return f"bench audit --operator {self.operator} --provider {self.provider} --property {self.name}{device}"

    def to_json(self) -> dict[str, Any]:
        """Gives the row as JSON takes it: `operator provider property claimed observed holds evidence`, and more."""
        return {
            "operator": self.operator,
            "provider": self.provider,
            "property": self.name,
            "claimed": self.claimed,
            "observed": self.observed,
            "holds": self.holds,
            "evidence": self.evidence,
            "device": self.device,
            "seen": self.seen,
            "command": self.command,
        }
