"""A round with real processes: who takes turns, how often, and what a failure does."""

from __future__ import annotations

import pytest

from bench.attempt import Attempt
from bench.sweep.processes import ForkServer
from bench.sweep.round import PACEMAKER, Rhythm, Seat, conduct

pytestmark = pytest.mark.slow


def seats(server, cases):
    return [Seat(server, case) for case in (*cases, None)]


@pytest.fixture(scope="module")
def measured(server, sdpa, naive, limits):
    times = iter([5.0, 7.5])
    cases = [sdpa, naive, sdpa.replace(operator="linformer", provider="bench", rank=8)]
    return cases, conduct(seats(server, cases), group="g", number=4, limits=limits, clock=lambda: next(times))


def test_each_case_and_the_pacemaker_give_an_attempt_the_pacemaker_last(measured):
    cases, attempts = measured

    assert [a.case_hash for a in attempts] == [*(case.case_hash for case in cases), PACEMAKER]
    assert [(a.kind, a.status, a.group, a.round) for a in attempts] == [("timing", "ok", "g", 4)] * 4


def test_baseline_others_and_pacemaker_have_the_same_turns(measured):
    turns = [[block.turn for block in attempt.blocks] for attempt in measured[1]]

    assert all(of_one == list(range(len(turns[0]))) for of_one in turns)
    assert len(turns[0]) >= 1


def test_every_block_times_calls(measured):
    assert all(block.calls >= 1 and block.seconds > 0 for attempt in measured[1] for block in attempt.blocks)


def test_an_attempt_says_when_it_began_and_how_long_it_took_by_the_run_s_clock(measured):
    assert {(a.started_s, a.wall_s) for a in measured[1]} == {(5.0, 2.5)}


def test_an_attempt_knows_its_process(measured):
    facts = {"first_call_s", "digest", "peak_rss_bytes", "foreign_share"}

    assert all(attempt.facts.keys() == facts for attempt in measured[1])


def test_an_attempt_can_be_written_to_the_journal_and_read_back(measured):
    assert [Attempt.from_json(attempt.to_json()) for attempt in measured[1]] == measured[1]


def test_a_member_that_fails_leaves_the_turns_to_the_others(server, sdpa, naive, limits):
    cases = [sdpa, naive.replace(input="no_such_input")]
    base, failed, pace = conduct(seats(server, cases), group="g", number=0, limits=limits)

    assert (failed.status, failed.blocks) == ("crashed", ())
    assert [a.status for a in (base, pace)] == ["ok", "ok"]
    assert len(base.blocks) == len(pace.blocks) >= 1


def test_where_all_cases_fail_the_round_still_ends(server, sdpa, limits):
    attempts = conduct(seats(server, [sdpa.replace(input="no_such_input")]), group="g", number=0, limits=limits)

    assert [a.status for a in attempts] == ["crashed", "ok"]


def test_an_interrupted_round_leaves_no_process(tmp_path, sdpa, naive, limits, alive):
    spawned = []

    class Interrupted(ForkServer):
        """Ctrl-C comes while the third process is asked for."""

        def spawn(self, job):
            if len(spawned) == 2:
                raise KeyboardInterrupt
            spawned.append(super().spawn(job))
            return spawned[-1]

    server = Interrupted(tmp_path / "log")
    with pytest.raises(KeyboardInterrupt):
        conduct(seats(server, [sdpa, naive]), group="g", number=0, limits=limits)

    assert [alive(worker.pid) for worker in spawned] == [False, False]
    server.close()


def test_a_rhythm_s_turns_are_a_multiple_within_its_bounds():
    rhythm = Rhythm(span_s=0.2, turns=(2, 6), multiple=2)

    assert [rhythm.count(turn_s) for turn_s in (10.0, 0.1, 0.05, 0.001)] == [2, 2, 4, 6]
