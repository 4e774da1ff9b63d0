from __future__ import annotations

import re

import pytest

from bench.errors import StoreError
from bench.report.verdicts import github
from bench.report.verdicts.github import SUMMARY_BYTES, commands, render, show, summary

COMMAND = re.compile(r"::(error|warning|notice) file=suites/nlp\.yaml,title=bench::(.*)")


def test_a_group_has_one_annotation_of_the_kind_of_its_most_urgent_verdict(every):
    assert commands(every) == [
        "::error file=suites/nlp.yaml,title=bench::core/forward n=64 d=16 fp32 cpu"
        "%0Aregressed: linformer[bench] core/forward n=64 d=16 fp32 cpu: latency 2 ms -> 2.24 ms, "
        "× 1.12 [1.1, 1.15], 24 rounds: the whole interval is beyond the margin, and a second series of fresh rounds "
        "says so too"
        "%0Aregressed: linformer[bench] core/forward n=64 d=16 fp32 cpu: peak_tensor_bytes 1 MiB (1,048,576 B) -> "
        "2 MiB (2,097,152 B), × 2: exactly known, and more than before"
        "%0Afailed: uniform[bench] core/forward n=64 d=16 fp32 cpu: it fails now and did not before "
        "(head: oom: 2 GiB asked for)"
        "%0Avanished: linear_elu[bench] core/forward n=64 d=16 fp32 cpu: "
        "it is not planned, or has no meaning, any more"
        "%0Achanged: mla[bench] core/forward n=64 d=16 fp32 cpu: the same name stands for another measurement"
        "%0A3 more in this group"
    ]


def test_what_is_unchanged_has_no_annotation(make_comparison, make_verdict):
    assert commands(make_comparison(make_verdict())) == []


@pytest.mark.parametrize(
    ("word", "reason", "kind"),
    [
        ("regressed", "more", "error"),
        ("failed", "failed_in_head", "error"),
        ("vanished", "only_in_base", "warning"),
        ("changed", "definition_changed", "warning"),
        ("inconclusive", "straddles_margin", "notice"),
        ("improved", "less", "notice"),
        ("new", "only_in_head", "notice"),
    ],
)
def test_the_kind_follows_from_the_verdict(make_comparison, make_verdict, word, reason, kind):
    lines = commands(make_comparison(make_verdict(verdict=word, reason=reason)))

    assert [COMMAND.fullmatch(line)[1] for line in lines] == [kind]


def test_more_than_ten_groups_are_ten_annotations_the_last_of_which_counts_the_rest(make_comparison, make_verdict):
    verdicts = [make_verdict(verdict="regressed", reason="more", group=f"g{i}") for i in range(25)]
    verdicts += [make_verdict(verdict="improved", reason="less", group=f"h{i}") for i in range(10)]
    lines = commands(make_comparison(*verdicts))
    kinds = [COMMAND.fullmatch(line)[1] for line in lines]

    assert (kinds.count("error"), kinds.count("notice")) == (10, 10)
    assert lines[9] == "::error file=suites/nlp.yaml,title=bench::16 more groups of cases; the step summary has them"


def test_no_name_can_become_a_command(make_comparison, make_verdict, hostile):
    comparison = make_comparison(
        make_verdict(case_id=hostile, group="100%\r\n::error::y", verdict="regressed", reason="more", detail=hostile),
        suite="a,b:c%\n::error::.yaml",
        notes=(hostile,),
    )
    found = [line for line in render(comparison).splitlines() if line.lstrip().startswith("::")]

    assert found == [
        "::error file=a%2Cb%3Ac%25\\n%3A%3Aerror%3A%3A.yaml,title=bench::100%25\\r\\n::error::y"
        "%0Aregressed: ::error::x|y\\x1b[31m<b>\\n##[error]`z`: latency: exactly known, and more than before "
        "(::error::x|y\\x1b[31m<b>\\n##[error]`z`)"
    ]
    assert "##[" not in summary(comparison)


def test_a_suite_that_is_no_file_is_not_named_as_one(make_comparison, make_verdict):
    comparison = make_comparison(make_verdict(verdict="new", reason="only_in_head"), suite="nlp", kind="compare")

    assert commands(comparison)[0].startswith("::notice title=bench::")


def test_the_summary_stays_below_its_cap_and_tells_what_it_leaves_out(make_comparison, make_verdict):
    verdicts = [make_verdict(f"a{i}", detail="é" * 300) for i in range(10_000)]
    text = summary(make_comparison(*verdicts))

    assert SUMMARY_BYTES - 2_000 < len(text.encode()) <= SUMMARY_BYTES < 1024 * 1024
    assert re.search(r"\n\d+ more verdicts, the least urgent, are left out here\.$", text)


def test_in_a_job_the_summary_is_appended_to_its_page(every, tmp_path, monkeypatch, capsys):
    page = tmp_path / "summary.md"
    page.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(page))
    show(every)

    assert page.read_text(encoding="utf-8") == f"before\n{summary(every)}\n"
    assert capsys.readouterr().out.splitlines() == [*commands(every), github.about(every)]


def test_elsewhere_the_summary_follows_the_commands(every, monkeypatch, capsys):
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    show(every)

    assert capsys.readouterr().out == "\n".join([*commands(every), summary(every)]) + "\n"


def test_a_page_that_cannot_be_written_is_told(every, tmp_path, monkeypatch):
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path))
    with pytest.raises(StoreError) as caught:
        show(every)

    assert str(caught.value) == (
        f"GITHUB_STEP_SUMMARY={tmp_path}: cannot be written (Is a directory); unset it, and the summary is printed"
    )
