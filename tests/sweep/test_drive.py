"""Which passes and rounds a sweep asks for, what it writes down, and what it does not do twice."""

import pytest

from bench.attempt import Attempt, Block
from bench.case import Case
from bench.store.journal import Journal, read_journal
from bench.sweep.budget import Part, Policy
from bench.sweep.drive import Item, Sweep

BASE = Case(operator="sdpa", provider="torch", seq_len=64, hidden_size=64, num_heads=1, head_dim=64)
OTHER = BASE.replace(operator="linformer", provider="bench", rank=8)
THIRD = BASE.replace(operator="full_naive", provider="bench")
POLICY = Policy(budget_s=100.0, precision=1e-9, min_rounds=3, max_rounds=3)


class Scripted:
    """An executor whose machine is written down: each pass and round takes a second; some cases fail."""

    def __init__(self, fails=(), stops_at=None):
        self.now, self.asked, self.fails, self.stops_at = 0.0, [], set(fails), stops_at

    def clock(self):
        return self.now

    def round(self, cases, *, group, number):
        if self.stops_at == ("timing", number):
            raise KeyboardInterrupt
        self.asked.append(("timing", group, number, [case.operator for case in cases]))
        self.now += 1.0
        names = [*(case.case_hash for case in cases), "pacemaker"]
        return [self._timed(name, group, number, factor) for factor, name in enumerate(names, start=1)]

    def untimed(self, kind, case, **job):
        self.asked.append((kind, case.operator, case.phase, job))
        self.now += 1.0
        facts = {"eckart_young": {str(rank): 1 / rank for rank in job["ranks"]}} if kind == "hardness" else {"a": 1.0}
        status = "oom" if (kind, case.operator) in self.fails else "ok"
        return Attempt(case_hash=case.case_hash, kind=kind, status=status, facts=facts, wall_s=1.0)

    def _timed(self, name, group, number, factor):
        status = "crashed" if ("timing", name) in self.fails else "ok"
        seconds = factor * (1 + number / 10 * (factor - 1))  # ratios scatter, so nothing is precise
        blocks = (Block(turn=0, calls=1, seconds=seconds),) if status == "ok" else ()
        return Attempt(
            case_hash=name, kind="timing", status=status, group=group, round=number, blocks=blocks, wall_s=1.0
        )


class Silent:
    def passed(self, part, case, attempt):
        pass

    def rounded(self, part, attempts, elapsed_s):
        pass


def item(case, **changes):
    return Item(case, **{"timed": True, "accuracy": True, "hardness": True, "bound_rank": case.rank, **changes})


def sweep(tmp_path, executor, *cases, policy=POLICY, items=None):
    """Gives a sweep over one part, and its journal's path."""
    items = items or [item(case) for case in cases]
    part = Part("g", [one.case for one in items if one.timed], BASE)
    journal = Journal(tmp_path / "journal.jsonl")
    return Sweep({"g": items}, [part], policy, executor=executor, journal=journal, clock=executor.clock), journal


@pytest.fixture
def run(tmp_path):
    """Gives a function: executor, cases -> all that is in the journal after a whole sweep."""

    def whole(executor, *cases, **how):
        made, journal = sweep(tmp_path, executor, *cases, **how)
        with journal:
            path = tmp_path / "journal.jsonl"
            made.take_up(read_journal(path).attempts)
            made.run(Silent())
        return read_journal(path).attempts

    return whole


def test_each_case_has_its_passes_once_and_then_the_part_its_rounds(run):
    attempts = run(Scripted(), BASE, OTHER)

    kinds = [(a.kind, a.case_hash) for a in attempts if a.kind != "timing"]
    assert kinds == [(kind, case.case_hash) for case in (BASE, OTHER) for kind in ("cost", "accuracy", "hardness")]
    assert [a.round for a in attempts if a.kind == "timing"] == [0] * 3 + [1] * 3 + [2] * 3


def test_accuracy_is_taken_of_the_forward_pass_and_shared_by_both_phases(run):
    executor = Scripted()
    train = OTHER.replace(phase="train", threads=1)
    attempts = run(executor, BASE, OTHER, train)

    assert [one[:3] for one in executor.asked if one[0] == "accuracy"] == [
        ("accuracy", "sdpa", "forward"),
        ("accuracy", "linformer", "forward"),
    ]
    assert [a.case_hash for a in attempts if a.kind == "accuracy"] == [
        case.case_hash for case in (BASE, OTHER, train)
    ]


def test_accuracy_of_a_step_of_decode_is_its_own(run):
    executor = Scripted()
    run(executor, *(case.replace(phase="decode", threads=1) for case in (BASE, OTHER)))

    assert [one[:3] for one in executor.asked if one[0] == "accuracy"] == [
        ("accuracy", "sdpa", "decode"),
        ("accuracy", "linformer", "decode"),
    ]


def test_one_look_at_an_input_serves_all_cases_that_are_fed_with_it(run):
    executor = Scripted()
    attempts = run(executor, BASE, OTHER, OTHER.replace(rank=16))

    assert [one[3] for one in executor.asked if one[0] == "hardness"] == [{"ranks": [8, 16]}]
    bounds = [a.facts for a in attempts if a.kind == "hardness"]
    assert bounds == [{}, {"eckart_young_error": 1 / 8}, {"eckart_young_error": 1 / 16}]


def test_a_case_whose_cost_pass_fails_is_neither_judged_nor_timed(run):
    executor = Scripted(fails={("cost", "linformer")})
    attempts = run(executor, BASE, OTHER)

    of_other = [(a.kind, a.status) for a in attempts if a.case_hash == OTHER.case_hash]
    assert of_other == [("cost", "oom")]


