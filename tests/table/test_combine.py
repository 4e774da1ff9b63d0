"""Attempts with known answers -> records that say them."""

from __future__ import annotations

import dataclasses
import math

import pytest

from bench.table.combine import combine, use_of


@pytest.fixture
def record(planted):
    """Gives a function: attempts, and changes of `run.json` -> the record of `case`."""

    def of(attempts, *cases, **changes):
        found = combine(planted.info(*cases, **changes), attempts)
        return next(one for one in found if one["case_hash"] == "case")

    return of


def test_every_planned_case_has_a_record_in_the_order_of_the_plan(planted):
    names = ["case", "base", "never", "senseless"]
    cases = [planted.entry(name) for name in names[:3]]
    cases.append(planted.entry("senseless", status="unsupported", reason="it has no causal form"))

    found = combine(planted.info(*cases), planted.rounds())
    assert [one["case_hash"] for one in found] == names


def test_the_planted_ratio_is_recovered(planted, record):
    found = record(planted.rounds((1.0,) * 6))

    assert found["status"] == "ok"
    ratios = [found["latency_ratio"], found["latency_ratio_ci_low"], found["latency_ratio_ci_high"]]
    assert ratios == pytest.approx([planted.ratio] * 3)


def test_the_latency_is_that_of_the_machine_s_usual_pace(planted, record):
    found = record(planted.rounds((1.0, 1.0, 1.0, 1.0, 1.0, 4.0, 4.0)))

    assert found["latency_median_s"] == pytest.approx(planted.ratio * planted.base_s)


def test_the_raw_latency_is_not_corrected(planted, record):
    """The pace-maker alone is slow in the last rounds."""
    attempts = planted.rounds((1.0,) * 4)
    slow = [
        dataclasses.replace(a, blocks=planted.timed("x", 0, 3.0).blocks)
        if a.case_hash == "pacemaker" and a.round
        else a
        for a in attempts
    ]
    found = record(slow)

    assert found["latency_raw_median_s"] == pytest.approx(planted.ratio * planted.base_s)


def test_the_baseline_s_ratio_is_one_by_definition(planted):
    found = combine(planted.info(), planted.rounds((1.0,)))[0]  # a single round, which has no interval

    assert [found[f"latency_ratio{end}"] for end in ("", "_ci_low", "_ci_high")] == [1.0, 1.0, 1.0]


def test_a_baseline_in_two_parts_has_the_rounds_of_both(planted):
    cases = [planted.entry(name) for name in ("base", "case", "other")]
    attempts = planted.rounds(group="g (1/2)") + planted.rounds(cases=("other",), group="g (2/2)")

    found = combine(planted.info(*cases), attempts)
    assert [one["rounds"] for one in found] == [12, 6, 6]
    assert [one["latency_ratio"] for one in found] == pytest.approx([1.0, planted.ratio, planted.ratio])


def test_rounds_without_the_baseline_are_told(planted, record):
    attempts = [a for a in planted.rounds() if (a.case_hash, a.round) != ("base", 2)]

    assert "its baseline is missing in some rounds" in record(attempts)["warnings"]
    assert "its baseline is missing" not in record(planted.rounds())["warnings"]


@pytest.mark.parametrize("status", ["oom", "timeout", "crashed", "nan", "device_lost"])
def test_a_failed_attempt_gives_its_status_and_no_latency(planted, record, status):
    """Also where rounds before it went well."""
    found = record([*planted.rounds(), planted.failed("case", 6, status=status, reason="why")])

    assert (found["status"], found["reason"]) == (status, "why")
    assert "latency_median_s" not in found
    assert "latency_ratio" not in found


def test_a_failed_cost_pass_is_the_case_s_status(planted, record):
    found = record([planted.failed("case", kind="cost", status="oom", reason="1 GiB")])

    assert (found["status"], found["reason"]) == ("oom", "1 GiB")


@pytest.mark.parametrize("status", ["oom", "unsupported"])
def test_a_failed_accuracy_pass_is_a_warning_and_costs_no_latency(planted, record, status):
    found = record([*planted.rounds(), planted.failed("case", kind="accuracy", status=status, reason="1 GiB")])

    assert (found["status"], found["warnings"]) == ("ok", f"accuracy pass: {status}: 1 GiB")
    assert found["latency_median_s"] > 0


