"""For a job on GitHub Actions: a page of the job (its step summary) and annotations, at most one a group of cases.

GitHub drops what is beyond 10 annotations of a kind in a step without a word, and refuses a summary above 1024 KiB:
so the tenth annotation tells of all that are left, and the summary is cut far below. A text that came from outside
cannot become a workflow command.

Source: GitHub Docs, "Workflow commands for GitHub Actions" and "Limitations" of annotations there; the escapes are
those of the actions toolkit, packages/core/src/command.ts.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.errors import StoreError
from bench.report.verdicts import markdown
from bench.report.verdicts._words import about, by_urgency, change, clipped, plain, why
from bench.verdict import Comparison, Verdict

__all__ = ["SUMMARY_BYTES", "commands", "render", "show", "summary"]

SUMMARY_BYTES = 256 * 1024
"""Size of the step summary at the most: four steps of a job may each have one."""

_PER_KIND = 10
_PER_GROUP = 5  # verdicts that an annotation tells; the summary has all
_KINDS = {
    "regressed": "error",
    "failed": "error",
    "vanished": "warning",
    "changed": "warning",
    "inconclusive": "notice",
    "improved": "notice",
    "new": "notice",
}


def render(comparison: Comparison) -> str:
    """Gives the annotations and, below them, the step summary."""
    return "\n".join([*commands(comparison), summary(comparison)])


def show(comparison: Comparison) -> None:
    """Prints the annotations, and appends the summary to the file that ``GITHUB_STEP_SUMMARY`` names, if it does.

    Raises:
        StoreError: that file cannot be written.
    """
    page = os.environ.get("GITHUB_STEP_SUMMARY")
    if not page:
        print(render(comparison))
        return
    print("\n".join([*commands(comparison), about(comparison)]))
    try:
        with Path(page).open("a", encoding="utf-8") as file:
            file.write(summary(comparison) + "\n")
    except OSError as error:
        found = f"cannot be written ({error.strerror})"
        raise StoreError(f"GITHUB_STEP_SUMMARY={page}", found, "unset it, and the summary is printed") from error


def summary(comparison: Comparison) -> str:
    """Gives the step summary, of `SUMMARY_BYTES` at the most."""
    return markdown.render(comparison, SUMMARY_BYTES)


def commands(comparison: Comparison) -> list[str]:
    """Gives the workflow commands: for each group of cases one, of the kind of its most urgent verdict."""
    groups: dict[str, list[Verdict]] = {}
    for verdict in by_urgency(comparison.verdicts):
        if verdict.verdict in _KINDS:
            groups.setdefault(verdict.group, []).append(verdict)
    found: dict[str, list[str]] = {"error": [], "warning": [], "notice": []}
    for group, verdicts in groups.items():
        found[_KINDS[verdicts[0].verdict]].append("\n".join(_message(group, verdicts)))
    lines = []
    for kind, messages in found.items():
        kept = messages if len(messages) <= _PER_KIND else messages[: _PER_KIND - 1]
        lines += [_command(kind, comparison.suite, "bench", message) for message in kept]
        if left_out := len(messages) - len(kept):
            text = f"{left_out} more groups of cases; the step summary has them"
            lines.append(_command(kind, comparison.suite, "bench", text))
    return lines


def _message(group: str, verdicts: Sequence[Verdict]) -> Iterator[str]:
    if group:
        yield plain(group)
    for verdict in verdicts[:_PER_GROUP]:
        moved = change(verdict)
        yield clipped(f"{verdict.verdict}: {plain(verdict.case_id)}: {moved}{': ' if moved else ''}{why(verdict)}")
    if len(verdicts) > _PER_GROUP:
        yield f"{len(verdicts) - _PER_GROUP} more in this group"


def _command(kind: str, suite: str, title: str, message: str) -> str:
    properties = {"file": suite} if suite.endswith((".yaml", ".yml")) else {}
    properties["title"] = title
    listed = ",".join(f"{name}={_property(plain(value))}" for name, value in properties.items())
    return f"::{kind} {listed}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