def test_a_case_that_fails_in_a_round_is_in_no_later_one(run):
    executor = Scripted(fails={("timing", OTHER.case_hash)})
    run(executor, BASE, OTHER, THIRD)

    rounds = [one[3] for one in executor.asked if one[0] == "timing"]
    assert rounds == [["sdpa", "linformer", "full_naive"], ["sdpa", "full_naive"], ["sdpa", "full_naive"]]


def test_where_every_case_fails_its_pass_no_round_is_run(run):
    executor = Scripted(fails={("cost", "sdpa"), ("cost", "linformer")})
    run(executor, BASE, OTHER)

    assert [one for one in executor.asked if one[0] == "timing"] == []


def test_an_oracle_that_is_not_timed_has_no_cost_pass(run):
    executor = Scripted()
    run(executor, items=[item(BASE), item(OTHER, timed=False)])

    assert [one[0] for one in executor.asked if one[1] == "linformer"] == ["accuracy"]
    assert all(one[3] == ["sdpa"] for one in executor.asked if one[0] == "timing")


def test_a_part_of_which_nothing_is_timed_has_its_passes(run):
    executor = Scripted()
    run(executor, items=[item(OTHER, timed=False, hardness=False)])

    assert [one[:2] for one in executor.asked] == [("accuracy", "linformer")]


def test_when_the_budget_is_spent_no_further_round_is_begun(run):
    attempts = run(Scripted(), BASE, policy=Policy(budget_s=4.5, precision=1e-9, min_rounds=3, max_rounds=9))

    assert max(a.round for a in attempts) == 0  # three passes and a round are 4 s


def test_an_interrupted_round_is_not_written(run, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        run(Scripted(stops_at=("timing", 2)), BASE, OTHER)

    attempts = read_journal(tmp_path / "journal.jsonl").attempts
    assert max(a.round for a in attempts) == 1


def test_a_sweep_that_is_taken_up_does_the_rest_and_nothing_twice(run, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        run(Scripted(stops_at=("timing", 2)), BASE, OTHER)
    again = Scripted()
    attempts = run(again, BASE, OTHER)

    assert [one[:3] for one in again.asked] == [("timing", "g", 2)]
    assert [a.round for a in attempts if a.case_hash == "pacemaker"] == [0, 1, 2]


def test_a_round_whose_writing_was_cut_short_is_measured_anew_under_its_number(run, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        run(Scripted(stops_at=("timing", 2)), BASE, OTHER)
    path = tmp_path / "journal.jsonl"
    path.write_bytes(path.read_bytes()[:-10])  # into the line of the pace-maker, the round's last
    again = Scripted()
    run(again, BASE, OTHER)

    assert [one[2] for one in again.asked] == [1, 2]


def test_a_case_that_had_failed_is_not_taken_up(run, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        run(Scripted(fails={("cost", "linformer")}, stops_at=("timing", 1)), BASE, OTHER)
    again = Scripted()
    run(again, BASE, OTHER)

    assert {tuple(one[3]) for one in again.asked} == {("sdpa",)}


def test_a_baseline_in_two_parts_has_its_passes_once(tmp_path):
    executor = Scripted()
    items = {"g (1/2)": [item(BASE), item(OTHER)], "g (2/2)": [item(BASE), item(THIRD)]}
    parts = [Part(name, [one.case for one in of_part], BASE) for name, of_part in items.items()]
    with Journal(tmp_path / "journal.jsonl") as journal:
        Sweep(items, parts, POLICY, executor=executor, journal=journal, clock=executor.clock).run(Silent())

    assert [one[1] for one in executor.asked if one[0] == "cost"] == ["sdpa", "linformer", "full_naive"]
    assert [one[1:3] for one in executor.asked if one[0] == "timing"] == [
        (name, number) for number in range(3) for name in items
    ]


def asked(executor, kind):
    return [one[1:] for one in executor.asked if one[0] == kind]


def task_item(case):
    return item(case, accuracy=False, hardness=False, seeds=3)


TRAINED = BASE.replace(scope="model", task="recall", steps=5, seeds=3)


def test_a_task_is_done_once_a_seed_and_its_baselines_once_for_all(run):
    executor = Scripted()
    other = TRAINED.replace(operator="linformer", provider="bench", rank=8)
    attempts = run(executor, items=[task_item(TRAINED), task_item(other)])

    assert [name for name, *_ in asked(executor, "task")] == ["sdpa", "linformer"] * 3
    assert len(asked(executor, "baselines")) == 1
    assert [(a.case_hash, a.round) for a in attempts if a.kind == "task"] == [
        (case.case_hash, number) for number in range(3) for case in (TRAINED, other)
    ]


def test_a_task_is_shared_by_the_phases_that_are_timed(run):
    executor = Scripted()
    run(executor, items=[task_item(TRAINED), task_item(TRAINED.replace(phase="train"))])

    assert len(asked(executor, "task")) == 3


def test_a_run_taken_up_does_the_seeds_that_are_missing(run):
    class Stopping(Scripted):
        def untimed(self, kind, case, **job):
            if kind == "task" and case.seed == 2:
                raise KeyboardInterrupt
            return super().untimed(kind, case, **job)

    with pytest.raises(KeyboardInterrupt):
        run(Stopping(), items=[task_item(TRAINED)])
    again = Scripted()
    run(again, items=[task_item(TRAINED)])

    assert len(asked(again, "task")) == 1
