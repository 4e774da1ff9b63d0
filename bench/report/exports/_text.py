"""Text that is safe wherever it is printed, and JSON that any parser reads.

Reasons and labels come from exceptions and from plug-ins: they may hold line breaks, terminal escapes, or what a CI
service takes for a command.
"""

from __future__ import annotations

import json
from typing import Any

__all__ = ["json_text", "one_line"]

_COMMANDS = ("::", "##[")  # GitHub Actions and Azure Pipelines obey a printed line that begins so


def one_line(text: str) -> str:
    r"""Gives text in one line, with what does not print as its escape: ``"\x1b"`` becomes four characters.

    Without line breaks only its beginning could begin a line, so a workflow command can stand there alone; it gets a
    backslash.
    """
    line = " ".join(text.split())
    line = "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in line)
    return f"\\{line}" if line.startswith(_COMMANDS) else line


def json_text(data: Any) -> str:
    """Gives strict JSON, without NaN or infinities.

    Raises:
        ValueError: a number is not finite.
    """
    return json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
