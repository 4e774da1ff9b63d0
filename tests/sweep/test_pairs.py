"""One case in two processes, one of each side, that take turns as ABBA."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.attempt import Attempt
from bench.case import Case
from bench.stats.decision import Decision
from bench.store.journal import Journal, read_journal
from bench.sweep.executors.local import LocalExecutor
from bench.sweep.pairs import Comparing, PairPolicy, pair_round
from bench.sweep.round import Limits

pytestmark = pytest.mark.slow


class Silent:
    def passed(self, side: str, case: Case, attempt: Attempt) -> None: ...

    def paired(self, stage: str, case: Case, decision: Decision, elapsed_s: float) -> None: ...


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory, limits: Limits) -> Iterator[dict[str, LocalExecutor]]:
    log = tmp_path_factory.mktemp("sides") / "workers.log"
    both = {side: LocalExecutor(log, limits) for side in ("base", "head")}
    yield both
    for executor in both.values():
        executor.close()


def test_both_sides_give_an_attempt_with_the_same_even_number_of_turns(sides, sdpa, limits) -> None:
    pair = pair_round(sdpa, sides, number=3, nth=0, run="r", limits=limits, clock=time.monotonic)
    turns = [[block.turn for block in pair[side].blocks] for side in ("base", "head")]

    assert [(pair[side].group, pair[side].round, pair[side].status) for side in pair] == [
        (side, 3, "ok") for side in pair
    ]
    assert turns[0] == turns[1] == list(range(len(turns[0])))
    assert len(turns[0]) % 2 == 0


def compare(cases, sides, limits, policy: PairPolicy, path: Path) -> tuple[Attempt, ...]:
    began = time.monotonic()
    with Journal(path) as journal:
        comparing = Comparing(
            cases,
            sides,
            policy,
            fresh=dict,
            journal=journal,
            run="r",
            limits=limits,
            clock=lambda: time.monotonic() - began,
        )
        comparing.run(Silent())
    return read_journal(path).attempts


def test_over_nine_pairs_of_a_case_each_server_of_one_side_meets_each_of_the_other(
    sides, sdpa, naive, limits, tmp_path
) -> None:
    """Whatever is measured in between: three cases in turns would else have kept each to one server of base."""
    policy = PairPolicy(budget_s=120, margin=1.0, min_rounds=9)
    cases = [sdpa, naive, naive.replace(seq_len=32)]
    attempts = compare(cases, sides, limits, policy, tmp_path / "journal.jsonl")

    for case in cases:
        own = [a for a in attempts if a.kind == "timing" and a.case_hash == case.case_hash]
        servers = {(a.round, a.group): a.facts["server"] for a in own}
        met = {(servers[number, "base"], servers[number, "head"]) for number, _ in servers}
        assert met == {(base, head) for base in range(3) for head in range(3)}


def test_equal_sides_are_measured_until_the_margin_holds_the_interval(sides, sdpa, naive, limits, tmp_path) -> None:
    """With a margin of 100 % the least number of rounds is enough."""
    policy = PairPolicy(budget_s=120, margin=1.0, min_rounds=6)
    attempts = compare([sdpa, naive], sides, limits, policy, tmp_path / "journal.jsonl")
    timed = [a for a in attempts if a.kind == "timing"]

    assert {a.facts["stage"] for a in timed} == {"screen"}
    assert sorted((a.case_hash, a.group) for a in timed) == sorted(
        6 * [(case.case_hash, side) for case in (sdpa, naive) for side in ("base", "head")]
    )


def test_the_passes_of_both_sides_come_first(sides, sdpa, limits, tmp_path) -> None:
    policy = PairPolicy(budget_s=120, margin=1.0, min_rounds=6)
    attempts = compare([sdpa], sides, limits, policy, tmp_path / "journal.jsonl")

    assert [(a.kind, a.group) for a in attempts[:4]] == [
        ("cost", "base"),
        ("cost", "head"),
        ("accuracy", "base"),
        ("accuracy", "head"),
    ]


def test_a_case_that_fails_is_not_timed(sides, sdpa, limits, tmp_path) -> None:
    policy = PairPolicy(budget_s=120, margin=1.0, min_rounds=6)
    bad = sdpa.replace(input="no_such_input")
    attempts = compare([bad], sides, limits, policy, tmp_path / "journal.jsonl")

    assert [(a.kind, a.status) for a in attempts] == [("cost", "crashed"), ("cost", "crashed")]


def test_no_pair_begins_that_the_budget_does_not_hold(sides, sdpa, limits, tmp_path) -> None:
    policy = PairPolicy(budget_s=0.0, margin=0.02)
    attempts = compare([sdpa], sides, limits, policy, tmp_path / "journal.jsonl")

    assert not [a for a in attempts if a.kind == "timing"]
