"""What is particular to peft: which of its layers is called, its own initialisation, what is merged."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from bench import operators
from bench.case import Case
from bench.measure import workload

peft = pytest.importorskip("peft")
CASE = Case(
    operator="lora",
    provider="peft",
    scope="projection",
    seq_len=16,
    hidden_size=24,
    out_features=40,
    rank=4,
    options=(("alpha", 6.0),),
)


def layer(name: str, **changes: Any) -> Any:
    case = CASE.replace(operator=name, **changes)
    return workload.build(case if operators.load(name).has_rank else case.replace(rank=None, options=())).module


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("lora", "tuners.lora.layer.Linear"),
        ("dora", "tuners.lora.layer.Linear"),
        ("lora_fa", "tuners.lora.layer.Linear"),
        ("vera", "tuners.vera.layer.Linear"),
        ("adalora", "tuners.adalora.layer.SVDLinear"),
        ("loha", "tuners.loha.layer.Linear"),
        ("lokr", "tuners.lokr.layer.Linear"),
        ("ia3", "tuners.ia3.layer.Linear"),
    ],
)
def test_what_is_called_is_the_layer_of_a_peft_model(name: str, kind: str) -> None:
    found = type(layer(name))

    assert f"{found.__module__}.{found.__qualname__}" == f"peft.{kind}"


@pytest.mark.parametrize("name", ["lora", "rslora", "dora", "pissa", "olora", "lora_fa", "vera", "adalora", "loha"])
def test_nothing_is_merged_where_the_operator_is_unmerged(name: str) -> None:
    assert not layer(name).merged


def test_lora_merged_is_merged_by_peft_and_adds_a_random_update() -> None:
    module = layer("lora_merged")

    assert module.merged
    assert module.get_delta_weight("default").abs().max() > 0.01


def test_dora_goes_through_the_magnitude_vector() -> None:
    module = layer("dora")

    assert list(module.lora_variant) == ["default"]
    assert module.lora_magnitude_vector["default"].weight.shape == (40,)


def initialised(init: str, weight: torch.Tensor, *, rank: int, alpha: float) -> tuple[torch.Tensor, torch.Tensor]:
    """The update s·B A and the base of peft's layer, as its own initialisation leaves them."""
    linear = nn.Linear(24, 40, bias=False)
    linear.weight.data.copy_(weight)
    config = peft.LoraConfig(r=rank, lora_alpha=alpha, init_lora_weights=init, target_modules={"projection"})
    host: Any = nn.ModuleDict({"projection": linear})
    peft.get_peft_model(host, config)
    module = host["projection"]
    return module.get_delta_weight("default").detach(), module.base_layer.weight.detach()


# peft's OLoRA multiplies Q_r R_r by the scale, and ours does not: the same where the scale is 1
@pytest.mark.parametrize(("name", "alpha"), [("pissa", 6.0), ("olora", 4.0)])
def test_peft_s_own_initialisation_is_ours_at_step_0(name: str, alpha: float) -> None:
    weight = torch.randn(40, 24, generator=torch.Generator().manual_seed(0))
    linear = nn.Linear(24, 40, bias=False)
    linear.weight.data.copy_(weight)
    own: Any = operators.load(name).build(
        CASE.replace(operator=name, provider="bench", options=(("alpha", alpha),)), linear, torch.Generator()
    )
    update, base = initialised(name, weight, rank=4, alpha=alpha)

    # a decomposition in float32: some eps of the largest singular value, 11, which a gap of singular values widens
    torch.testing.assert_close(own.scale * own.b @ own.a, update, rtol=0, atol=1e-4)
    torch.testing.assert_close(own.base.weight, base, rtol=0, atol=1e-4)


@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16"])
def test_adalora_s_count_of_ranks_is_frozen_in_every_dtype(dtype: str) -> None:
    assert not layer("adalora", dtype=dtype).ranknum["default"].requires_grad


def test_each_sample_has_the_adapter_of_ours() -> None:
    case = CASE.replace(operator="multi_lora_loop", batch_size=3)
    own = workload.build(case.replace(provider="bench")).module
    module: Any = workload.build(case).module

    assert own is not None
    assert module.adapter_names == [f"adapter{i}" for i in own.get_buffer("ids").tolist()]
