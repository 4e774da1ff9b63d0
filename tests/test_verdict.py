"""Words, codes and exit codes of a comparison."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.verdict import REASONS, VERDICTS, Comparison, Side, Verdict


def verdict(word: str, reason: str = "within_margin") -> Verdict:
    return Verdict(case_id="c", case_hash="h", metric="latency", verdict=word, reason=reason)


def comparison(*words: str) -> Comparison:
    verdicts = tuple(verdict(word) for word in words)
    sides = {"base": Side(name="main"), "head": Side(name="topic")}
    return Comparison(kind="ab", suite="s", margin=0.02, verdicts=verdicts, **sides)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("unchanged", "improved"), 0),
        (("unchanged", "inconclusive", "new", "vanished", "changed"), 0),
        (("unchanged", "failed"), 3),
        (("failed", "regressed"), 1),
        (("new", "vanished"), 4),
        ((), 4),
    ],
)
def test_the_exit_code_is_of_the_gravest(words: tuple[str, ...], code: int) -> None:
    assert comparison(*words).exit_code() == code


def test_what_is_inconclusive_gives_4_where_that_is_asked_for() -> None:
    assert comparison("unchanged", "inconclusive").exit_code("fail") == 4


def test_latencies_of_which_none_was_measured_often_enough_are_nothing_compared() -> None:
    few = [verdict("inconclusive", "too_few_rounds")] * 2
    sides = {"base": Side(name="main"), "head": Side(name="topic")}
    exact = Verdict(case_id="c", case_hash="h", metric="flops_counted", verdict="unchanged", reason="equal")
    words = {"kind": "ab", "suite": "s", "margin": 0.02, **sides}

    assert Comparison(verdicts=(*few, exact), **words).exit_code() == 4
    assert Comparison(verdicts=(*few, verdict("unchanged")), **words).exit_code() == 0


@pytest.mark.parametrize(("word", "reason"), [("slower", "equal"), ("regressed", "because")])
def test_unknown_words_and_codes_are_refused(word: str, reason: str) -> None:
    with pytest.raises(ValueError, match="unknown"):
        verdict(word, reason)


def test_json_holds_what_is_present() -> None:
    told = comparison("unchanged").to_json()

    assert told["verdicts"] == [
        {
            "case_id": "c",
            "case_hash": "h",
            "metric": "latency",
            "verdict": "unchanged",
            "reason": "within_margin",
            "rounds": 0,
        }
    ]
    assert told["base"]["name"] == "main"


def test_every_verdict_and_reason_is_documented() -> None:
    told = (Path(__file__).parents[1] / "docs" / "gate.md").read_text(encoding="utf-8")

    first_cells = [line.split("|")[1] for line in told.splitlines() if line.startswith("| ")]
    words = {word.strip(" `") for cell in first_cells for word in cell.split(",")}

    assert {*VERDICTS, *REASONS} - words == set()
