"""Series as text: what changed, where, and how many did not."""

from __future__ import annotations

from bench.report.history_text import change_text, markdown, rows, series_text, text


def test_a_change_is_a_percentage_with_its_interval(made_history):
    assert change_text(made_history().steps[0]) == "+20.0 % ± 1.1 %"


def test_the_terminal_gets_what_changed_where_and_what_else_did(made_history):
    found = [made_history(), made_history(state="steady", steps=()), made_history(state="too_few_runs", steps=())]

    assert text(found).splitlines() == [
        "linformer[bench] n=8",
        "  m, torch 2.13.0: 11 runs and 1 oom; one run scatters ± 1.0 %; 1 step",
        "  +20.0 % ± 1.1 %, worse: 0.5 -> 0.6, between aaaaaaa and bbbbbbb (2026-01-07, r6); "
        "also changed: kernel 6.1 -> 6.8",
        "3 series: 1 changed, 1 did not, 1 has fewer than 8 runs with a value, and nothing is said of it",
    ]


def test_of_one_case_every_run_is_printed_the_failed_one_with_its_status(made_history):
    lines = series_text([made_history()]).splitlines()

    assert lines[5].split() == ["2026-01-04T00:00", "aaaaaaa", "×", "oom", "r3"]
    assert lines[8].startswith("  ---- +20.0 %")
    assert lines[14].split()[1:3] == ["no", "commit"]


def test_markdown_has_a_row_a_step_that_no_name_can_break(made_history):
    found = markdown([made_history(case_id="a|b")])

    assert r"| a\|b | +20.0 % ± 1.1 % | worse | aaaaaaa | bbbbbbb | 0.5 -> 0.6 | ± 1.0 % |" in found


def test_machines_that_are_not_mixed_are_counted(made_history):
    found = [made_history(), made_history(machine="n")]

    assert text(found).splitlines()[-1] == "2 kinds of machine and torch, each with series of its own"


def test_rows_for_programs_have_null_for_what_is_absent(made_history):
    (found,) = rows([made_history()])

    assert (found["runs"][3]["value"], found["runs"][11]["commit"]) == (None, None)
    assert found["steps"][0]["ratio"] == 1.2
