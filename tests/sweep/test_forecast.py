"""How long a run will take, from a journal whose times are written down."""

import pytest

from bench.attempt import Attempt, Block
from bench.case import Case
from bench.store.journal import Journal
from bench.store.run import create
from bench.sweep.budget import Policy
from bench.sweep.forecast import forecast

BASE = Case(operator="sdpa", provider="torch", seq_len=64, hidden_size=64, num_heads=1, head_dim=64)
OTHER = BASE.replace(operator="linformer", provider="bench", rank=8)
POLICY = Policy(budget_s=1000.0, precision=0.02, min_rounds=3, max_rounds=20)
# Ratios of six rounds; their interval, the range, is a little narrower than the precision asked for.
STEADY = (0.981, 1.019, 1.0, 1.0, 1.0, 1.0)


def plan(*cases):
    entries = [
        {
            "case": case.to_json(),
            "case_hash": case.case_hash,
            "status": "planned",
            "timed": True,
            "accuracy": True,
            "hardness": False,
            "bound_rank": None,
            "parts": ["g"],
        }
        for case in cases
    ]
    return {"cases": entries, "parts": [{"name": "g", "baseline": BASE.case_hash}]}


def journal(cases, ratios, begin_s=2.0, pass_s=3.0, round_s=5.0):
    """Gives passes and rounds one after another."""
    now, attempts = begin_s, []
    for case in cases:
        for kind in ("cost", "accuracy"):
            attempts.append(Attempt(case_hash=case.case_hash, kind=kind, status="ok", started_s=now, wall_s=pass_s))
            now += pass_s
    for number, ratio in enumerate(ratios):
        for case in cases:
            seconds = 1.0 if case == BASE else ratio
            blocks = (Block(turn=0, calls=1, seconds=seconds),)
            where = {"group": "g", "round": number, "started_s": now, "wall_s": round_s}
            attempts.append(Attempt(case_hash=case.case_hash, kind="timing", status="ok", blocks=blocks, **where))
        now += round_s
    return attempts, now


@pytest.fixture
def earlier(tmp_path):
    """Gives a function: attempts -> a finished run with a report that took 4 s."""

    def of(attempts):
        run = create(tmp_path, "s", {"state": "done", "report_s": 4.0})
        with Journal(run.journal) as opened:
            opened.append(attempts)
        return run

    return of


def test_the_run_that_is_forecast_from_itself_takes_what_it_took(earlier):
    attempts, took_s = journal([BASE, OTHER], STEADY)

    assert forecast(plan(BASE, OTHER), POLICY, earlier(attempts)) == took_s + 4.0


@pytest.mark.parametrize("spread", [0.005, 0.01, 0.02, 0.03])
def test_a_run_that_stopped_when_precise_is_forecast_within_a_factor_of_one_and_a_half(earlier, spread):
    """It stops at the first look where it is precise, so its last interval is a little narrower than asked for."""
    pattern = (1 - spread, 1 + spread, 1.0, 1 + spread / 2, 1 - spread / 2, 1.0)
    rounds = 6 if spread <= 0.02 else 18
    attempts, took_s = journal([BASE, OTHER], pattern * (rounds // 6))
    found = forecast(plan(BASE, OTHER), POLICY, earlier(attempts))

    assert (took_s + 4.0) / 1.5 <= found <= (took_s + 4.0) * 1.5


def test_half_the_precision_takes_four_times_the_rounds(earlier):
    attempts, _ = journal([BASE, OTHER], STEADY)
    run = earlier(attempts)
    wide, narrow = (forecast(plan(BASE, OTHER), Policy(1000.0, p, 3, 100), run) for p in (0.02, 0.01))

    # half-width 0.019: 6 · (0.019 / 0.02)² and 6 · (0.019 / 0.01)², rounded up
    assert narrow - wide == pytest.approx((22 - 6) * 5.0)


def test_the_budget_bounds_the_rounds(earlier):
    attempts, _ = journal([BASE, OTHER], STEADY)

    found = forecast(plan(BASE, OTHER), Policy(30.0, 1e-6, 3, 100), earlier(attempts))
    assert found == 30.0 + 4.0


def test_passes_come_even_where_they_take_more_than_the_budget(earlier):
    attempts, _ = journal([BASE, OTHER], STEADY)

    assert forecast(plan(BASE, OTHER), Policy(1.0, 0.02, 3, 20), earlier(attempts)) == 2.0 + 4 * 3.0 + 4.0


def test_a_case_that_the_earlier_run_did_not_have_costs_the_mean_of_its_kind(earlier):
    attempts, _ = journal([BASE, OTHER], STEADY)
    run, new = earlier(attempts), OTHER.replace(rank=16)

    more = forecast(plan(BASE, OTHER, new), Policy(1e9, 0.02, 6, 6), run)
    assert more - forecast(plan(BASE, OTHER), Policy(1e9, 0.02, 6, 6), run) == pytest.approx(2 * 3.0)


def test_a_baseline_alone_takes_the_least_rounds_for_no_ratio_will_come(earlier):
    attempts, took_s = journal([BASE], (1.0,) * 3)

    assert forecast(plan(BASE), POLICY, earlier(attempts)) == took_s + 4.0


def test_where_the_earlier_rounds_are_too_few_to_say_all_rounds_are_expected(earlier):
    attempts, _ = journal([BASE, OTHER], (1.0, 1.0))

    assert forecast(plan(BASE, OTHER), POLICY, earlier(attempts)) == 2.0 + 4 * 3.0 + 20 * 5.0 + 4.0