def test_a_case_without_meaning_keeps_its_reason(planted, record):
    case = planted.entry("case", status="unsupported", reason="it has no causal form")
    found = record(planted.rounds(cases=()), planted.entry("base"), case)

    assert (found["status"], found["reason"]) == ("unsupported", "it has no causal form")


def test_an_oracle_that_is_not_timed_says_so_and_keeps_its_errors(planted, record):
    case = planted.entry("case", timed=False, reason="an oracle, timed up to seq_len 512")
    accuracy = dataclasses.replace(planted.cost("case", output_rel_error=0.25), kind="accuracy")
    found = record([accuracy], planted.entry("base"), case)

    assert (found["status"], found["reason"]) == ("unsupported", "an oracle, timed up to seq_len 512")
    assert found["output_rel_error"] == 0.25


def test_what_the_budget_did_not_reach_says_which_option_would(planted, record):
    found = record([])

    assert (found["status"], found["reason"]) == (
        "skipped",
        "the budget of 60 s was spent before its first round; --budget",
    )


@pytest.mark.parametrize("state", ["interrupted", "running"])
def test_what_a_stopped_run_did_not_reach_says_how_to_go_on(planted, record, state):
    """A driver that was killed leaves the state `running`."""
    found = record([], state=state)

    assert (found["status"], found["reason"]) == (
        "interrupted",
        "the run was stopped before its first round; --resume r",
    )


def test_a_timed_call_that_computes_something_else_is_crashed(planted, record):
    wrong = [4096.0, 1.1, 0.01, -0.01]
    attempts = [planted.cost("case"), *planted.rounds()]
    attempts[2] = dataclasses.replace(attempts[2], facts={"digest": wrong})
    found = record(attempts)

    assert (found["status"], found["reason"]) == ("crashed", "a timed call gave another output than the untimed pass")
    assert "latency_median_s" not in found


@pytest.mark.parametrize(
    ("dtype", "off"), [("float64", 1e-10), ("float32", 1e-5), ("float16", 1e-3), ("bfloat16", 1e-2)]
)
def test_an_output_that_is_off_by_rounding_is_the_same(planted, record, dtype, off):
    case = planted.entry("case", row={"dtype": dtype})
    near = [planted.digest[0], *(x * (1 + off) for x in planted.digest[1:])]
    found = record([planted.cost("case", output_digest=near), *planted.rounds()], planted.entry("base"), case)

    assert found["status"] == "ok"


def test_a_trained_layer_may_change_its_output_but_not_its_shape(planted, record):
    case = planted.entry("case", row={"phase": "train", "trainable_parameters": 10})
    moved, cut = [4096.0, 9.0, 0.0, 0.0], [4095.0, 1.0, 0.01, -0.01]

    statuses = [
        record([planted.cost("case", output_digest=digest), *planted.rounds()], planted.entry("base"), case)["status"]
        for digest in (moved, cut)
    ]
    assert statuses == ["ok", "crashed"]


def test_fewer_than_three_rounds_have_a_centre_a_warning_and_no_interval(planted, record):
    found = record(planted.rounds((1.0, 1.0)))

    assert found["latency_ratio"] == pytest.approx(planted.ratio)
    assert math.isnan(found["latency_ratio_ci_low"])
    assert math.isnan(found["latency_ci_high_s"])
    assert found["warnings"] == "fewer than three rounds: no interval"


def test_without_a_pacemaker_there_is_a_ratio_a_raw_latency_and_a_warning(planted, record):
    found = record([a for a in planted.rounds() if a.case_hash != "pacemaker"])

    assert math.isnan(found["latency_median_s"])
    assert found["latency_ratio"] == pytest.approx(planted.ratio)
    assert found["latency_raw_median_s"] == pytest.approx(planted.ratio * planted.base_s)
    assert found["warnings"] == "the pace-maker failed in every round: no latency corrected by it"


@pytest.mark.parametrize(
    ("slowness", "stop"),
    [((1.0,) * 8, "precision"), ((1.0,) * 4, "precision"), ((1.0,) * 2, "budget")],
)
def test_what_ended_the_measuring_is_told(planted, record, slowness, stop):
    assert record(planted.rounds(slowness))["stop"] == stop


