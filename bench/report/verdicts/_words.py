"""The words of a verdict, alike in every format: what happened, to what, by how much, why, and what to do next.

Goes in: a comparison or one of its verdicts. Comes out: text of one line, in which no control character is left; each
format escapes what is markup to it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from bench.report.cells import cell_text
from bench.units import bytes_text, duration_text, ratio_text, seconds_text
from bench.verdict import REASONS, Comparison, Side, Verdict

__all__ = [
    "SIGNS",
    "about",
    "by_urgency",
    "change",
    "clipped",
    "counts",
    "listed",
    "next_step",
    "plain",
    "share",
    "sign",
    "summed_up",
    "told_beside",
    "why",
]

SIGNS = {
    "regressed": "✗",
    "failed": "!",
    "vanished": "−",
    "changed": "~",
    "inconclusive": "?",
    "improved": "✓",
    "new": "+",
    "unchanged": "=",
}
"""Verdict -> its sign, the most urgent first: no verdict is told by its colour alone."""

_ORDER = tuple(SIGNS)
_ERROR = "_rel_error"
_TASK = "task_"
_QUIET = {  # kind -> what is said of one, and of several, that are unchanged
    "exact": ("exact metric is equal", "exact metrics are equal"),
    _ERROR: ("error is within its tolerance", "errors are within their tolerance"),
    _TASK: ("value of a task is within its tolerance", "values of tasks are within their tolerance"),
}


def plain(text: str) -> str:
    """Gives text with what is not printable (escapes of a terminal, line ends, bidirectional marks) spelt out."""
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)


def clipped(text: str, most: int = 300) -> str:
    """Gives at most so many characters of a text, and says so where it is cut."""
    return text if len(text) <= most else text[: most - 1] + "…"


def share(value: float) -> str:
    """Gives a share in percent: 0.02 -> ``2 %``."""
    return f"{100 * value:.3g} %"


def sign(verdict: Verdict) -> str:
    """Gives a verdict's sign and word."""
    return f"{SIGNS[verdict.verdict]} {verdict.verdict}"


def about(comparison: Comparison) -> str:
    """Gives what was compared: ``bench ab main (1a2b3c4d5e) -> HEAD, suites/nlp.yaml, margin 2 % of latency``."""
    sides = f"{_side(comparison.base)} -> {_side(comparison.head)}"
    spent = "" if comparison.wall_s is None else f", {duration_text(comparison.wall_s)}"
    margin = f"margin {share(comparison.margin)} of latency"
    return f"bench {comparison.kind} {sides}, {plain(comparison.suite)}, {margin}{spent}"


def counts(comparison: Comparison) -> tuple[str, ...]:
    """Gives how many verdicts there are of each kind: of cases, latency, what is exact, errors, accuracy on tasks."""
    kinds = {"cases": "case", "latency": "latency", "exact": "exact", "errors": _ERROR, "accuracy on tasks": _TASK}
    lines = []
    for name, kind in kinds.items():
        of_kind = [each for each in comparison.verdicts if _kind(each) == kind]
        if of_kind:
            lines.append(f"{name}: {_counted(of_kind)}")
    return tuple(lines) or ("nothing was compared",)


def told_beside(comparison: Comparison) -> tuple[str, ...]:
    """Gives what differs between the sides, and the notes."""
    differences = [f"differs: {plain(text)}" for text in comparison.differences]
    return (*differences, *(f"note: {plain(text)}" for text in comparison.notes))


def by_urgency(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Gives the verdicts, the most urgent first; what is equally urgent stays in order."""
    return sorted(verdicts, key=lambda each: _ORDER.index(each.verdict))


def listed(comparison: Comparison) -> list[Verdict]:
    """Gives the verdicts that are told one by one: of latency and cases all, of the rest what is not as before."""
    told = [each for each in comparison.verdicts if each.verdict != "unchanged" or _kind(each) in ("latency", "case")]
    return by_urgency(told)


def summed_up(comparison: Comparison) -> str:
    """Gives a line on the verdicts that `listed` leaves out; empty where there are none."""
    quiet = Counter(_kind(each) for each in comparison.verdicts if each.verdict == "unchanged")
    parts = [
        f"{quiet[kind]} {one if quiet[kind] == 1 else many}" for kind, (one, many) in _QUIET.items() if quiet[kind]
    ]
    return f"{' and '.join(parts)} (--format json lists them)" if parts else ""


def change(verdict: Verdict) -> str:
    """Gives the metric and what became of it: ``latency 2 ms -> 2.24 ms, × 1.12 [1.1, 1.15], 24 rounds``."""
    if verdict.base is None and verdict.head is None:
        return "" if verdict.metric == "case" else plain(verdict.metric)
    base, head = (_value(verdict.metric, value) for value in (verdict.base, verdict.head))
    text = f"{plain(verdict.metric)} {base} -> {head}"
    ratio = ratio_text(verdict.ratio, verdict.ratio_ci_low, verdict.ratio_ci_high)
    if verdict.metric == "latency" or (verdict.base != verdict.head and ratio not in ("-", "1")):
        text += f", × {ratio}"
    if verdict.rounds:
        text += f", {verdict.rounds} {'round' if verdict.rounds == 1 else 'rounds'}"
    return text


def why(verdict: Verdict) -> str:
    """Gives the reason in words and what else is known."""
    detail = f" ({plain(verdict.detail)})" if verdict.detail else ""
    return REASONS[verdict.reason] + detail


def next_step(comparison: Comparison, verdict: Verdict) -> str:
    """Gives what would decide, or confirm; empty where nothing is left to do but to mend it."""
    if comparison.kind == "compare":
        if _kind(verdict) == _TASK and verdict.verdict == "inconclusive":
            return "more seeds in the suite make the intervals narrower"
        wanted = {"inconclusive": "decides", "regressed": "confirms or clears it"}.get(verdict.verdict)
        return f"`bench ab` {wanted}" if wanted and verdict.metric == "latency" else ""
    if verdict.verdict != "inconclusive":
        return ""
    if verdict.more_rounds is not None:
        rounds = "round" if verdict.more_rounds == 1 else "rounds"
        return f"about {verdict.more_rounds} more {rounds} would decide: a larger --budget, or fewer cases by --where"
    if verdict.reason == "straddles_margin":
        return "more rounds would not decide: the change is about as large as the margin"
    return "run it again with a larger --budget" if verdict.metric == "latency" else ""


def _kind(verdict: Verdict) -> str:
    if verdict.metric in ("case", "latency"):
        return verdict.metric
    if verdict.metric.startswith(_TASK):
        return _TASK
    return _ERROR if verdict.metric.endswith(_ERROR) else "exact"


def _counted(verdicts: Sequence[Verdict]) -> str:
    found = Counter(each.verdict for each in verdicts)
    return ", ".join(f"{found[name]} {name}" for name in _ORDER if found[name])


def _side(side: Side) -> str:
    commit = f" ({side.commit[:10]}{'-dirty' if side.commit.endswith('-dirty') else ''})" if side.commit else ""
    return plain(side.name + commit)


def _value(metric: str, value: float | None) -> str:
    if value is None:
        return "-"
    if metric == "latency":
        return seconds_text(value)
    if metric.endswith("_bytes"):  # to the byte, since it is gated to the byte
        return f"{bytes_text(value)} ({value:,.0f} B)" if value >= 1024 else bytes_text(value)
    if metric.startswith(_TASK):
        return f"{value:.3f}"
    return cell_text(metric, value) if metric.endswith(_ERROR) else f"{value:,.0f}"
