"""Two runs on disk in which a case did a task: what it reached is judged apart from how long it takes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.analysis.compare import compare
from bench.attempt import Attempt, Block
from bench.column import COLUMNS, SCHEMA_VERSION
from bench.report.verdicts import text
from bench.store.journal import Journal
from bench.store.run import Run, create
from bench.verdict import Comparison

ROUNDS = 8
SAMPLES = 1000
CASE = {"operator": "sdpa", "seq_len": 16, "hidden_size": 16, "scope": "model", "task": "digits", "steps": 9}


def entry() -> dict[str, object]:
    row = {"case_id": "case id", "case_hash": "case", "operator": "sdpa", "device": "cpu", "threads": 2}
    row |= {"dtype": "float32", "phase": "train", "seq_len": 16, "baseline": "case id", "group": "g"}
    row |= {"family": "attention", "label": "SDPA", "task": "digits", "trainable_parameters": None}
    plain = {"case_hash": "case", "status": "planned", "reason": "", "timed": True, "baseline_hash": "case"}
    return {**plain, "row": row, "case": CASE, "seeds": 3}


def timing(name: str, number: int, seconds: float) -> Attempt:
    blocks = tuple(Block(turn=turn, calls=1, seconds=seconds * (1 + 0.01 * (number % 3))) for turn in range(3))
    return Attempt(case_hash=name, kind="timing", status="ok", group="g", round=number, blocks=blocks)


def scored(seed: int, right: int) -> Attempt:
    facts = {"task_metric": "accuracy", "scores": "1" * right + "0" * (SAMPLES - right), "steps": 9, "train_s": 1.0}
    return Attempt(case_hash="case", kind="task", status="ok", round=seed, facts=facts)


def diverged(seed: int) -> Attempt:
    facts = {"task_metric": "accuracy", "steps": 4, "train_s": 1.0, "diverged_step": 4}
    return Attempt(case_hash="case", kind="task", status="ok", round=seed, facts=facts)


@pytest.fixture
def store(tmp_path: Path) -> Callable[..., Run]:
    """Gives a function: the attempts at the task, seconds a call (absent: it fails) -> the run on disk."""

    def make(tasks: list[Attempt], seconds: float | None = 1e-3) -> Run:
        info = {
            "schema": SCHEMA_VERSION,
            "suite": "s",
            "commit": None,
            "state": "done",
            "settings": {"budget_s": 60.0, "precision": 0.02, "rounds": [3, 8], "threads": 2},
            "machine": {"name": "m", "cpu_model": "Xeon", "cores": 2, "gpus": []},
            "versions": {"torch": "2.13.0", "python": "3.12.1"},
            "columns": [dataclasses.asdict(column) for column in COLUMNS],
            "cases": [entry()],
        }
        run = create(tmp_path / "results", "s", info)
        run.save(run=run.name)
        failed = Attempt(case_hash="case", kind="timing", status="timeout", reason="60 s", group="g")
        timings = [failed] if seconds is None else [timing("case", number, seconds) for number in range(ROUNDS)]
        paces = [timing("pacemaker", number, 3e-4) for number in range(ROUNDS)]
        with Journal(run.journal) as journal:
            journal.append([*timings, *paces, *tasks])
        return run

    return make


def compared(base: Run, head: Run) -> Comparison:
    return compare(base, head, margin=0.1, accuracy_tolerance=0.05)


def words(comparison: Comparison) -> list[tuple[str, str, str]]:
    return [(each.metric, each.verdict, each.reason) for each in comparison.verdicts]


def seeds(*right: int) -> list[Attempt]:
    return [scored(seed, each) for seed, each in enumerate(right)]


def test_a_loss_of_accuracy_is_a_regression_of_accuracy_and_the_speed_is_unchanged(store):
    found = compared(store(seeds(900, 902, 901)), store(seeds(800, 803, 801)))

    assert words(found) == [
        ("latency", "unchanged", "within_margin"),
        ("task_accuracy", "regressed", "beyond_both_intervals"),
    ]
    assert found.exit_code() == 1


def test_a_slower_case_keeps_its_accuracy(store):
    found = compared(store(seeds(900, 902, 901)), store(seeds(900, 902, 901), seconds=2e-3))

    assert words(found) == [("latency", "regressed", "beyond_margin_once"), ("task_accuracy", "unchanged", "equal")]


def test_accuracy_is_judged_where_the_timing_failed(store):
    found = compared(store(seeds(900, 902, 901)), store(seeds(800, 803, 801), seconds=None))

    assert words(found) == [
        ("case", "failed", "failed_in_head"),
        ("task_accuracy", "regressed", "beyond_both_intervals"),
    ]


def test_a_seed_that_diverges_in_head_is_a_failure_though_the_case_is_as_fast(store):
    found = compared(store(seeds(900, 902, 901)), store([*seeds(900, 902), diverged(2)]))

    assert words(found) == [("latency", "unchanged", "within_margin"), ("task_accuracy", "failed", "failed_in_head")]
    assert found.verdicts[1].detail == "head: diverged: 1 of 3 seeds: the loss was not finite at step 4"
    assert found.exit_code() == 3


def test_what_failed_as_a_whole_is_told_once(store):
    gone = [Attempt(case_hash="case", kind="task", status="timeout", reason="60 s", round=seed) for seed in range(3)]
    found = compared(store(seeds(900, 902, 901)), store(gone, seconds=None))

    assert words(found) == [("case", "failed", "failed_in_head")]


def test_the_text_names_a_regression_of_accuracy_as_such(store):
    lines = text.render(compared(store(seeds(900, 902, 901)), store(seeds(800, 803, 801)))).splitlines()

    assert lines[1:3] == ["latency: 1 unchanged", "accuracy on tasks: 1 regressed"]
    assert [line.strip() for line in lines if "task_accuracy" in line] == ["task_accuracy 0.901 -> 0.801"]
