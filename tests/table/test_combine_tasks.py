"""What a record of a case with a task holds besides what its seeds scored."""

from __future__ import annotations

import pytest

from bench.attempt import Attempt
from bench.table.combine import combine

CASE = {"operator": "case", "seq_len": 16, "hidden_size": 16, "scope": "model", "task": "digits", "steps": 1}


@pytest.fixture
def record(planted):
    """Gives a function: attempts, and changes of the planned row -> the record of `case`, which has a task."""

    def of(attempts, **changes):
        row = {"task": "digits", "parameters": None, "trainable_parameters": None, **changes}
        case = planted.entry("case", row=row, case=CASE, seeds=1)
        return combine(planted.info(planted.entry("base"), case), [*planted.rounds(), *attempts])[1]

    return of


def test_a_network_that_is_trained_may_change_its_output(planted, record):
    """Nothing but the task says that it is trained: there is no closed form of its weights."""
    cost = planted.cost("case", output_digest=[4096.0, 9.0, 0.0, 0.0])

    assert record([cost], phase="train")["status"] == "ok"
    assert record([cost], phase="forward")["status"] == "crashed"


def test_its_weights_are_those_that_were_counted(planted, record):
    found = record([planted.cost("case", parameters_counted=5000, trainable_parameters_counted=200)])

    assert (found["parameters"], found["trainable_parameters"]) == (5000, 200)


def test_weights_that_were_not_counted_stay_absent(record):
    found = record([])

    assert (found["parameters"], found["trainable_parameters"]) == (None, None)


def test_a_case_without_a_task_keeps_the_closed_form(planted):
    entries = planted.entry("base"), planted.entry("case", row={"parameters": 4096})
    found = combine(planted.info(*entries), [*planted.rounds(), planted.cost("case", parameters_counted=5000)])[1]

    assert (found["parameters"], found["parameters_counted"]) == (4096, 5000)


def test_the_trivial_baselines_are_columns(record):
    facts = {"task_majority": 0.1, "task_linear": 0.9}
    found = record([Attempt(case_hash="case", kind="baselines", status="ok", facts=facts)])

    assert (found["task_majority"], found["task_linear"]) == (0.1, 0.9)


def test_trivial_baselines_that_failed_are_a_warning(planted, record):
    found = record([planted.failed("case", kind="baselines", reason="why")])

    assert (found["status"], found["warnings"]) == ("ok", "baselines pass: crashed: why")


def test_a_case_without_a_task_has_none_of_it(planted):
    found = combine(planted.info(), planted.rounds())[1]

    assert not [name for name in found if name.startswith("task")]
