from __future__ import annotations

from typing import Any

import pytest
from rich.console import Console

from bench.report.audit_terminal import print_audit


def row(
    operator: str, provider: str, name: str, holds: bool | None, seen: bool | None, **changes: Any
) -> dict[str, Any]:
    command = f"bench audit --operator {operator} --provider {provider} --property {name}"
    words = {"operator": operator, "provider": provider, "property": name, "command": command, "evidence": None}
    return {
        **words,
        "claimed": None if holds is None else "it",
        "observed": "…",
        "holds": holds,
        "seen": seen,
        **changes,
    }


ROWS = [
    row("lora", "bench", "merge", True, True),
    row("lora", "<b>them</b>", "merge", False, False, observed="changes by | 0.1", evidence="n=3, seed 0"),
    row("lora", "<b>them</b>", "scale", None, False),
    row("lora", "absent", "merge", None, None, observed="absent is not installed; pip install it"),
]


@pytest.mark.parametrize("width", [40, 80])
def test_a_terminal_s_matrix_fits_it(width: int, capsys: pytest.CaptureFixture[str]) -> None:
    many = [row("an_operator", "a_provider_with_a_name", f"property_{i}", True, True) for i in range(24)]
    print_audit(many, Console(width=width))

    lines = capsys.readouterr().out.splitlines()
    assert next(line for line in lines if line.startswith("an_op")).endswith(" " + "y" * 24)
    assert max(len(line) for line in lines if line.startswith("an_op")) <= width


def test_a_terminal_shows_violations_first(capsys: pytest.CaptureFixture[str]) -> None:
    print_audit(ROWS, Console(width=80))

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "✗ lora[<b>them</b>] merge"
    assert lines[4] == f"    again     {ROWS[1]['command']}"
    assert lines[-1] == "1 of 2 claims hold; 1 do not; 0 could not be judged here."
