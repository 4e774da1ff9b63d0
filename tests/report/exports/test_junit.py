from __future__ import annotations

import importlib.util
import shutil
import subprocess
from xml.etree import ElementTree

import pytest

from bench.report.exports.junit import render

needs_junitparser = pytest.mark.skipif(
    importlib.util.find_spec("junitparser") is None, reason="junitparser is not installed"
)
needs_xmllint = pytest.mark.skipif(shutil.which("xmllint") is None, reason="there is no xmllint")


@pytest.fixture(scope="module")
def text(small) -> str:
    return render(small.table, small.rounds, small.info)


@needs_junitparser
def test_junitparser_reads_every_case_its_time_and_its_fate(text, small):
    from junitparser import Failure, JUnitXml, Skipped

    read = JUnitXml.fromstring(text.encode())
    cases = {case.name: case for suite in read for case in suite}

    assert (read.tests, read.failures, read.skipped, read.errors) == (len(small.table), 1, len(small.table) - 8, 0)
    for row in small.table.itertuples():
        case = cases[row.case_id]
        if row.status == "ok":
            assert case.result == []
            assert case.time == pytest.approx(row.latency_median_s, rel=1e-8)
        else:
            kind = Failure if row.status == "oom" else Skipped
            assert [type(result) for result in case.result] == [kind]
            assert case.result[0].type == row.status


@needs_junitparser
def test_the_counts_of_a_suite_are_those_of_its_cases(text):
    from junitparser import JUnitXml

    read = JUnitXml.fromstring(text.encode())
    told = [(suite.name, suite.tests, suite.failures, suite.skipped) for suite in read]
    read.update_statistics()

    assert [(suite.name, suite.tests, suite.failures, suite.skipped) for suite in read] == told


def test_the_reason_is_in_the_message_and_in_the_text(text):
    failure = ElementTree.fromstring(text).find(".//failure")
    why = 'oom: =1+1,"|`<b>&\\x1b[31m ::error::$_%{}\\ ]]>\\u202e'

    assert (failure.get("message"), failure.text) == (why, why)


def test_parameters_and_numbers_are_properties(text, small):
    row = small.table[small.table["status"] == "ok"].iloc[1]
    case = ElementTree.fromstring(text).find(f".//testcase[@name='{row['case_id']}']")
    told = {each.get("name"): each.get("value") for each in case.iter("property")}

    assert (told["seq_len"], told["case_hash"]) == ("16", row["case_hash"])
    assert float(told["latency_ratio"]) == row["latency_ratio"]


@needs_xmllint
def test_xmllint_finds_it_well_formed(text, tmp_path):
    (tmp_path / "junit.xml").write_text(text, encoding="utf-8")
    done = subprocess.run(["xmllint", "--noout", tmp_path / "junit.xml"], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
