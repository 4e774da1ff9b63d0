"""For a service that reads test results: one test case for each case and metric.

A regression is a `failure`, a case that fails an `error`, what cannot be judged (inconclusive, vanished, new,
changed) is `skipped` with its reason, and the rest passes.
"""

from __future__ import annotations

from xml.etree import ElementTree

from bench.report.verdicts._words import about, change, counts, next_step, plain, told_beside, why
from bench.verdict import Comparison, Verdict

__all__ = ["render"]

_ELEMENTS = {
    "regressed": "failure",
    "failed": "error",
    "inconclusive": "skipped",
    "vanished": "skipped",
    "new": "skipped",
    "changed": "skipped",
}


def render(comparison: Comparison) -> str:
    """Gives the comparison as JUnit XML."""
    verdicts = comparison.verdicts
    elements = [_ELEMENTS.get(verdict.verdict, "") for verdict in verdicts]
    totals = {
        "tests": str(len(verdicts)),
        "failures": str(elements.count("failure")),
        "errors": str(elements.count("error")),
        "skipped": str(elements.count("skipped")),
        "time": f"{comparison.wall_s or 0:.3f}",
    }
    root = ElementTree.Element("testsuites", {"name": "bench", **totals})
    suite = ElementTree.SubElement(root, "testsuite", {"name": plain(comparison.suite), **totals})
    properties = ElementTree.SubElement(suite, "properties")
    sides = {"base": comparison.base.name, "head": comparison.head.name, "margin": f"{comparison.margin:g}"}
    for name, value in sides.items():
        ElementTree.SubElement(properties, "property", {"name": name, "value": plain(value)})
    for verdict in verdicts:
        _test(suite, comparison, verdict)
    lines = [about(comparison), *counts(comparison), *told_beside(comparison)]
    ElementTree.SubElement(suite, "system-out").text = "\n".join(lines)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode")


def _test(suite: ElementTree.Element, comparison: Comparison, verdict: Verdict) -> None:
    name = {"classname": plain(verdict.case_id), "name": plain(verdict.metric)}
    test = ElementTree.SubElement(suite, "testcase", name)
    told = [text for text in (change(verdict), why(verdict), next_step(comparison, verdict)) if text]
    if element := _ELEMENTS.get(verdict.verdict):
        message = {"type": verdict.reason, "message": f"{verdict.verdict}: {'; '.join(told)}"}
        ElementTree.SubElement(test, element, message).text = "\n".join(told)
    else:
        ElementTree.SubElement(test, "system-out").text = f"{verdict.verdict}: " + "; ".join(told)
