"""For a program: every verdict, equal ones too, and the exit codes that follow from them."""

from __future__ import annotations

import json

from bench.verdict import Comparison

__all__ = ["render"]


def render(comparison: Comparison) -> str:
    """Gives `Comparison.to_json` with `exit_codes`: by what ``--inconclusive`` says, ``pass`` or ``fail``."""
    codes = {word: comparison.exit_code(word) for word in ("pass", "fail")}
    return json.dumps({**comparison.to_json(), "exit_codes": codes}, indent=1, ensure_ascii=False, allow_nan=False)
