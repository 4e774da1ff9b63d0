"""On CUDA the host may take longer to launch a call than the device to do it: then the record says so."""

from __future__ import annotations

import dataclasses

import pytest

from bench.table.combine import combine


@pytest.mark.parametrize(("times", "told"), [(2.0, True), (0.5, False)])
def test_a_call_that_the_host_launches_more_slowly_than_the_device_does_it_is_told(planted, times, told):
    launch_s = times * planted.ratio * planted.base_s
    attempts = [dataclasses.replace(a, facts=a.facts | {"launch_s": launch_s}) for a in planted.rounds((1.0,) * 4)]

    found = next(one for one in combine(planted.info(), attempts) if one["case_hash"] == "case")

    assert found["launch_s"] == launch_s
    assert ("launch-bound" in found["warnings"]) is told
