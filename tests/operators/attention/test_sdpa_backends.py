"""What is particular to torch's attention with one backend pinned: that backend runs or the call raises."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.profiler import ProfilerActivity, profile

from bench import operators
from bench.case import Case
from bench.measure import reference
from bench.operators.attention._pinned import pinned

CUDA_ONLY = ("sdpa_cudnn", "sdpa_efficient")


def calls(call: Callable[[], Any]) -> set[str]:
    with profile(activities=[ProfilerActivity.CPU]) as profiler:
        call()
    return {event.key for event in profiler.key_averages()}


@pytest.mark.parametrize(
    ("name", "ran"),
    [
        ("sdpa_math", "aten::_scaled_dot_product_attention_math"),
        ("sdpa_flash", "aten::_scaled_dot_product_flash_attention_for_cpu"),
    ],
)
def test_the_backend_that_is_named_runs(
    name: str, ran: str, attend: Callable[..., Any], qkv: Callable[..., Any]
) -> None:
    q, k, v = qkv()
    operator = attend(name)

    found = {key for key in calls(lambda: operator(q, k, v)) if key.startswith("aten::_scaled_dot_product")}

    assert found == {ran}


@pytest.mark.parametrize("backend", ["EFFICIENT_ATTENTION", "CUDNN_ATTENTION"])
def test_a_backend_that_cannot_run_raises(backend: str, attend: Callable[..., Any], qkv: Callable[..., Any]) -> None:
    with pytest.raises(RuntimeError, match="No viable backend"):
        pinned(attend("sdpa"), backend)(*qkv())


@pytest.mark.parametrize("backend", ["MATH", "CUDNN_ATTENTION"])
def test_afterwards_torch_chooses_as_before(
    backend: str, attend: Callable[..., Any], qkv: Callable[..., Any]
) -> None:
    """After a call that ran, and after one that raised; what was switched off stays off."""
    names = ("flash", "mem_efficient", "math", "cudnn")
    switches = [getattr(torch.backends.cuda, f"{name}_sdp_enabled") for name in names]

    with sdpa_kernel([SDPBackend.MATH, SDPBackend.FLASH_ATTENTION]):
        with contextlib.suppress(RuntimeError):
            pinned(attend("sdpa"), backend)(*qkv())
        assert [is_on() for is_on in switches] == [True, False, True, False]


def test_compiled_it_is_pinned_too(attend: Callable[..., Any], qkv: Callable[..., Any]) -> None:
    q, k, v = qkv()
    compiled = torch.compile(attend("sdpa_math"), backend="aot_eager")
    compiled(q, k, v)

    assert not any("flash" in key for key in calls(lambda: compiled(q, k, v)))


@pytest.mark.parametrize("name", CUDA_ONLY)
def test_an_accuracy_pass_has_the_formula_on_the_cpu(
    name: str, attend: Callable[..., Any], qkv: Callable[..., Any]
) -> None:
    """Such a pass is in float64, which the kernels do not take."""
    q, k, v = qkv()

    assert torch.allclose(attend(name)(q, k, v), reference.attention(q, k, v), rtol=0, atol=1e-13)


@pytest.mark.parametrize("name", CUDA_ONLY)
def test_a_kernel_of_cuda_is_refused_on_the_cpu(name: str) -> None:
    case = Case(operator=name, seq_len=32, num_heads=1, head_dim=64, hidden_size=64)

    assert operators.load(name).unsupported(case) == f"{name} exists on CUDA only and device is cpu"


def test_flash_takes_values_that_are_narrower_or_wider(attend: Callable[..., Any], qkv: Callable[..., Any]) -> None:
    """Its kernel does not: they go in pieces of the width of q."""
    q, k, v = qkv()

    for values in (v[..., :3], torch.cat([v, v[..., :3]], dim=-1)):
        assert torch.allclose(attend("sdpa_flash")(q, k, values), attend("full_naive")(q, k, values), atol=1e-13)


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("name", [*CUDA_ONLY, "sdpa_flash", "sdpa_math"])
def test_on_cuda_it_equals_exact_attention(
    name: str, causal: bool, attend: Callable[..., Any], qkv: Callable[..., Any]
) -> None:
    """bfloat16 has 8 digits of mantissa: outputs of order one are off by a few 2^-8."""
    q, k, v = (x.to("cuda", torch.bfloat16) for x in qkv(128))

    output = attend(name, n=128, device="cuda", causal=causal)(q, k, v)

    assert torch.allclose(output.double(), reference.attention(q, k, v, causal=causal), rtol=0, atol=4 * 2**-8)


def on_cuda(name: str, **changes: Any) -> str | None:
    case = Case(operator=name, device="cuda", seq_len=32, num_heads=1, head_dim=64, hidden_size=64, dtype="bfloat16")
    reason: str | None = operators.load(name).unsupported(case.replace(**changes))
    return reason


@pytest.mark.parametrize(
    ("name", "changes", "said"),
    [
        ("sdpa_flash", {"dtype": "float32"}, "sdpa_flash on CUDA takes float16 or bfloat16 and dtype is float32"),
        ("sdpa_flash", {"head_dim": 320}, "sdpa_flash on CUDA takes heads up to 256 and head_dim is 320"),
        ("sdpa_flash", {"mask": "padding"}, "sdpa_flash on CUDA honours no key mask"),
        ("sdpa_flash", {"causal": True}, None),
        ("sdpa_cudnn", {"dtype": "float32"}, "sdpa_cudnn on CUDA takes float16 or bfloat16 and dtype is float32"),
        ("sdpa_cudnn", {"mask": "padding"}, None),
        (
            "sdpa_efficient",
            {"dtype": "float64"},
            "sdpa_efficient takes float32, float16 or bfloat16 and dtype is float64",
        ),
        ("sdpa_efficient", {"dtype": "float32", "mask": "padding"}, None),
        (
            "sdpa_efficient",
            {"num_heads": 2, "num_kv_heads": 1},
            "sdpa_efficient needs as many key and value heads as query heads",
        ),
    ],
)
def test_what_the_kernel_of_cuda_cannot_take_is_refused(name: str, changes: dict[str, Any], said: str | None) -> None:
    assert on_cuda(name, **changes) == said
