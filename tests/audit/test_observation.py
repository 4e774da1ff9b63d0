from __future__ import annotations

import math
from collections.abc import Iterator

import pytest

from bench.audit.observation import Trial, search
from bench.audit.subject import CallError, Subject
from bench.case import Case

SUBJECT = Subject("full_naive")
CASES = [SUBJECT.case("core", seq_len=n) for n in (1, 2, 3)]


def off_by(*far: float):
    """A probe whose trial is off by the number that stands at its length."""

    def probe(case: Case) -> Iterator[Trial]:
        yield Trial(case=case, did="touching it changes it", off=far[case.seq_len - 1])

    return probe


def test_the_smallest_input_that_breaks_a_property_is_the_evidence() -> None:
    found = search(SUBJECT, CASES, off_by(0.0, 0.1, 0.5))

    assert found.seen is False
    assert found.observed == "touching it changes it by 1.0e-01 (up to 5.0e-01 at n=3)"
    assert found.evidence == "full_naive[bench] core/forward n=2 d=16 fp64 cpu batch_size=2 head_dim=8, seed 0"


def test_rounding_breaks_nothing() -> None:
    found = search(SUBJECT, CASES, off_by(0.0, 1e-15, 1e-16))

    assert (found.seen, found.observed, found.evidence) == (True, "off by at most 1.0e-15 in 3 trials", "")


def test_equality_is_told_as_such() -> None:
    assert search(SUBJECT, CASES, off_by(0.0, 0.0, 0.0)).observed == "nothing off, to the bit, in 3 trials"


def test_nan_breaks_a_property() -> None:
    assert search(SUBJECT, CASES, off_by(0.0, math.nan, 0.0)).seen is False


def test_what_the_probe_raises_is_told_with_its_input() -> None:
    def probe(case: Case) -> Iterator[Trial]:
        raise ValueError("no\n  more")

    with pytest.raises(CallError) as raised:
        search(SUBJECT, CASES, probe)

    assert (raised.value.case, raised.value.reason) == (CASES[0], "ValueError: no more")


def test_without_a_case_there_is_nothing_to_judge() -> None:
    assert search(SUBJECT, [], off_by()).seen is None
