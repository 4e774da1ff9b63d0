"""JUnit XML: a test suite a group, a test case a case; ``time`` is the latency in seconds.

A failed case is a failure, its type the status; one that is unsupported, skipped or interrupted is skipped. All that
is known of a case stands in its properties.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any
from xml.etree import ElementTree

import pandas as pd

from bench.report.exports._exported import Exported, exported
from bench.report.exports._text import one_line

__all__ = ["about", "holds_failures", "render"]

about = "JUnit XML, for the test views of CI services"
holds_failures = True


def render(table: pd.DataFrame, rounds: pd.DataFrame, run_info: Mapping[str, Any]) -> str:
    """Gives the XML."""
    cases = sorted(exported(table, rounds, run_info), key=lambda case: case.group)  # stable: the table's order inside
    root = ElementTree.Element("testsuites", {"name": f"bench {run_info['suite']}", **_counts(cases)})
    for group, members in groupby(cases, key=lambda case: case.group):
        root.append(_suite(group, list(members), run_info))
    ElementTree.indent(root)
    body = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'


def _suite(group: str, cases: Sequence[Exported], run_info: Mapping[str, Any]) -> ElementTree.Element:
    machine = run_info["machine"]
    attributes = {"name": group, **_counts(cases), "timestamp": run_info["started_utc"], "hostname": machine["name"]}
    suite = ElementTree.Element("testsuite", attributes)
    facts = {
        "run": run_info["run"],
        "commit": run_info.get("commit"),
        "cpu_model": machine["cpu_model"],
        "torch": run_info["versions"]["torch"],
    }
    _properties(suite, {name: value for name, value in facts.items() if value is not None})
    suite.extend(_case(case, f"bench.{run_info['suite']}") for case in cases)
    return suite


def _case(case: Exported, stem: str) -> ElementTree.Element:
    place = f"{stem}.{case.parameters['scope']}.{case.parameters['phase']}"
    attributes = {"classname": place, "name": case.case_id}
    if case.measured:
        attributes["time"] = f"{case.latency.value:.12f}"  # some readers take no exponent
    element = ElementTree.Element("testcase", attributes)
    _properties(element, {"case_hash": case.case_hash, "status": case.status, **case.parameters, **case.facts})
    if not case.measured:
        why = f"{case.status}: {case.reason}"
        kind = "failure" if case.failed else "skipped"
        # GitLab shows the text, Jenkins the message
        ElementTree.SubElement(element, kind, {"type": case.status, "message": why}).text = why
    return element


def _properties(parent: ElementTree.Element, facts: Mapping[str, Any]) -> None:
    properties = ElementTree.SubElement(parent, "properties")
    for name, value in facts.items():
        ElementTree.SubElement(properties, "property", {"name": name, "value": one_line(str(value))})


def _counts(cases: Sequence[Exported]) -> dict[str, str]:
    failures = sum(case.failed for case in cases)
    skipped = sum(not case.measured and not case.failed for case in cases)
    return {"tests": str(len(cases)), "failures": str(failures), "errors": "0", "skipped": str(skipped)}
