from __future__ import annotations

import pytest

from bench.case import Case
from bench.suite.status import cuda_present, judge

CORE = Case(operator="sdpa", provider="torch", num_heads=12, head_dim=32, hidden_size=384, seq_len=128)


@pytest.fixture
def no_cuda(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")


@pytest.fixture
def no_data(monkeypatch, tmp_path):
    monkeypatch.setenv("BENCH_DATA", str(tmp_path))


@pytest.mark.parametrize("hidden", ["", "-1", " "])
def test_hidden_cuda_devices_are_absent(monkeypatch, hidden):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)

    assert not cuda_present()


def test_a_case_that_lacks_nothing_is_planned():
    assert (judge(CORE, "a").status, judge(CORE, "a").reason) == ("planned", "")


def test_a_case_without_its_device_is_skipped(no_cuda):
    planned = judge(CORE.replace(device="cuda"), "a")

    assert (planned.status, planned.reason) == ("skipped", "no CUDA device")


def test_a_case_without_its_data_is_skipped_with_the_remedy(no_data):
    planned = judge(CORE.replace(input="captured_minilm"), "a")

    assert planned.status == "skipped"
    assert planned.reason.endswith("python -m bench data fetch minilm")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"operator": "full", "provider": "bench"}, "full exists at scope layer, model, projection"),
        ({"operator": "uniform", "provider": "bench", "phase": "decode"}, "uniform has the phases forward, train"),
        (
            {"input": "captured_minilm", "seq_len": 1024},
            "seq_len 1024 asked for; minilm has 3 to 512 tokens",
        ),
    ],
)
def test_a_case_without_a_meaning_is_unsupported(changes, reason):
    planned = judge(CORE.replace(**changes), "a")

    assert (planned.status, planned.reason) == ("unsupported", reason)


def test_what_has_no_meaning_is_unsupported_whatever_it_lacks(no_cuda):
    case = CORE.replace(operator="uniform", provider="bench", device="cuda", phase="decode")

    assert judge(case, "a").status == "unsupported"


def test_compiling_for_the_cpu_needs_a_compiler(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    planned = judge(CORE.replace(compiled=True), "a")

    assert (planned.status, planned.reason) == (
        *("unsupported", "torch.compile on the CPU needs a C++ compiler; apt install g++"),
    )


def test_a_compiler_on_the_path_is_enough(monkeypatch, tmp_path):
    (tmp_path / "clang++").write_text("#!/bin/sh\n")
    (tmp_path / "clang++").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert judge(CORE.replace(compiled=True), "a").status == "planned"
