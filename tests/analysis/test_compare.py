"""Two runs on disk whose differences were put into them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from bench.analysis.compare import compare
from bench.attempt import Attempt, Block
from bench.column import COLUMNS, SCHEMA_VERSION
from bench.store.journal import Journal
from bench.store.run import Run, create
from bench.verdict import Comparison, Verdict

METRICS = ("peak_tensor_bytes", "flops_counted", "output_rel_error", "rounding_rel_error")
MOODS = (1.0, 1.02, 0.99, 1.03, 1.0, 0.98, 1.01, 1.0)  # of the machine, round by round
JITTER = (0.0, 0.01, -0.01, 0.005, -0.005, 0.01, -0.01, 0.0)  # of the latency of all but the baseline
PACE_S = 3e-4
CALM = {"base": {"seconds": 2e-3}, "case": {"seconds": 1e-3}}


@pytest.fixture
def store(tmp_path: Path) -> Callable[..., Run]:
    """Gives a function: name, case -> what is known of it -> the run on disk."""

    def make(name: str, cases: Mapping[str, Mapping[str, Any]] = CALM, *, pace: float = 1.0, **changes: Any) -> Run:
        columns = [dataclasses.asdict(column) for column in COLUMNS]
        columns += [{"name": metric, "about": "", "kind": "number", "better": "lower"} for metric in METRICS]
        info = {
            "schema": SCHEMA_VERSION,
            "suite": "s",
            "commit": f"{name}-commit",
            "state": "done",
            "settings": {"budget_s": 60.0, "precision": 0.02, "rounds": [3, 8], "threads": 2},
            "machine": {"name": "m", "cpu_model": "Xeon", "cores": 2, "gpus": []},
            "versions": {"torch": "2.13.0", "python": "3.12.1"},
            "columns": columns,
            "cases": [entry(case, **about) for case, about in cases.items()],
        }
        run = create(tmp_path / "results", name, info | changes)
        run.save(run=run.name)
        with Journal(run.journal) as journal:
            journal.append(attempts(cases, pace))
        return run

    return make


def entry(name: str, *, planned: str = "planned", why: str = "", **about: Any) -> dict[str, Any]:
    case_hash = about.get("hash", name)
    row = {"case_id": f"{name} id", "case_hash": case_hash, "operator": name, "device": "cpu", "threads": 2}
    row |= {"dtype": "float32", "phase": "forward", "seq_len": 64, "baseline": "base id", "group": "g"}
    row |= {"family": "attention", "label": name, "trainable_parameters": 0}
    plain = {"case_hash": case_hash, "status": planned, "timed": planned == "planned", "baseline_hash": "base"}
    return {**plain, "reason": why, "row": row}


def attempts(cases: Mapping[str, Mapping[str, Any]], pace: float) -> list[Attempt]:
    found = []
    for number, mood in enumerate(MOODS):
        found.append(timing("pacemaker", number, PACE_S * pace * mood))
        for name, about in cases.items():
            if "seconds" in about and number < about.get("rounds", len(MOODS)):
                seconds = about["seconds"] * pace * mood * (1 if name == "base" else 1 + JITTER[number])
                found.append(timing(about.get("hash", name), number, seconds))
    for name, about in cases.items():
        if "fault" in about:
            status, reason = about["fault"]
            plain = {"case_hash": about.get("hash", name), "kind": "timing", "group": "g"}
            found.append(Attempt(**plain, status=status, reason=reason))
        if "facts" in about:
            found.append(Attempt(case_hash=about.get("hash", name), kind="cost", status="ok", facts=about["facts"]))
    return found


def timing(case_hash: str, number: int, seconds: float) -> Attempt:
    blocks = tuple(Block(turn=turn, calls=1, seconds=seconds) for turn in range(3))
    place: dict[str, Any] = {"group": "g", "round": number, "started_s": 60.0 * number}
    return Attempt(case_hash=case_hash, kind="timing", status="ok", blocks=blocks, **place)


def compared(base: Run, head: Run, **changes: Any) -> Comparison:
    return compare(base, head, **{"margin": 0.1, "accuracy_tolerance": 0.05, **changes})


def words(comparison: Comparison, name: str) -> list[tuple[str, str, str]]:
    return [(v.metric, v.verdict, v.reason) for v in comparison.verdicts if v.case_id == f"{name} id"]


def the(comparison: Comparison, name: str, metric: str = "latency") -> Verdict:
    return next(v for v in comparison.verdicts if v.case_id == f"{name} id" and v.metric == metric)


def test_two_runs_of_one_tree_are_unchanged_although_the_machine_was_slower(store):
    found = compared(store("a"), store("b", pace=1.3))

    assert words(found, "base") == [("latency", "unchanged", "within_margin")]
    assert words(found, "case") == [("latency", "unchanged", "within_margin")]
    assert found.exit_code() == 0


def test_a_case_that_is_slower_is_a_regression_with_its_numbers(store):
    found = compared(store("a"), store("b", {**CALM, "case": {"seconds": 1.4e-3}}))
    verdict = the(found, "case")

    assert (verdict.verdict, verdict.reason, verdict.rounds) == ("regressed", "beyond_margin_once", 8)
    assert verdict.ratio == pytest.approx(1.4)
    assert verdict.base == pytest.approx(1e-3)
    assert verdict.head == pytest.approx(1.4e-3)
    assert verdict.ratio_ci_low is not None
    assert 1.1 < verdict.ratio_ci_low <= 1.4
    assert "by the pace-maker × 1.4 [" in verdict.detail
    assert "; beside its baseline × 1.4" in verdict.detail
    assert words(found, "base") == [("latency", "unchanged", "within_margin")]
    assert found.exit_code() == 1


def test_the_other_way_round_it_is_an_improvement(store):
    found = compared(store("a", {**CALM, "case": {"seconds": 1.4e-3}}), store("b"))

    assert words(found, "case") == [("latency", "improved", "beyond_margin_once")]
    assert found.exit_code() == 0


def test_a_slower_baseline_makes_no_other_case_faster(store):
    found = compared(store("a"), store("b", {**CALM, "base": {"seconds": 2.8e-3}}))

    assert words(found, "base") == [("latency", "regressed", "beyond_margin_once")]
    assert words(found, "case") == [("latency", "inconclusive", "not_sure_enough")]


def test_a_change_as_large_as_the_margin_is_undecided(store):
    found = compared(store("a"), store("b", {**CALM, "case": {"seconds": 1.1e-3}}), margin=0.1)

    assert words(found, "case") == [("latency", "inconclusive", "straddles_margin")]
    assert (found.exit_code(), found.exit_code("fail")) == (0, 4)


def test_among_many_cases_the_same_change_is_less_sure(store):
    """By itself its probability is about 0.01: twice that is below 0.05, and 32 times is not."""
    many = {f"case{i}": {"seconds": 1e-3} for i in range(30)}
    slow = {**CALM, "case": {"seconds": 1.147e-3}}

    assert words(compared(store("a"), store("b", slow)), "case")[0][1:] == ("regressed", "beyond_margin_once")
    among = compared(store("c", {**CALM, **many}), store("d", {**slow, **many}))
    assert words(among, "case")[0][1:] == ("inconclusive", "not_sure_enough")


def test_two_rounds_are_too_few(store):
    few = {name: {**about, "rounds": 2} for name, about in CALM.items()}
    found = compared(store("a"), store("b", few))

    assert words(found, "case") == [("latency", "inconclusive", "too_few_rounds")]
    assert (the(found, "case").ratio_ci_low, the(found, "case").rounds) == (None, 2)


def test_exact_metrics_and_errors_are_verdicts_of_their_own(store):
    facts = {"peak_tensor_bytes": 100, "flops_counted": 8, "output_rel_error": 0.1, "rounding_rel_error": 4e-7}
    more = {**facts, "peak_tensor_bytes": 101, "output_rel_error": 0.2}
    before = store("a", {**CALM, "case": {"seconds": 1e-3, "facts": facts}})
    after = store("b", {**CALM, "case": {"seconds": 1e-3, "facts": more}})

    assert words(compared(before, after), "case") == [
        ("latency", "unchanged", "within_margin"),
        ("peak_tensor_bytes", "regressed", "more"),
        ("flops_counted", "unchanged", "equal"),
        ("output_rel_error", "regressed", "beyond_tolerance"),
        ("rounding_rel_error", "unchanged", "equal"),
    ]
    lenient = the(compared(before, after, accuracy_tolerance=1.5), "case", "output_rel_error")
    assert (lenient.verdict, lenient.reason) == ("unchanged", "within_tolerance")


def test_a_case_that_fails_now_is_a_failure_with_its_reason(store):
    found = compared(store("a"), store("b", {**CALM, "case": {"fault": ("oom", "2 GiB asked for")}}))

    assert words(found, "case") == [("case", "failed", "failed_in_head")]
    assert the(found, "case", "case").detail == "oom: 2 GiB asked for"
    assert found.exit_code() == 3


def test_a_case_that_fails_in_both_says_both_reasons(store):
    before = store("a", {**CALM, "case": {"fault": ("timeout", "60 s")}})
    found = compared(before, store("b", {**CALM, "case": {"fault": ("oom", "2 GiB")}}))

    assert words(found, "case") == [("case", "failed", "failed_in_both")]
    assert the(found, "case", "case").detail == "base: timeout: 60 s; head: oom: 2 GiB"


def test_a_case_that_failed_before_is_new(store):
    found = compared(store("a", {**CALM, "case": {"fault": ("nan", "in its output")}}), store("b"))

    assert words(found, "case") == [("case", "new", "failed_in_base")]
    assert the(found, "case", "case").detail == "base: nan: in its output"
    assert found.exit_code() == 0


def test_a_case_that_head_does_not_plan_has_vanished(store):
    found = compared(store("a"), store("b", {"base": CALM["base"]}))

    assert words(found, "case") == [("case", "vanished", "only_in_base")]
    assert the(found, "case", "case").detail == "head's suite does not ask for it"


def test_a_case_that_head_skips_has_vanished_with_head_s_reason(store):
    skipped = {"planned": "skipped", "why": "peft is not installed"}
    found = compared(store("a"), store("b", {**CALM, "case": skipped}))

    assert words(found, "case") == [("case", "vanished", "only_in_base")]
    assert the(found, "case", "case").detail == "head: skipped: peft is not installed"


def test_a_case_that_base_did_not_plan_is_new(store):
    found = compared(store("a", {"base": CALM["base"]}), store("b"))

    assert words(found, "case") == [("case", "new", "only_in_head")]


def test_a_case_whose_definition_changed_is_told_once_with_both_hashes(store):
    found = compared(store("a"), store("b", {**CALM, "case": {"seconds": 1e-3, "hash": "other"}}))

    assert words(found, "case") == [("case", "changed", "definition_changed")]
    assert the(found, "case", "case").detail == "case_hash case in base, other in head"
    assert the(found, "case", "case").case_hash == "other"


def test_what_neither_run_measured_is_a_note_and_no_verdict(store):
    skipped = {**CALM, "case": {"planned": "skipped", "why": "no CUDA device"}}
    found = compared(store("a", skipped), store("b", skipped))

    assert words(found, "case") == []
    assert found.notes[1:] == ("1 case has no latency in either run (unsupported, skipped, or for accuracy only)",)


def test_an_error_of_what_is_for_accuracy_only_is_compared_all_the_same(store):
    def oracle(error: float) -> dict[str, dict[str, Any]]:
        own = {"planned": "unsupported", "why": "an oracle", "facts": {"output_rel_error": error}}
        return {**CALM, "case": own}

    found = compared(store("a", oracle(0.1)), store("b", oracle(0.2)))

    assert words(found, "case") == [("output_rel_error", "regressed", "beyond_tolerance")]


def test_nothing_in_common_is_an_exit_code_of_four(store):
    found = compared(store("a", {"base": {"seconds": 2e-3, "hash": "x"}}), store("b", {"base": CALM["base"]}))

    assert found.exit_code() == 4


def test_a_mismatch_that_is_allowed_is_told(store):
    before, after = store("a"), store("b", versions={"torch": "2.12.0", "python": "3.13.0"})
    found = compared(before, after, allow_mismatch=True)

    assert found.differences == (
        f"torch is 2.13.0 in {before.name} and 2.12.0 in {after.name}",
        f"python is 3.12.1 in {before.name} and 3.13.0 in {after.name}",
    )


def test_the_sides_say_where_they_come_from(store):
    before = store("a")
    side = compared(before, store("b")).base

    assert (side.name, side.commit, side.machine) == (before.name, "a-commit", "m")
    assert side.facts == {
        "folder": str(before.path),
        "started_utc": before.info["started_utc"],
        "torch": "2.13.0",
        "threads": 2,
    }


def test_a_run_that_was_stopped_is_told(store):
    found = compared(store("a", state="interrupted"), store("b"))

    assert found.notes == (
        "the runs are of different times: the margin is wider than that of `bench ab`, which is the gate to trust",
        "base was stopped before its end",
    )


def test_a_change_tells_another_kernel_and_not_another_order_of_the_same(store):
    def ran(kernel: str, seconds: float) -> dict[str, dict[str, Any]]:
        return {**CALM, "case": {"seconds": seconds, "facts": {"kernel": kernel}}}

    column = {"name": "kernel", "about": "", "kind": "text", "better": ""}
    columns = [*(dataclasses.asdict(each) for each in COLUMNS), column]
    before = store("a", ran("flash", 1e-3), columns=columns)
    other = store("b", ran("bmm+div", 1.4e-3), columns=columns)
    again = store("c", ran("div+bmm", 2e-3), columns=columns)

    assert the(compared(before, other), "case").detail.endswith("; kernel flash in base, bmm+div in head")
    assert "kernel" not in the(compared(other, again), "case").detail
