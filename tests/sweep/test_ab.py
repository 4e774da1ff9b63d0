"""What both sides plan, matched by what is measured."""

from __future__ import annotations

from bench.case import Case
from bench.sweep.ab import matched
from bench.sweep.revisions import Sought

CASE = Case(operator="sdpa", provider="torch", seq_len=64, hidden_size=64, num_heads=1)


def sought(case: Case, status: str = "planned", reason: str | None = None) -> Sought:
    return Sought(case, {"status": status, "reason": reason})


def test_a_case_of_both_sides_is_one_entry_whatever_its_place() -> None:
    other = CASE.replace(seq_len=128)
    found = matched([sought(CASE), sought(other)], [sought(other), sought(CASE)])

    assert [entry["case_hash"] for entry in found] == [other.case_hash, CASE.case_hash]
    assert all(
        entry["base"] == entry["head"] == {"status": "planned", "reason": None, "timed": True} for entry in found
    )


def test_a_case_of_one_side_lacks_the_other() -> None:
    (found,) = matched([sought(CASE)], [])

    assert "head" not in found
    assert found["case"] == CASE.to_json()


def test_an_operator_that_is_not_known_here_has_a_group_all_the_same() -> None:
    (found,) = matched([], [sought(CASE.replace(operator="of_the_future", provider="somebody", rank=4))])

    assert found["group"] == "core/forward n=64 d=64 fp32 cpu"


def test_what_is_planned_for_its_errors_alone_is_not_timed() -> None:
    (found,) = matched([], [sought(CASE, reason="an oracle, timed up to seq_len 512")])

    assert found["head"]["timed"] is False
