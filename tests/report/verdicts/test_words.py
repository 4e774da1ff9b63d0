"""The words that all formats share."""

from __future__ import annotations

import pytest

from bench.report.verdicts._words import SIGNS, about, change, clipped, counts, next_step, plain, summed_up, why
from bench.verdict import VERDICTS


def test_each_verdict_has_a_sign_of_its_own():
    assert set(SIGNS) == set(VERDICTS)
    assert len(set(SIGNS.values())) == len(VERDICTS)


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("\x1b[31mred", "\\x1b[31mred"),
        ("two\r\nlines\t", "two\\r\\nlines\\t"),
        ("a\u202eb", "a\\u202eb"),
        ("lone \ud800", "lone \\ud800"),
        ("Nyström × 2 µs", "Nyström × 2 µs"),
    ],
)
def test_what_is_not_printable_is_spelt_out(text, safe):
    assert plain(text) == safe


def test_a_text_that_is_cut_says_so():
    assert clipped("abcdef", 4) == "abc…"
    assert clipped("abcd", 4) == "abcd"


def test_the_head_line_names_both_sides_their_commits_and_the_margin(every):
    assert about(every) == (
        "bench ab main (1a2b3c4d5e) -> HEAD (9f8e7d6c5b), suites/nlp.yaml, margin 2 % of latency, 2m 51s"
    )


def test_cases_latency_what_is_exact_and_errors_are_counted_apart(every):
    assert counts(every) == (
        "cases: 1 failed, 1 vanished, 1 changed, 1 new",
        "latency: 1 regressed, 1 inconclusive, 1 improved, 1 unchanged",
        "exact: 1 regressed, 1 unchanged",
        "errors: 1 unchanged",
    )


def test_a_comparison_of_nothing_says_so(make_comparison):
    assert counts(make_comparison()) == ("nothing was compared",)


def test_a_latency_has_units_a_ratio_its_interval_and_its_rounds(every):
    assert change(every.of("regressed")[0]) == "latency 2 ms -> 2.24 ms, × 1.12 [1.1, 1.15], 24 rounds"


def test_bytes_are_told_to_the_byte(make_verdict):
    given = {"metric": "peak_tensor_bytes", "verdict": "regressed", "reason": "more"}
    verdict = make_verdict(**given, base=1048576.0, head=1048584.0, ratio=1048584 / 1048576)

    assert change(verdict) == "peak_tensor_bytes 1 MiB (1,048,576 B) -> 1 MiB (1,048,584 B)"


def test_a_count_and_an_error_are_told_in_their_own_way(make_verdict):
    counted = make_verdict(metric="flops_counted", verdict="improved", reason="less", base=2e9, head=1e9, ratio=0.5)
    error = make_verdict(metric="output_rel_error", reason="within_tolerance", base=0.1, head=0.101, ratio=1.01)

    assert change(counted) == "flops_counted 2,000,000,000 -> 1,000,000,000, × 0.5"
    assert change(error) == "output_rel_error 0.1 -> 0.101, × 1.01"


def test_what_a_task_reached_is_told_without_a_ratio(make_verdict):
    words = {"metric": "task_accuracy", "verdict": "regressed", "reason": "beyond_both_intervals"}

    assert change(make_verdict(**words, base=0.9012, head=0.8)) == "task_accuracy 0.901 -> 0.800"


def test_a_metric_that_one_side_lacks_is_a_dash(make_verdict):
    verdict = make_verdict(metric="flops_counted", verdict="vanished", reason="only_in_base", base=8.0)

    assert change(verdict) == "flops_counted 8 -> -"


def test_the_reason_is_in_words_with_its_detail(every):
    assert why(every.of("failed")[0]) == "it fails now and did not before (head: oom: 2 GiB asked for)"


def test_an_undecided_case_says_about_how_many_rounds_would_decide(every):
    assert next_step(every, every.of("inconclusive")[0]) == (
        "about 12 more rounds would decide: a larger --budget, or fewer cases by --where"
    )


def test_a_change_as_large_as_the_margin_says_that_rounds_would_not_decide(make_verdict, make_comparison):
    verdict = make_verdict(verdict="inconclusive", reason="straddles_margin")

    assert next_step(make_comparison(verdict), verdict) == (
        "more rounds would not decide: the change is about as large as the margin"
    )


@pytest.mark.parametrize(
    ("word", "reason", "step"),
    [
        ("regressed", "beyond_margin_once", "`bench ab` confirms or clears it"),
        ("inconclusive", "straddles_margin", "`bench ab` decides"),
        ("improved", "beyond_margin_once", ""),
    ],
)
def test_stored_runs_are_decided_by_ab(make_verdict, make_comparison, word, reason, step):
    verdict = make_verdict(verdict=word, reason=reason)

    assert next_step(make_comparison(verdict, kind="compare"), verdict) == step


def test_what_is_equal_is_summed_up(every):
    assert summed_up(every) == (
        "1 exact metric is equal and 1 error is within its tolerance (--format json lists them)"
    )


def test_accuracy_on_tasks_is_counted_and_summed_up_apart(make_verdict, make_comparison):
    word = {"metric": "task_value", "reason": "within_tolerance_of_task", "base": 12.0, "head": 12.1}
    found = make_comparison(make_verdict(**word), make_verdict("sdpa", **word))

    assert counts(found) == ("accuracy on tasks: 2 unchanged",)
    assert summed_up(found) == "2 values of tasks are within their tolerance (--format json lists them)"


def test_an_accuracy_that_is_undecided_asks_for_seeds_and_not_for_rounds(make_verdict, make_comparison):
    verdict = make_verdict(metric="task_accuracy", verdict="inconclusive", reason="intervals_overlap")

    assert next_step(make_comparison(verdict, kind="compare"), verdict) == (
        "more seeds in the suite make the intervals narrower"
    )


def test_without_anything_equal_nothing_is_summed_up(make_comparison, make_verdict):
    assert summed_up(make_comparison(make_verdict())) == ""
