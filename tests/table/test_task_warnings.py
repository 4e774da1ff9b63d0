"""What is told beside the columns of a task."""

from __future__ import annotations

from typing import Any

import pytest

from bench.attempt import Attempt
from bench.table.combine import combine


@pytest.fixture
def warnings(planted):
    """Gives a function: facts of each seed, and the case's fields -> what is told of the case."""

    def of(*seeds: dict[str, Any], **fields: Any) -> str:
        case = {"operator": "case", "seq_len": 16, "hidden_size": 16, "scope": "model", "task": "digits", **fields}
        entries = [
            planted.entry(name, row={"task": "digits"}, case={**case, "operator": name}, seeds=len(seeds))
            for name in ("base", "case")
        ]
        facts = {"task_metric": "accuracy", "scores": "1101", "steps": 0, "train_s": 0.0}
        attempts = [
            Attempt(case_hash="case", kind="task", status="ok", round=seed, facts={**facts, **own})
            for seed, own in enumerate(seeds)
        ]
        found = combine(planted.info(*entries), attempts)
        return next(str(one["warnings"]) for one in found if one["case_hash"] == "case")

    return of


def test_a_random_operator_that_was_drawn_once_is_told(warnings):
    told = "it was drawn once: the interval of task_value is over test samples alone"

    assert told in warnings({"random": True})
    assert told not in warnings({})
    assert told not in warnings({"random": True}, {"random": True})


@pytest.mark.parametrize(("steps", "told"), [((100, 104, 98), False), ((100, 104, 80), True)])
def test_unequal_steps_in_equal_time_are_told(warnings, steps, told):
    text = "its seeds were given equal time and made unequal steps: the machine was not always as fast"

    assert (text in warnings(*({"steps": count} for count in steps), seconds=9.0)) is told
    assert text not in warnings(*({"steps": count} for count in steps), steps=100)


def test_a_training_that_was_done_once_is_told(warnings):
    told = "one seed was trained: the interval of task_value is over test samples alone"

    assert told in warnings({"steps": 100}, steps=100)
    assert told not in warnings({"steps": 100}, {"steps": 100}, steps=100)


def test_a_case_whose_task_is_done_and_that_was_never_timed_says_both(planted):
    case = {"operator": "case", "seq_len": 16, "hidden_size": 16, "scope": "model", "task": "digits", "steps": 9}
    entry = planted.entry("case", row={"task": "digits"}, case=case, seeds=1)
    facts = {"task_metric": "accuracy", "scores": "1101", "steps": 9, "train_s": 1.0}
    attempt = Attempt(case_hash="case", kind="task", status="ok", round=0, facts=facts)
    (found,) = [one for one in combine(planted.info(entry), [attempt]) if one["case_hash"] == "case"]

    expected = "the budget of 60 s was spent before its first round, its task is done; --budget"
    assert (found["status"], found["reason"], found["task_status"]) == ("skipped", expected, "ok")
    assert found["task_value"] == 0.75
