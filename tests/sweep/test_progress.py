"""What a person sees: plain lines off a terminal, one redrawn line on one."""

import io
import threading

import pytest
from rich.console import Console

from bench.attempt import Attempt, Block
from bench.case import Case
from bench.sweep.budget import Part, Policy
from bench.sweep.progress import Display

BASE = Case(operator="sdpa", provider="torch", seq_len=64, hidden_size=64, num_heads=1, head_dim=64)
OTHER = BASE.replace(operator="linformer", provider="bench", rank=8)
POLICY = Policy(budget_s=100.0, precision=0.02, min_rounds=3, max_rounds=9)


@pytest.fixture
def shown():
    """Gives a function: what is told to a display, on a terminal or off it -> what stands there then."""

    def show(tell, terminal=False):
        console = Console(file=io.StringIO(), width=200, force_terminal=terminal, color_system=None)
        part = Part("g", [BASE, OTHER], BASE)
        with Display(console, [part], POLICY, 2) as display:
            tell(display, part)
        return console.file.getvalue()

    return show


def rounds(display, part, count, every_s=1.0, status="ok"):
    for number in range(count):
        attempts = [
            Attempt(
                case_hash=case.case_hash,
                kind="timing",
                status=status if case == OTHER else "ok",
                reason="" if status == "ok" or case == BASE else "why",
                round=number,
                blocks=(Block(turn=0, calls=1, seconds=s),) if status == "ok" or case == BASE else (),
            )
            for case, s in ((BASE, 1.0), (OTHER, 0.5))
        ]
        part.record(attempts)
        display.rounded(part, attempts, (number + 1) * every_s)


def test_off_a_terminal_the_first_round_of_a_part_has_a_line(shown):
    printed = shown(lambda display, part: rounds(display, part, 1))

    assert printed == (
        "[    1 s] g, round 1: linformer[bench] r=8 takes 0.5 × the time of sdpa[torch] "
        "(1m 39s left at most, 1 of 1 open)\n"
    )


def test_off_a_terminal_later_rounds_have_a_line_every_quarter_of_a_minute(shown):
    printed = shown(lambda display, part: rounds(display, part, 8, every_s=5.0))

    assert [line.partition(":")[0] for line in printed.splitlines()] == [
        "[    5 s] g, round 1",
        "[   20 s] g, round 4",
        "[   35 s] g, round 7",
    ]


def test_an_interval_is_told_when_there_is_one(shown):
    printed = shown(lambda display, part: rounds(display, part, 3, every_s=20.0))

    assert "takes 0.5 [0.5, 0.5] × the time of sdpa[torch] (40s left at most, 0 of 1 open)" in printed


def test_a_failed_round_is_told_with_the_case_and_the_reason(shown):
    printed = shown(lambda display, part: rounds(display, part, 1, status="crashed"))

    assert f"round 1 of {OTHER.case_id}: crashed: why" in printed


def test_a_failed_pass_is_told_with_the_case_and_the_reason(shown):
    failed = Attempt(case_hash=OTHER.case_hash, kind="cost", status="oom", reason="asked for 1 GiB", wall_s=2.0)
    printed = shown(lambda display, part: display.passed(part, OTHER, failed))

    assert printed == f"[    2 s] cost pass of {OTHER.case_id}: oom: asked for 1 GiB\n"


def test_on_a_terminal_the_provider_s_brackets_are_text_and_not_a_style(shown):
    passed = Attempt(case_hash=OTHER.case_hash, kind="cost", status="ok", wall_s=2.0)
    printed = shown(lambda display, part: display.passed(part, OTHER, passed), terminal=True)

    assert "cost pass 1/2: linformer[bench] core/forward" in printed


def test_on_a_terminal_no_thread_redraws_while_workers_measure(shown):
    before, started = set(threading.enumerate()), []
    shown(lambda display, part: started.extend(set(threading.enumerate()) - before), terminal=True)

    assert started == []
