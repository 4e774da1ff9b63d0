"""Scope `model`: closed forms of a stack of three blocks against counts, for every operator that has it."""

from __future__ import annotations

import pytest
import torch

from bench import operators
from bench.case import Case
from bench.measure import workload
from bench.measure.metrics import cache, flops, memory, saved

LAYERS = 3


def case_of(name: str, **changes: object) -> Case:
    operator = operators.load(name)
    shape = {"batch_size": 2, "seq_len": 24, "num_heads": 2, "head_dim": 16, "hidden_size": 32, "layers": LAYERS}
    shape |= {"rank": 4} if operator.has_rank else {}
    shape |= {"num_kv_heads": 1} if getattr(operator, "only_grouped", False) else {}
    return Case(operator=name, provider=operator.provider, scope="model", **{**shape, **changes})


def built(case: Case) -> workload.Workload:
    x = torch.randn(case.batch_size, case.seq_len, case.hidden_size, generator=torch.Generator().manual_seed(0))
    return workload.build(case, {"x": x.to(getattr(torch, case.dtype))})


def supported(phase: str) -> list[Case]:
    cases = [case_of(name, phase=phase) for name in operators.names() if not operators.load(name).uncounted]
    return [
        case
        for case in cases
        if operators.load(case.operator).unsupported(case) is None
        # there are no such kernels on the CPU
        and case.operator not in ("sdpa_cudnn", "sdpa_efficient")
    ]


TRAINED = supported("train")
# what is not trained
SERVED = [case for case in supported("forward") if case.replace(phase="train") not in TRAINED]


@pytest.mark.parametrize("case", TRAINED + SERVED, ids=lambda case: case.case_id)
def test_flops_of_three_blocks_are_the_closed_form_less_its_gap(case: Case) -> None:
    cost = operators.load(case.operator).cost(case)

    assert flops.measure(built(case))["flops_counted"] == cost.flops(case.phase) - cost.counter_gap(case.phase)


@pytest.mark.parametrize("case", TRAINED, ids=lambda case: case.case_id)
def test_bytes_kept_of_three_blocks_are_the_closed_form(case: Case) -> None:
    assert (
        saved.measure(built(case))["saved_for_backward_bytes"] == operators.load(case.operator).cost(case).saved_bytes
    )


@pytest.mark.parametrize("case", TRAINED + SERVED, ids=lambda case: case.case_id)
def test_parameters_of_three_blocks_are_the_closed_form(case: Case) -> None:
    module, cost = built(case).module, operators.load(case.operator).cost(case)

    assert module is not None
    weights = list(module.parameters())
    assert sum(weight.numel() for weight in weights) == cost.parameters
    assert sum(weight.numel() for weight in weights if weight.requires_grad) == cost.trainable_parameters


@pytest.mark.parametrize("dtype", ["float64", "bfloat16"])
def test_what_a_layer_norm_keeps_of_each_token_has_the_dtype_of_x(dtype: str) -> None:
    case = case_of("sdpa", phase="train", dtype=dtype)

    assert saved.measure(built(case))["saved_for_backward_bytes"] == operators.load("sdpa").cost(case).saved_bytes


@pytest.mark.parametrize("operator", ["sdpa", "full_naive", "linformer"])
@pytest.mark.parametrize("phase", ["forward", "train"])
@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("seq_len", [32, 256])
def test_the_peak_is_within_a_tenth_of_the_closed_form(operator: str, phase: str, layers: int, seq_len: int) -> None:
    """Whether activations or gradients of weights are the larger: 12·d² weights against about 24·d a token."""
    shape = {"batch_size": 1, "seq_len": seq_len, "hidden_size": 64, "num_heads": 4, "head_dim": 16}
    case = case_of(operator, phase=phase, layers=layers, threads=1, **shape)

    measured = memory.measure(built(case))["peak_tensor_bytes"]
    assert operators.load(operator).cost(case).peak_bytes(phase) / measured == pytest.approx(1, abs=0.1)


def test_a_block_adds_8_d_squared_weights_and_16_t_d_squared_flops_to_its_self_attention() -> None:
    model = case_of("sdpa")
    stack, layer = (operators.load("sdpa").cost(case) for case in (model, model.replace(scope="layer")))

    # W_up and W_down, [4d, d] and [d, 4d]; T = 48, d = 32
    assert stack.parameters == LAYERS * (layer.parameters + 8 * 32**2)
    assert stack.forward_flops == LAYERS * (layer.forward_flops + 2 * 48 * 8 * 32**2)
    assert stack.backward_flops == LAYERS * (layer.backward_flops + 4 * 48 * 8 * 32**2)


def test_the_least_that_is_moved_is_x_y_and_the_weights() -> None:
    cost = operators.load("sdpa").cost(case_of("sdpa", num_kv_heads=1))

    # 48 tokens of 32, twice; a block has 4·d² - 2·d·16 + 8·d² weights where one key head of 16 serves two
    assert cost.bytes_min == 4 * (2 * 48 * 32 + LAYERS * (12 * 32**2 - 2 * 32 * 16))


def test_causality_spares_half_of_each_core_and_nothing_else() -> None:
    case = case_of("sdpa", causal=True)
    cost = operators.load("sdpa").cost(case)

    # 4·b·h·n²·c a block, of which the definition needs n(n + 1)/2 of n² pairs
    spared = LAYERS * 4 * 2 * 2 * 24**2 * 16 * 23 / 48
    assert cost.forward_flops * (1 - cost.ideal_share) == pytest.approx(spared, rel=1e-12)


def test_a_decoded_token_s_cache_is_that_of_every_block() -> None:
    case = case_of("sdpa", phase="decode", causal=True)

    found = cache.measure(built(case))["kv_cache_counted_bytes"]
    assert operators.load("sdpa").cost(case).kv_cache_bytes == found


def test_a_decoded_token_takes_the_feed_forward_network_of_one_token() -> None:
    case = case_of("sdpa", phase="decode", causal=True)
    cost = operators.load("sdpa").cost(case)

    assert flops.measure(built(case))["flops_counted"] == cost.forward_flops - cost.forward_counter_gap
