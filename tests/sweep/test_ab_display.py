"""What a person sees of a comparison in progress, off a terminal."""

from __future__ import annotations

import pytest

from bench.attempt import Attempt
from bench.case import Case
from bench.stats.decision import decide
from bench.sweep.ab_display import PairDisplay

CASE = Case(operator="sdpa", provider="torch", seq_len=64, hidden_size=64, num_heads=1)
SAME = decide([-0.001, 0.001] * 4, 0.02)
OPEN = decide([-0.05, 0.05] * 4, 0.02)


def test_a_line_a_quarter_of_a_minute_and_not_more(capsys: pytest.CaptureFixture[str]) -> None:
    display = PairDisplay(60.0, 2)
    for elapsed_s in (1.0, 2.0, 15.9, 16.1):
        display.paired("screen", CASE, SAME, elapsed_s)

    assert [line[:10] for line in capsys.readouterr().err.splitlines()] == ["[    1 s] ", "[ 16.1 s] "]


def test_a_line_says_what_is_measured_what_is_settled_and_what_is_left(capsys: pytest.CaptureFixture[str]) -> None:
    display = PairDisplay(60.0, 2)
    display.paired("screen", CASE, SAME, 1.0)
    display.paired("confirm", CASE.replace(seed=1), OPEN, 30.0)

    assert capsys.readouterr().err.splitlines()[-1] == (
        "[   30 s] confirming, round 8 of sdpa[torch] core/forward n=64 d=64 fp32 cpu seed=1: "
        "head takes 1 [0.951, 1.05] × the time of base (1 of 2 settled, 30s left at most)"
    )


def test_a_pass_that_fails_is_told_and_one_that_works_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    display = PairDisplay(60.0, 1)
    for status, reason in (("ok", ""), ("crashed", "it broke")):
        attempt = Attempt(case_hash=CASE.case_hash, kind="cost", status=status, reason=reason)
        display.passed("head", CASE, attempt)

    assert capsys.readouterr().err == f"head: cost pass of {CASE.case_id}: crashed: it broke\n"
