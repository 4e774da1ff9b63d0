from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bench.analysis.finding import TOPICS, Finding
from bench.report.page import page, sheet


def printed(table: pd.DataFrame, **changes) -> str:
    parts = {"run_infos": [{}], "findings": [], "crossovers": pd.DataFrame({"context": []})}
    parts |= {"exponents": pd.DataFrame({"context": []}), "pictures": []}
    parts |= {"claims": pd.DataFrame({"claim": []}), **changes}
    return page(table, **parts)


def small(**changes) -> pd.DataFrame:
    row = {"case_id": "a", "status": "ok", "latency_median_s": 0.001, "latency_ratio": 1.0, "group": "g", **changes}
    return pd.DataFrame([row, {**row, "case_id": "b"}])


def test_a_hostile_case_id_is_escaped():
    text = printed(small(case_id="<script>alert(1)</script>"))

    assert "<script" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


def test_a_hostile_verdict_and_label_are_escaped():
    finding = Finding("attention", "<img src=x>", '"><b>', ("<i>",), {})
    text = printed(small(), findings=[finding], run_infos=[{"suite": "<u>", "about": "<s>"}])

    assert not any(tag in text for tag in ("<img", '"><b>', "<i>", "<u>", "<s>"))
    assert "&gt;&lt;b&gt;" in text


def test_what_is_the_same_in_every_row_is_named_apart():
    found = sheet(small(device="cpu"), {})

    assert ("device", "cpu") in found.same
    assert "device" not in [name for name, _, _ in found.headings]


def test_a_column_without_a_value_is_named_as_empty():
    assert sheet(small(energy_j=np.nan), {}).empty == ("energy_j",)


def test_headings_carry_what_the_run_declared():
    declared = [{"columns": [{"name": "my_metric", "about": "What it says."}]}]
    text = printed(small().assign(my_metric=[1.0, 2.0]), run_infos=declared)

    assert 'title="What it says.">my_metric</th>' in text


def test_failed_rows_are_marked():
    table = small()
    table.loc[1, "status"] = "oom"

    assert [kind for kind, _ in sheet(table, {}).rows] == ["", "failed"]


def test_the_page_may_load_nothing():
    text = printed(small())

    assert "content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\"" in text


def test_a_page_of_nothing_but_failures_is_printed():
    table = small(status="oom", latency_median_s=np.nan, latency_ratio=np.nan)

    assert "0 measured of 2" in printed(table)


def test_the_machine_s_gpus_are_named():
    machine = {"cpu_model": "C", "cores": 2, "gpus": [{"name": "Example GPU", "memory_bytes": 2**30}]}
    text = printed(small(), run_infos=[{"machine": machine}])

    assert "<dd>C, 2 cores, Example GPU</dd>" in text
    assert '<tr><th scope="row">machine · gpus 0 · memory_bytes</th><td>1 GiB</td></tr>' in text


def test_what_cases_warn_of_is_told_once_with_their_number_and_one_of_them():
    text = printed(small().assign(warnings=["too few; loud", "too few"]), run_infos=[{"warnings": ["no roof"]}])

    assert "<li>no roof</li><li>too few (2 cases, such as a)</li><li>loud (a)</li>" in text


def test_a_page_without_a_warning_says_so():
    assert "<p>Neither the run nor any case gave a warning.</p>" in printed(small().assign(warnings=["", None]))


def test_lines_that_were_never_timed_are_counted_and_not_listed():
    columns = {"context": "core/forward", "baseline": "SDPA", "text": "never", "unmeasured": "", "answer": "never"}
    lines = pd.DataFrame([{**columns, "series": "a"}, {**columns, "series": "b", "answer": "untimed"}])
    text = printed(small(), crossovers=lines)

    assert '<th scope="row">a</th>' in text
    assert '<th scope="row">b</th><td>never' not in text
    assert "Not listed: 1 line without a latency at any length;" in text


def test_the_packages_are_a_section_of_their_own():
    assert '<a href="#packages">Beside other packages</a>' in printed(small())


def claim(**changes) -> pd.DataFrame:
    row = {"claim": "higher speed", "statement": "It is faster.", "modality": "language", "verdict": "held"}
    row |= {"number": 0.5, "ci_low": 0.4, "ci_high": 0.6, "unit": "time / baseline", "conditions": "here; there"}
    row |= {"case_ids": "a; b", "number_of": "adapters, training", "comparisons": 2, "supporting": 2, "opposing": 0}
    return pd.DataFrame([{**row, **changes}])


def test_the_claims_stand_first_with_verdict_number_conditions_and_cases():
    text = printed(small(), claims=claim())

    assert text.index('<section id="claims">') < text.index('<section id="verdict">')
    assert '<td class="held"><b>held</b><span>0.5 [0.4, 0.6] time / baseline</span>' in text
    assert '<span class="quiet">adapters, training</span>' in text
    assert "<ul><li>here</li><li>there</li></ul>" in text
    assert "<summary>2 cases</summary>" in text


def test_without_a_word_on_any_claim_there_is_no_such_section():
    text = printed(small(), claims=claim(verdict="not measured", conditions="", case_ids=""))

    assert "#claims" not in text


def test_a_hostile_name_in_a_claim_is_escaped():
    text = printed(small(), claims=claim(conditions="<img src=x>", case_ids="<b>"))

    assert "<img" not in text
    assert "<code>&lt;b&gt;</code>" in text


def test_tasks_are_a_section_of_their_own():
    assert '<a href="#tasks">Accuracy on tasks</a>' in printed(small())


@pytest.mark.parametrize("topic", TOPICS)
def test_a_finding_of_every_topic_is_printed(topic):
    assert "Something was found." in printed(small(), findings=[Finding(topic, "", "Something was found.", (), {})])
