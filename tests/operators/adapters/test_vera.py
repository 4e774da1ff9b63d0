"""What is particular to VeRA: frozen A and B, trained λ_d and λ_b."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from bench import operators
from bench.case import Case

Adapt = Callable[..., tuple[nn.Module, torch.Tensor, torch.Tensor]]
CASE = Case(operator="vera", scope="projection", seq_len=16, hidden_size=24, out_features=40, rank=4, dtype="float64")


@pytest.mark.parametrize("dtype", ["float64", "float32", "bfloat16"])
def test_step_0_is_the_base_to_the_bit(adapt: Adapt, dtype: str) -> None:
    module, weight, x = adapt(CASE.replace(dtype=dtype), perturbed=False)

    assert torch.equal(module(x), F.linear(x, weight))


def test_only_the_two_vectors_are_trained(adapt: Adapt) -> None:
    module, _, _ = adapt(CASE)

    trained = {name: weight.numel() for name, weight in module.named_parameters() if weight.requires_grad}
    assert trained == {"lambda_d": 4, "lambda_b": 40}


def test_the_vectors_start_at_lambda_d_and_0(adapt: Adapt) -> None:
    module, _, _ = adapt(CASE, perturbed=False)
    other, _, _ = adapt(CASE.replace(options=(("lambda_d", 0.5),)), perturbed=False)

    # Kopiczko et al., arXiv 2310.11454, section 4: 0.1
    assert module.lambda_d.tolist() == [0.1] * 4
    assert other.lambda_d.tolist() == [0.5] * 4
    assert not module.lambda_b.any()


@pytest.mark.parametrize(("factor", "fan_in"), [("a", 400), ("b", 64)])
def test_the_frozen_factors_are_kaiming_uniform(adapt: Adapt, factor: str, fan_in: int) -> None:
    module, _, _ = adapt(CASE.replace(hidden_size=400, out_features=400, rank=64))

    # He et al., arXiv 1502.01852: variance 2 / fan-in, that is U(±√(6 / fan-in))
    drawn = getattr(module, factor)
    assert drawn.abs().max() <= (6 / fan_in) ** 0.5
    # of 25 600 draws: a standard error of 0.3 %
    assert float(drawn.std()) == pytest.approx((2 / fan_in) ** 0.5, rel=0.015)


def test_merged_minus_w0_is_the_scaled_product(adapt: Adapt) -> None:
    module, weight, _ = adapt(CASE)

    # the same paper, equation 2
    update = torch.diag(module.lambda_b) @ module.b @ torch.diag(module.lambda_d) @ module.a
    torch.testing.assert_close(module.merged_weight() - weight, update, rtol=0, atol=1e-14)


def test_it_runs_at_lora_s_flops_but_a_s_gradient() -> None:
    lora, vera = operators.load("lora").cost(CASE), operators.load("vera").cost(CASE)

    assert vera.forward_flops == lora.forward_flops
    assert vera.backward_flops == lora.backward_flops - 2 * 16 * 4 * 24


def test_no_number_of_tokens_times_out_is_kept() -> None:
    lora, vera = operators.load("lora_fa").cost(CASE), operators.load("vera").cost(CASE)

    # beside LoRA-FA's A x, W0, A and B: a matrix of B's size, 40 x 4, λ_b and λ_d
    assert vera.saved_bytes == lora.saved_bytes + 8 * (40 * 4 + 40 + 4)


def test_its_frozen_factors_are_counted_among_its_weights() -> None:
    lora, vera = operators.load("lora").cost(CASE), operators.load("vera").cost(CASE)

    assert vera.parameters == lora.parameters + 4 + 40


def test_a_model_s_count_is_its_adapted_projections_times_d_plus_r() -> None:
    case = Case(operator="vera", scope="layer", seq_len=1, hidden_size=1024, num_heads=16, head_dim=64, rank=256)

    # the same paper, section 3.2: L_tuned·(d + r); RoBERTa-large's 24 layers, q and v
    assert 24 * operators.load("vera").cost(case).trainable_parameters == 48 * (1024 + 256)
