"""Series over runs: what is put together, what is kept apart, and what is said of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bench.analysis.changepoint import FEWEST_RUNS
from bench.analysis.history import commit_text, histories, metrics
from bench.errors import UsageError

COLUMNS = [
    {"name": "latency_ratio", "better": "lower"},
    {"name": "flops_per_s", "better": "higher"},
    {"name": "seq_len", "better": ""},
]

Stored = tuple[pd.DataFrame, dict[str, dict[str, Any]]]


def wiggle(count: int) -> np.ndarray:
    """Gives factors about 1 that scatter by half a percent, the same at every call."""
    return np.exp(0.005 * np.random.default_rng(0).standard_normal(count))


@pytest.fixture
def stored() -> Callable[..., Stored]:
    """Gives a function: values of one case, one a run (a text is a status) -> table and infos."""

    def make(values, *, case="linformer", machine="m", torch="2.13.0", first=0, **info: Any) -> Stored:
        rows, infos = [], {}
        for number, value in enumerate(values, start=first):
            run, failed = f"r{number:03}-{machine}-{torch}", isinstance(value, str)
            infos[run] = {"columns": COLUMNS, "versions": {"torch": torch}, "machine": {"name": machine}, **info}
            rows.append(
                {
                    "run": run,
                    "machine": machine,
                    "commit": f"{number:07x}" + "0" * 33,
                    "started_utc": f"2026-01-01T{number // 60:02}:{number % 60:02}:00+00:00",
                    "case_id": f"{case} n=8",
                    "case_hash": case,
                    "operator": case,
                    "seq_len": 8.0,
                    "status": value if failed else "ok",
                    "reason": "why" if failed else "",
                    "latency_ratio": math.nan if failed else value,
                    "flops_per_s": math.nan if failed else 1e9 / value,
                    "latency_ratio_ci_low": math.nan if failed else 0.9 * value,
                    "latency_ratio_ci_high": math.nan if failed else 1.1 * value,
                }
            )
        return pd.DataFrame(rows), infos

    return make


def together(*stored: Stored) -> Stored:
    tables, infos = zip(*stored, strict=True)
    return pd.concat(tables, ignore_index=True), {run: info for of_one in infos for run, info in of_one.items()}


def test_a_step_has_its_size_its_place_and_the_commits_around_it(stored):
    table, infos = stored([*(0.5 * wiggle(10)), *(0.6 * wiggle(10))])
    (history,) = histories(table.sample(frac=1, random_state=1), infos)
    (step,) = history.steps

    assert history.state == "changed"
    assert step.ratio == pytest.approx(1.2)
    assert (step.before, step.after) == (pytest.approx(0.5, rel=0.01), pytest.approx(0.6, rel=0.01))
    assert (commit_text(step.commit_before), commit_text(step.commit_after)) == ("0000009", "000000a")
    assert (step.row, step.run_after[:4], step.worse) == (10, "r010", True)
    assert history.scatter == pytest.approx(0.005, rel=0.5)


def test_where_more_is_better_a_step_down_is_worse(stored):
    (history,) = histories(*stored([*(0.5 * wiggle(10)), *(0.6 * wiggle(10))]), metric="flops_per_s")

    assert history.steps[0].ratio == pytest.approx(1 / 1.2)
    assert history.steps[0].worse


def test_a_steady_series_has_one_level(stored):
    (history,) = histories(*stored(0.5 * wiggle(20)))

    assert (history.state, history.steps) == ("steady", ())
    assert history.runs["level"].nunique() == 1


def test_of_too_few_runs_nothing_is_said(stored):
    (history,) = histories(*stored([*(0.5 * wiggle(FEWEST_RUNS - 1)), "oom"]))

    assert (history.state, history.valued, history.steps) == ("too_few_runs", FEWEST_RUNS - 1, ())
    assert math.isnan(history.scatter)
    assert history.runs["level"].isna().all()


def test_a_failed_run_keeps_its_place_and_is_no_number(stored):
    values = [*(0.5 * wiggle(6)), "oom", *(0.5 * wiggle(6)), "oom", "timeout"]
    (history,) = histories(*stored(values))

    assert history.failed == {"oom": 2, "timeout": 1}
    assert list(history.runs["value"].isna()) == [isinstance(value, str) for value in values]
    assert history.runs["level"].notna().all()
    assert history.steps == ()


def test_machines_and_versions_of_torch_are_never_mixed(stored):
    """Mixed they would be one series with a step; apart they are three that are too short."""
    table, infos = together(
        stored(0.5 * wiggle(7)),
        stored(0.7 * wiggle(7), machine="other", first=7),
        stored(0.9 * wiggle(7), torch="2.14.0", first=14),
    )

    assert sorted((h.machine, h.torch, h.valued, h.state) for h in histories(table, infos)) == [
        ("m", "2.13.0", 7, "too_few_runs"),
        ("m", "2.14.0", 7, "too_few_runs"),
        ("other", "2.13.0", 7, "too_few_runs"),
    ]


def test_the_largest_step_comes_first(stored):
    small = stored([*(0.5 * wiggle(10)), *(0.55 * wiggle(10))], case="small")
    large = stored([*(0.5 * wiggle(10)), *(0.35 * wiggle(10))], case="large")

    assert [h.case_hash for h in histories(*together(small, stored(wiggle(20), case="none"), large))] == [
        "large",
        "small",
        "none",
    ]


def test_what_else_changed_in_the_same_run_is_told(stored):
    before = stored(0.5 * wiggle(10))
    table, infos = together(before, stored(0.6 * wiggle(10), first=10))
    for run in infos:
        infos[run]["machine"] = {"name": "m", "kernel": "6.1" if run < "r010" else "6.8", "memory_bytes": 7}

    assert histories(table, infos)[0].steps[0].also == ("kernel 6.1 -> 6.8",)


def test_a_step_within_one_commit_is_not_the_tree_s(stored):
    table, infos = stored([*(0.5 * wiggle(10)), *(0.6 * wiggle(10))])

    assert not histories(table, infos)[0].steps[0].same_commit
    assert histories(table.assign(commit="abc"), infos)[0].steps[0].same_commit


def test_a_case_that_was_never_tried_has_no_series(stored):
    assert histories(*stored(["skipped"] * 12)) == []


def test_only_the_rows_that_are_wanted_are_shown(stored):
    table, infos = together(stored(wiggle(12), case="one"), stored(wiggle(12), case="two"))
    wanted = table[table["case_hash"] == "two"].index

    assert [h.case_hash for h in histories(table, infos, wanted=wanted)] == ["two"]


def test_a_column_that_is_neither_good_nor_bad_is_no_metric(stored):
    table, infos = stored(wiggle(12))

    assert metrics(table, infos) == {"latency_ratio": "lower", "flops_per_s": "higher"}
    with pytest.raises(UsageError) as raised:
        histories(table, infos, metric="latency_rato")
    assert str(raised.value) == ("--metric: 'latency_rato' is no metric of these runs; did you mean 'latency_ratio'?")


def reached(stored: Stored, metric: str) -> Stored:
    """Gives the series as what a task reached, in place of a ratio."""
    table, infos = stored
    columns = [*COLUMNS, {"name": "task_value", "better": ""}]
    task = {"task_metric": metric, "task_value": table["latency_ratio"], "task_status": "ok", "task_reason": None}
    return table.assign(**task), {run: info | {"columns": columns} for run, info in infos.items()}


@pytest.mark.parametrize(("metric", "worse"), [("accuracy", False), ("perplexity", True)])
def test_a_task_s_value_has_the_way_of_its_own_metric(stored, metric, worse):
    table, infos = reached(stored([*(0.5 * wiggle(10)), *(0.6 * wiggle(10))]), metric)
    (history,) = histories(table, infos, metric="task_value")

    assert [step.worse for step in history.steps] == [worse]


def test_a_task_has_a_series_whatever_became_of_the_latency_and_none_where_there_is_none(stored):
    table, infos = reached(together(stored(0.5 * wiggle(12)), stored(0.5 * wiggle(12), case="plain")), "accuracy")
    table = table.assign(status="timeout", task_status=table["task_status"].where(table["case_hash"] != "plain"))
    (history,) = histories(table, infos, metric="task_value")

    assert (history.case_hash, history.valued, history.failed) == ("linformer", 12, {})


@pytest.mark.parametrize(
    ("commit", "text"), [("a" * 40, "aaaaaaa"), ("a" * 40 + "-dirty", "aaaaaaa-dirty"), (None, "no commit")]
)
def test_a_commit_is_seven_digits_and_its_dirt(commit, text):
    assert commit_text(commit) == text
