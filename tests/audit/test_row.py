from __future__ import annotations

from typing import Any

import pytest

from bench.audit.row import Row


def row(**changes: Any) -> Row:
    words: dict[str, Any] = {"operator": "lora", "provider": "peft", "name": "merge", "evidence": None}
    return Row(**{**words, "claimed": "merged equals unmerged", "observed": "…", "seen": True, **changes})


@pytest.mark.parametrize(
    ("claimed", "seen", "holds"),
    [("it", True, True), ("it", False, False), ("it", None, None), (None, False, None), (None, True, None)],
)
def test_only_a_claim_can_be_broken(claimed: str | None, seen: bool | None, holds: bool | None) -> None:
    assert row(claimed=claimed, seen=seen).holds is holds


def test_a_row_can_be_seen_again() -> None:
    assert row().command == "bench audit --operator lora --provider peft --property merge"
    assert row(device="cuda").command.endswith("--property merge --device cuda")


def test_json_has_the_documented_names() -> None:
    documented = ["operator", "provider", "property", "claimed", "observed", "holds", "evidence", "device"]

    assert list(row().to_json())[:8] == documented
