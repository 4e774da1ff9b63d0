"""What is particular to many LoRAs in one batch: which sample has which, and that both ways are N separate ones."""

from __future__ import annotations

import pytest
import torch

from bench import operators
from bench.case import Case
from bench.measure import workload
from bench.measure.layers import linear

BOTH = pytest.mark.parametrize("operator", ["multi_lora", "multi_lora_loop"])
CASE = Case(
    operator="multi_lora",
    scope="projection",
    batch_size=5,
    seq_len=6,
    hidden_size=24,
    out_features=40,
    rank=4,
    dtype="float64",
    options=(("adapters", 3.0), ("alpha", 6.0)),
)
X = torch.randn(5, 6, 24, generator=torch.Generator().manual_seed(3), dtype=torch.float64)


def many(case: Case) -> torch.nn.Module:
    generator = torch.Generator().manual_seed(0)
    base = linear(case, case.hidden_size, case.out_size, generator)
    module: torch.nn.Module = operators.load(case.operator).build(case, base, generator)
    return module


@BOTH
def test_each_sample_gets_what_its_own_lora_alone_would_give(operator: str) -> None:
    module = many(CASE.replace(operator=operator))
    alone = []
    for adapter in range(3):
        base = torch.nn.Linear(24, 40, bias=False, dtype=torch.float64)
        base.weight.data.copy_(module.base.weight)
        lora = operators.load("lora").build(
            CASE.replace(operator="lora", options=(("alpha", 6.0),)), base, torch.Generator()
        )
        lora.a.data.copy_(module.a[adapter])
        lora.b.data.copy_(module.b[adapter])
        alone.append(lora)

    with torch.no_grad():
        expected = torch.stack([alone[adapter](x) for adapter, x in zip(module.ids.tolist(), X, strict=True)])
        torch.testing.assert_close(module(X), expected, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("dtype", ["float64", "float32", "bfloat16"])
def test_both_ways_agree_to_rounding(dtype: str) -> None:
    case = CASE.replace(dtype=dtype)
    gathered, looped = many(case), many(case.replace(operator="multi_lora_loop"))
    x = X.to(getattr(torch, dtype))

    with torch.no_grad():
        base = module_free(gathered, x)
        # in either the base's product, A x, the update and the sum are rounded, eps/2 of what they come from; the
        # update and its parts are no larger than its bound of absolute values
        largest = base.abs().max() + bound_of_the_update(gathered, x)
        assert (gathered(x) - looped(x)).abs().max() <= 4 * torch.finfo(x.dtype).eps * largest


def module_free(module: torch.nn.Module, x: torch.Tensor) -> torch.Tensor:
    """``|W0| |x|``, which bounds every intermediate of the base's product."""
    return torch.nn.functional.linear(x.double().abs(), module.base.weight.double().abs())


def bound_of_the_update(module: torch.nn.Module, x: torch.Tensor) -> torch.Tensor:
    a, b = (factor[module.ids].double().abs() for factor in (module.a, module.b))
    return module.scale * (x.double().abs() @ a.mT @ b.mT).max()


@BOTH
def test_ids_are_one_a_sample_and_as_different_as_the_batch_can_hold(operator: str) -> None:
    ids = {batch: many(CASE.replace(operator=operator, batch_size=batch)).ids.tolist() for batch in (1, 2, 3, 5)}

    assert [len(set(of)) for of in ids.values()] == [1, 2, 3, 3]
    assert all(ids[5][:batch] == of for batch, of in ids.items())


def test_another_seed_gives_another_order_of_adapters() -> None:
    eight = CASE.replace(options=(("adapters", 8.0),), batch_size=8)

    orders = {tuple(many(eight.replace(seed=seed)).ids.tolist()) for seed in range(4)}
    # of 8! orders; two equal ones among four draws have a chance of 6/40320
    assert len(orders) == 4


@BOTH
def test_a_sample_has_the_same_adapter_in_every_projection(operator: str) -> None:
    case = Case(
        operator=operator,
        scope="model",
        layers=2,
        batch_size=3,
        seq_len=4,
        hidden_size=32,
        num_heads=2,
        head_dim=16,
        rank=2,
    )
    module = workload.build(case).module

    assert module is not None
    ids = [tuple(buffer.tolist()) for name, buffer in module.named_buffers() if name.endswith("ids")]
    assert len(ids) == 4  # q and v of two blocks
    assert len(set(ids)) == 1


@BOTH
def test_weights_are_those_of_n_loras(operator: str) -> None:
    cost = operators.load(operator).cost(CASE.replace(operator=operator))

    assert cost.parameters == 24 * 40 + 3 * 4 * (24 + 40)


@BOTH
def test_flops_are_those_of_one_lora_whatever_the_number_of_adapters(operator: str) -> None:
    case = CASE.replace(operator=operator)

    one = operators.load("lora").cost(case.replace(operator="lora", options=()))
    assert operators.load(operator).cost(case).forward_flops == one.forward_flops


def test_gathering_reads_and_writes_a_copy_of_each_sample_s_factors() -> None:
    operator = operators.load("multi_lora")
    few, more = (operator.cost(CASE.replace(batch_size=batch, seq_len=60 // batch)) for batch in (3, 6))

    # the same tokens and the same three adapters, three samples more: their 4·(24 + 40) numbers of 8 bytes are read,
    # written, and read again
    assert more.bytes_algorithm - few.bytes_algorithm == 3 * 3 * 8 * 4 * (24 + 40)


@BOTH
def test_nothing_is_trained(operator: str) -> None:
    reason = operators.load(operator).unsupported(CASE.replace(operator=operator, phase="train"))

    assert reason == f"{operator} has the phases forward"


def test_at_least_one_adapter_is_needed() -> None:
    reason = operators.load("multi_lora").unsupported(CASE.replace(options=(("adapters", 0.0),)))

    assert reason == "multi_lora serves 0 adapters; take adapters ≥ 1"
