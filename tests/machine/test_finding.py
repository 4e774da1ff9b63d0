"""What a finding must hold, and how a sight reads."""

from __future__ import annotations

import os

import pytest

from bench.machine.finding import STATES, Finding, sight_of_this_machine
from bench.machine.watch import watch


def test_something_amiss_without_a_remedy_is_no_finding():
    with pytest.raises(ValueError, match="boost: warn without what it means and what to do"):
        Finding(check="boost", state="warn", found="on", means="seconds do not repeat")


def test_an_unknown_state_is_an_error():
    with pytest.raises(ValueError, match="unknown state 'fine'"):
        Finding(check="boost", state="fine", found="on")


def test_states_stand_the_worst_first():
    assert STATES == ("bad", "warn", "unknown", "ok")


def test_a_file_that_is_absent_reads_as_nothing(sight):
    assert sight().text("sys/no/such/file") is None


def test_files_of_processors_that_are_not_ours_are_not_read(sight):
    files = {f"sys/devices/system/cpu/cpu{cpu}/x": f"{cpu}\n" for cpu in range(3)}

    assert sight(files, cpus=(1, 2, 9)).of_each_cpu("x") == {1: "1", 2: "2"}


def test_this_machine_s_sight_has_the_processors_that_we_may_use():
    seen = sight_of_this_machine(watch(0.0))

    assert set(seen.cpus) == os.sched_getaffinity(0)
    assert 1 <= seen.cores <= len(seen.cpus)
