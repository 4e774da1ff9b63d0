"""Pairs of the same code, with real processes."""

from __future__ import annotations

import pytest

from bench.errors import StoreError
from bench.store.lock import device_lock
from bench.sweep.noise_floor import measure, small_cases

SMALL = {"pairs": 6, "cores": 1, "memory_bytes": 1 << 31}


def test_cases_have_one_thread_and_as_many_as_there_are_cores():
    assert [case.threads for case in small_cases(4, cuda=False)] == [1, 4]


def test_on_one_core_there_is_one_case():
    assert [case.threads for case in small_cases(1, cuda=False)] == [1]


def test_a_gpu_gets_a_case_too():
    assert [case.device for case in small_cases(1, cuda=True)] == ["cpu", "cuda"]


@pytest.mark.slow
def test_the_same_code_is_measured_against_itself_and_a_case_that_fails_is_told(sdpa):
    laps = []
    fit, broken = measure([sdpa, sdpa.replace(input="no_such_input")], told=laps.append, **SMALL)

    assert fit.floor is not None
    assert (fit.floor.ratio.count, fit.reason, laps) == (6, "", [1, 2, 3, 4, 5, 6])
    assert fit.floor.spread > 0
    assert broken.floor is None
    assert broken.reason.startswith("crashed: ")


def test_while_a_run_measures_there_is_no_noise_floor(sdpa):
    with device_lock("cpu", "another"), pytest.raises(StoreError, match="is being measured by run another"):
        measure([sdpa], **SMALL)
