"""Whose processor time it was."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.sweep.disturbance import Watch

TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def taken_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * TICK_S


def until_it_has_taken(pid: int, seconds: float) -> None:
    while taken_s(pid) < seconds:
        os.sched_yield()


@pytest.fixture
def busy() -> Iterator[subprocess.Popen[bytes]]:
    """A process that does nothing but count."""
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as process:
        yield process
        process.kill()


def test_a_stranger_s_time_is_foreign_and_our_own_is_not(busy: subprocess.Popen[bytes]) -> None:
    stranger, ours = Watch([]), Watch([busy.pid])
    until_it_has_taken(busy.pid, taken_s(busy.pid) + 0.1)

    assert stranger.foreign_share() > ours.foreign_share()


def test_what_a_process_took_before_is_not_foreign_when_it_ends(busy: subprocess.Popen[bytes]) -> None:
    until_it_has_taken(busy.pid, 0.5)
    busy.send_signal(signal.SIGSTOP)
    before = time.monotonic()
    watch = Watch([busy.pid])
    busy.send_signal(signal.SIGKILL)
    busy.wait()

    cores = os.cpu_count() or 1
    passed = time.monotonic() - before
    # all that all cores can have done since, and a tick of rounding for each of the seven counters that are summed
    assert watch.foreign_share() * passed <= cores * (time.monotonic() - before) + 7 * TICK_S


def test_a_process_that_has_ended_before_is_no_fault(busy: subprocess.Popen[bytes]) -> None:
    busy.kill()
    busy.wait()

    assert Watch([busy.pid]).foreign_share() >= 0.0
