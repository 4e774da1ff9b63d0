from __future__ import annotations

import pytest

from bench.audit.counted import against_closed_form
from bench.audit.subject import Subject

SUBJECT = Subject("full_naive")
CASES = [SUBJECT.case("core")]


@pytest.mark.parametrize(
    ("counted", "factor", "seen", "told"),
    [
        (100, 1.0, True, "as the closed form in 1 cases"),
        (101, 1.0, False, "101 counted, 100 by closed form (×1.01)"),
        (140, 1.5, True, "as the closed form in 1 cases"),
        (50, 1.5, False, "50 counted, 100 by closed form (×0.5)"),
    ],
)
def test_a_count_is_held_against_the_closed_form(counted: int, factor: float, seen: bool, told: str) -> None:
    found = against_closed_form(SUBJECT, CASES, lambda cost, case: 100, lambda built: counted, factor=factor)

    assert (found.seen, found.observed) == (seen, told)


def test_what_cannot_be_counted_is_not_judged() -> None:
    assert against_closed_form(SUBJECT, CASES, lambda cost, case: 1, lambda built: None).seen is None
