"""Counters of the kernel, read twice."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys

import pytest

from bench.machine.watch import between, counters, watch

TICKS = os.sysconf("SC_CLK_TCK")


def stat(*, user: float = 0, idle: float = 0, steal: float = 0) -> str:
    """Gives a /proc/stat in which all processors together have spent so many seconds."""
    fields = [user, 0, 0, idle, 0, 0, 0, steal, 0, 0]
    return f"cpu  {' '.join(str(round(seconds * TICKS)) for seconds in fields)}\ncpu0 1 1 1\n"


def process(name: str, seconds: float) -> str:
    """Gives a /proc/PID/stat; user and system time are its fields 14 and 15 (man 5 proc)."""
    return f"7 ({name}) S {' '.join(['0'] * 10)} {round(seconds * TICKS)} 0 0 0"


@pytest.fixture
def looked(put):
    """Gives a function: files before and two seconds later -> what happened between."""

    def look(before, after):
        first = counters(put(before))
        last = counters(put(after))
        return between(first, dataclasses.replace(last, at_s=first.at_s + 2.0))

    return look


def test_busy_cores_count_every_time_but_idle(looked):
    watched = looked({"proc/stat": stat(user=10, idle=5)}, {"proc/stat": stat(user=13, idle=9)})

    assert watched.busy_cores == pytest.approx(1.5)


def test_stolen_time_is_told_apart_and_is_busy_too(looked):
    watched = looked({"proc/stat": stat(steal=1)}, {"proc/stat": stat(steal=2)})

    assert (watched.steal_cores, watched.busy_cores) == (pytest.approx(0.5), pytest.approx(0.5))


def test_waiting_is_the_share_of_time_in_which_some_waited(looked):
    line = "some avg10=0.00 avg60=0.00 avg300=0.00 total={}\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=9\n"
    watched = looked({"proc/pressure/cpu": line.format(0)}, {"proc/pressure/cpu": line.format(500_000)})

    assert watched.waiting_share == pytest.approx(0.25)


def test_pages_in_and_out_of_swap_are_added(looked):
    watched = looked({"proc/vmstat": "pswpin 1\npswpout 2\n"}, {"proc/vmstat": "pswpin 4\npswpout 4\n"})

    assert watched.swapped_pages == 5


@pytest.mark.parametrize("place", ["sys/fs/cgroup/cpu.stat", "sys/fs/cgroup/cpu/cpu.stat"])
def test_throttled_periods_are_counted_in_both_versions_of_cgroup(looked, place):
    watched = looked({place: "nr_periods 5\nnr_throttled 1\n"}, {place: "nr_periods 9\nnr_throttled 3\n"})

    assert watched.throttled == 2


def test_the_busiest_process_is_named_first_and_an_idle_one_is_not(looked):
    before = {"proc/7/stat": process("a) b", 0), "proc/8/stat": process("c", 0), "proc/9/stat": process("d", 1)}
    after = {"proc/7/stat": process("a) b", 1), "proc/8/stat": process("c", 2), "proc/9/stat": process("d", 1)}
    watched = looked(before, after)

    assert watched.busiest == (("c (8)", pytest.approx(1.0)), ("a) b (7)", pytest.approx(0.5)))


def test_what_cannot_be_read_is_absent_and_not_zero(looked):
    watched = looked({}, {})
    found = [watched.busy_cores, watched.steal_cores, watched.waiting_share, watched.swapped_pages, watched.throttled]

    assert found == [None] * 5
    assert watched.busiest == ()


def test_a_busy_neighbour_is_seen_and_named():
    code = "print(flush=True)\nwhile True: pass"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as neighbour:
        neighbour.stdout.readline()
        watched = watch(0.5)
        neighbour.send_signal(signal.SIGKILL)

    assert any(f"({neighbour.pid})" in who for who, _ in watched.busiest)
    assert watched.busy_cores > 0
