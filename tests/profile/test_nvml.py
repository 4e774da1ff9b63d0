from __future__ import annotations

import pytest

from bench.profile.nvml import COLUMNS, absent, reasons_text, record
from bench.profile.process import Job


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_without_a_cuda_device_that_is_the_reason(monkeypatch, device):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")

    assert absent(device) == "no CUDA device"


def test_what_slows_the_clocks_is_named():
    assert reasons_text(0) == ""
    assert reasons_text(0x4 | 0x40) == "power cap, heat (hardware)"
    assert reasons_text(0x1000 | 0x1) == "idle, unknown 0x1000"


def test_every_reason_that_nvml_knows_has_a_name():
    pynvml = pytest.importorskip("pynvml")

    assert "unknown" not in reasons_text(pynvml.nvmlClocksEventReasonAll)


@pytest.mark.cuda
@pytest.mark.slow
def test_the_series_of_a_call_on_cuda_has_every_column(naive, tmp_path):
    pytest.importorskip("pynvml")
    if reason := absent("cuda"):
        pytest.skip(reason)
    rows, reason = record(Job(naive.replace(device="cuda"), tmp_path, 0.5))

    assert reason == ""
    assert tuple(rows[0]) == COLUMNS