def test_a_case_that_scatters_to_the_end_stopped_for_its_rounds(planted, record):
    def scattered(attempt):
        if attempt.case_hash != "case" or attempt.round % 2:
            return attempt
        slower = tuple(dataclasses.replace(block, seconds=1.5 * block.seconds) for block in attempt.blocks)
        return dataclasses.replace(attempt, blocks=slower)

    found = record([scattered(attempt) for attempt in planted.rounds((1.0,) * 8)])

    assert found["stop"] == "rounds"


def test_rounds_in_which_others_took_a_core_s_twentieth_are_disturbed(planted, record):
    attempts = planted.rounds((1.0,) * 4)
    loud = [
        dataclasses.replace(a, facts={**a.facts, "foreign_share": 0.3 if a.round < 3 else 0.05}) for a in attempts
    ]
    found = record(loud)

    assert found["disturbed"] == 0.75
    assert found["warnings"].startswith("other programs took processor time in most rounds")


def test_the_facts_of_the_passes_are_columns_and_those_of_the_process_are_not(planted, record):
    found = record([planted.cost("case", peak_tensor_bytes=4096), *planted.rounds()])

    assert (found["peak_tensor_bytes"], found["peak_rss_bytes"]) == (4096, 1 << 20)
    assert not found.keys() & {"digest", "output_digest", "foreign_share", "first_call_s"}


def test_the_roofline_s_share_is_the_least_time_over_the_time_taken(planted, record):
    """1000 FLOPs at 1e6 a second take 1 ms, which is what the case takes; its 100 bytes take less."""
    found = record(planted.rounds(), peaks={"cpu/float32/2": {"flops_per_s": 1e6, "bytes_per_s": 1e6}})

    assert found["flops_per_s"] == pytest.approx(1e6)
    assert found["roofline_share"] == pytest.approx(1.0)


def test_a_roof_that_was_not_measured_is_absent(planted, record):
    assert "roofline_share" not in record(planted.rounds())


def test_a_use_of_the_machine_is_device_and_threads(planted):
    assert use_of(planted.entry("case")) == "cpu/2"


def slowed(planted, factor):
    """Six rounds; in the last five the pace-maker alone takes that much longer than its median over the run."""
    attempts = planted.rounds((1.0,) * 6) + planted.rounds((1.0,) * 20, cases=("other",), group="elsewhere")
    return [
        dataclasses.replace(a, blocks=planted.timed("x", 0, factor * planted.pace_s).blocks)
        if a.case_hash == "pacemaker" and a.group == "g" and a.round
        else a
        for a in attempts
    ]


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_a_correction_that_leaves_what_was_timed_is_a_warning(planted, record, factor):
    cases = [planted.entry(name) for name in ("base", "case", "other")]
    found = record(slowed(planted, factor), *cases)

    assert not found["latency_min_s"] <= found["latency_median_s"] <= found["latency_p90_s"]
    assert found["warnings"] == (
        "latency_median_s is not within what was timed (latency_min_s, latency_p90_s): the pace changed"
    )


def test_a_correction_within_what_was_timed_is_none(planted, record):
    assert record(planted.rounds((1.0, 2.0, 3.0, 1.0, 5.0, 1.0)))["warnings"] == ""


def test_more_than_the_roof_is_a_warning(planted, record):
    found = record(planted.rounds(), peaks={"cpu/float32/2": {"flops_per_s": 5e5, "bytes_per_s": 1e6}})

    assert found["roofline_share"] == pytest.approx(2.0)
    assert found["warnings"] == (
        "roofline_share is above 1: the peaks were taken on a busy machine, or the data stay in a cache"
    )


@pytest.mark.parametrize(("error", "warned"), [(9e-5, False), (2e-4, True)])
def test_an_output_that_rounding_does_not_explain_is_a_warning(planted, record, error, warned):
    accuracy = dataclasses.replace(planted.cost("case", agreement_rel_error=error), kind="accuracy")
    found = record([*planted.rounds(), accuracy])

    text = "its output is not that of ours (agreement_rel_error): it computes something else"
    assert found["warnings"] == (text if warned else "")


def test_a_warning_never_looks_like_two(planted, record):
    found = record(
        [*planted.rounds(), planted.failed("case", kind="accuracy", status="oom", reason="1 GiB; 2 asked")]
    )

    assert found["warnings"] == "accuracy pass: oom: 1 GiB, 2 asked"
