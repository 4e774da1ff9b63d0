from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from bench.errors import StoreError
from bench.report.build import build


@pytest.mark.slow
def test_a_report_is_a_page_a_summary_and_tables(report):
    names = {path.name for path in report.iterdir()}

    tables = {"table.csv", "crossover.csv", "scaling.csv", "claims.csv", "comparisons.csv"}
    assert names == {"index.html", "summary.md", "figures", *tables}


@pytest.mark.slow
def test_the_page_reaches_nowhere(report):
    text = (report / "index.html").read_text(encoding="utf-8")

    assert re.findall(r"(?:https?:)?//[a-z]", text) == []
    assert "<script" not in text
    assert "url(" not in re.sub(r"url\(#[\w-]+\)", "", text)


@pytest.mark.slow
def test_every_link_of_the_page_leads_to_a_file_or_a_place_in_it(report):
    text = (report / "index.html").read_text(encoding="utf-8")
    broken = [
        link
        for link in re.findall(r'href="([^"]+)"', text)
        if not (f'id="{link[1:]}"' in text if link.startswith("#") else (report / link).is_file())
    ]

    assert broken == []


@pytest.mark.slow
def test_the_verdict_stands_before_the_pictures(report):
    text = (report / "index.html").read_text(encoding="utf-8")

    assert text.index("is fastest") < text.index("<figure")


@pytest.mark.slow
def test_the_table_has_every_case_the_failed_ones_too(report, table):
    written = pd.read_csv(report / "table.csv")

    assert written["status"].value_counts().to_dict() == table["status"].value_counts().to_dict()
    assert written.loc[written["status"] == "oom", "latency_median_s"].isna().all()


@pytest.mark.slow
def test_a_failed_case_has_its_mark_in_the_page(report):
    text = (report / "index.html").read_text(encoding="utf-8")

    assert re.search(r"<text[^>]*>oom</text>", text)


@pytest.mark.slow
def test_what_was_not_drawn_says_why(report):
    text = (report / "index.html").read_text(encoding="utf-8")

    assert "Error over hidden size: not drawn, because no context was measured at two hidden sizes or more" in text


@pytest.mark.slow
def test_a_run_in_which_all_failed_still_has_a_report(table, rounds, run_info, tmp_path):
    numbers = [name for name in table if name.startswith("latency") or name.endswith("_bytes")]
    failed = table.head(4).assign(status="oom", **dict.fromkeys(numbers, np.nan))
    failed = failed.assign(attention_rel_error=np.nan)
    page = build(failed, rounds.iloc[:0], run_info, tmp_path)

    assert "4 of 4 cases failed." in page.read_text(encoding="utf-8")
    assert list((tmp_path / "figures").iterdir()) == []


@pytest.mark.slow
def test_two_runs_stand_side_by_side(table, rounds, run_info, tmp_path):
    few = table[(table["scope"] == "layer") & (table["phase"] == "forward")]
    mine = rounds[rounds["case_hash"].isin(few["case_hash"])]
    both = [pd.concat([frame, frame.assign(run="second")], ignore_index=True) for frame in (few, mine)]
    text = build(*both, [run_info, {**run_info, "run": "second"}], tmp_path).read_text(encoding="utf-8")

    assert "layer/forward, second, " in text


def test_a_folder_that_cannot_be_made_is_told(table, rounds, run_info, tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(StoreError) as told:
        build(table, rounds, run_info, tmp_path / "file" / "report")
    assert str(told.value).endswith("cannot be made (Not a directory); name another folder with --output")


@pytest.mark.slow
def test_every_case_behind_a_claim_is_in_the_table(report, table):
    told = pd.read_csv(report / "claims.csv")["case_ids"].dropna()
    named = {name for text in told for name in text.split("; ")}

    assert named
    assert named <= set(table["case_id"])


@pytest.mark.slow
def test_the_claims_count_what_stands_in_the_comparisons(report):
    claims, compared = (pd.read_csv(report / f"{name}.csv") for name in ("claims", "comparisons"))

    assert claims["comparisons"].sum() == (compared["side"] != "not counted").sum()
    assert claims["supporting"].sum() == (compared["side"] == "for").sum()
