"""The kernel that really ran."""

from __future__ import annotations

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from bench.case import Case
from bench.measure import workload
from bench.measure.metrics import kernel
from bench.measure.workload import Workload

CASE = Case(operator="sdpa", seq_len=32, hidden_size=16, num_heads=2, head_dim=8)


def sdpa(phase: str = "forward") -> Workload:
    return workload.build(CASE.replace(phase=phase), {name: torch.ones(1, 2, 32, 8) for name in ("q", "k", "v")})


@pytest.mark.parametrize("phase", ["forward", "train"])
def test_sdpa_on_the_cpu_runs_its_flash_kernel(phase: str) -> None:
    assert kernel.measure(sdpa(phase)) == {"kernel": "_scaled_dot_product_flash_attention_for_cpu"}


def test_a_silent_fall_back_to_math_is_told() -> None:
    with sdpa_kernel(SDPBackend.MATH):
        assert kernel.measure(sdpa()) == {"kernel": "_scaled_dot_product_attention_math"}


def test_naive_attention_runs_products_and_a_softmax() -> None:
    case = CASE.replace(operator="full_naive", seq_len=256)
    built = workload.build(case, {name: torch.ones(1, 2, 256, 8) for name in ("q", "k", "v")})

    names = kernel.measure(built)["kernel"].split("+")
    assert len(names) == 3
    assert {"bmm", "_softmax"} <= set(names)


def flex(*, compiled: bool) -> str:
    case = CASE.replace(operator="flex", provider="torch", seq_len=256, compiled=compiled)
    built = workload.build(case, {name: torch.ones(1, 2, 256, 8) for name in ("q", "k", "v")})
    found: str = kernel.measure(built)["kernel"]
    return found


def test_uncompiled_flex_is_operations_of_torch_s() -> None:
    """Which three took most is the machine's to say."""
    names = flex(compiled=False).split("+")

    assert len(names) == 3
    assert "inductor" not in names


@pytest.mark.slow
def test_compiled_flex_is_one_kernel_of_the_compiler_s() -> None:
    assert flex(compiled=True) == "inductor"
