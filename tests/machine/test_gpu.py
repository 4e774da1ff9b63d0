"""What is said of a GPU, from what NVML would give."""

from __future__ import annotations

import pytest

from bench.machine.checks.gpu import judge
from bench.machine.gpu import SLOWED_BY, Gpu, gpus

FIT = {
    "index": 1,
    "name": "Example",
    "persistent": True,
    "mig": False,
    "sm_clock_hz": 1_980_000_000,
    "sm_clock_max_hz": 1_980_000_000,
    "slowed_by": (),
    "use": 0.0,
    "strangers": (),
}
BLIND = {**dict.fromkeys(FIT), "index": 1, "name": "Example"}


def found(**changes):
    return {finding.found: finding for finding in judge(Gpu(**{**FIT, **changes}))}


def test_of_a_fit_gpu_only_the_lock_of_its_clock_is_unknown():
    assert sorted(finding.state for finding in judge(Gpu(**FIT))) == ["ok", "ok", "unknown"]


def test_of_a_gpu_that_gives_nothing_everything_is_unknown():
    assert {finding.state for finding in judge(Gpu(**BLIND))} == {"unknown"}


def test_a_finding_names_its_gpu():
    assert {finding.check for finding in judge(Gpu(**FIT))} == {"gpu 1"}


def test_another_process_at_work_is_bad_and_one_that_idles_is_warned_of():
    at_work = found(strangers=(7,), use=0.5)["Example: 1 other processes, in use 50 % of the time"]
    idle = found(strangers=(7,))["Example: 1 other processes, in use 0 % of the time"]

    assert (at_work.state, at_work.remedy) == ("bad", "end them: 7")
    assert idle.state == "warn"


def test_heat_is_bad():
    assert found(slowed_by=("heat (hardware)",))["slowed by heat (hardware)"].state == "bad"


@pytest.mark.parametrize(
    ("changes", "text"),
    [({"persistent": False}, "persistence mode is off"), ({"mig": True}, "cut into instances (MIG)")],
)
def test_sleep_and_instances_are_warned_of(changes, text):
    assert found(**changes)[text].state == "warn"


def test_bits_of_what_slows_are_nvml_s():
    """NVML API reference, nvmlClocksEventReasons: 0x1 idle, 0x2 application clocks, 0x10 sync boost slow nothing."""
    assert not {0x1, 0x2, 0x10} & SLOWED_BY.keys()
    pynvml = pytest.importorskip("pynvml")
    assert pynvml.nvmlClocksEventReasonSwPowerCap in SLOWED_BY
    assert pynvml.nvmlClocksThrottleReasonHwSlowdown in SLOWED_BY


def test_gpus_are_read_or_it_is_said_why_not():
    read = gpus()

    assert read if isinstance(read, str) else all(isinstance(gpu, Gpu) for gpu in read)
