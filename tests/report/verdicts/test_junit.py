"""Read back by the readers that services use."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from junitparser import Error, Failure, JUnitXml, Skipped

from bench.report.verdicts.junit import render


def test_each_case_and_metric_is_a_test_and_its_result_follows_from_the_verdict(every):
    suite = next(iter(JUnitXml.fromstring(render(every).encode())))
    results = [(case.classname.partition("[")[0], case.name, [type(r) for r in case.result]) for case in suite]

    assert results == [
        ("sdpa", "latency", []),
        ("linformer", "latency", [Failure]),
        ("nystrom", "latency", []),
        ("performer", "latency", [Skipped]),
        ("sdpa", "peak_tensor_bytes", []),
        ("linformer", "peak_tensor_bytes", [Failure]),
        ("linformer", "output_rel_error", []),
        ("uniform", "case", [Error]),
        ("linear_elu", "case", [Skipped]),
        ("flex", "case", [Skipped]),
        ("mla", "case", [Skipped]),
    ]
    assert (suite.tests, suite.failures, suite.errors, suite.skipped, suite.time) == (11, 2, 1, 4, 171.0)


def test_a_result_says_why(every):
    failure = list(next(iter(JUnitXml.fromstring(render(every).encode()))))[1].result[0]

    assert failure.type == "beyond_margin"
    assert failure.message == (
        "regressed: latency 2 ms -> 2.24 ms, × 1.12 [1.1, 1.15], 24 rounds; "
        "the whole interval is beyond the margin, and a second series of fresh rounds says so too"
    )


def test_the_sides_and_the_margin_are_properties(every):
    suite = next(iter(JUnitXml.fromstring(render(every).encode())))

    assert {each.name: each.value for each in suite.properties()} == {
        "base": "main",
        "head": "HEAD",
        "margin": "0.02",
    }


def test_a_name_that_is_markup_is_text(make_comparison, make_verdict, hostile):
    suite = next(iter(JUnitXml.fromstring(render(make_comparison(make_verdict(case_id=hostile))).encode())))

    assert next(iter(suite)).classname == "::error::x|y\\x1b[31m<b>\\n##[error]`z`"


@pytest.mark.skipif(shutil.which("xmllint") is None, reason="xmllint is not installed")
def test_xmllint_finds_nothing(every, tmp_path):
    (tmp_path / "bench.xml").write_text(render(every), encoding="utf-8")
    done = subprocess.run(["xmllint", "--noout", tmp_path / "bench.xml"], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
