"""A case, set up: what a call changes, what it leaves, and what its seed decides."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from bench.case import Case
from bench.measure import layers, workload

CORE = Case(operator="sdpa", provider="torch", seq_len=16, hidden_size=16, num_heads=2, head_dim=8)
LAYER = CORE.replace(scope="layer")
PROJECTION = Case(operator="lora", scope="projection", seq_len=8, hidden_size=16, out_features=24, rank=2)
ADAPTED = LAYER.replace(operator="lora", provider="bench", rank=2)


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def weights(case: Case) -> dict[str, torch.Tensor]:
    module = workload.build(case).module
    assert module is not None
    return {name: weight.detach().clone() for name, weight in module.named_parameters()}


@pytest.mark.parametrize("case", [CORE, LAYER, PROJECTION, ADAPTED], ids=lambda case: case.case_id)
@pytest.mark.parametrize("phase", ["forward", "train"])
def test_a_seed_gives_the_same_output_again_and_another_seed_another(case: Case, phase: str) -> None:
    case = case.replace(phase=phase)
    first, again, other = (workload.build(c).call() for c in (case, case, case.replace(seed=1)))

    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.parametrize("operator", ["full_naive", "linformer", "performer"])
def test_at_scope_layer_all_operators_have_the_same_projections(operator: str) -> None:
    rank = None if operator == "full_naive" else 8
    plain, other = weights(LAYER), weights(LAYER.replace(operator=operator, provider="bench", rank=rank))

    assert all(torch.equal(plain[name], other[name]) for name in plain)


def test_an_operator_s_own_draws_follow_the_seed_and_are_not_those_of_the_weights() -> None:
    case = LAYER.replace(operator="performer", provider="bench", rank=8, scope="core")
    inputs = workload.draw_inputs(case)
    first, again, other = (workload.attention_of(case.replace(seed=s))(*inputs.values()) for s in (0, 0, 1))

    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_an_adapted_layer_stands_on_the_weights_of_the_plain_one() -> None:
    plain, adapted = weights(LAYER), weights(ADAPTED)

    assert torch.equal(plain["k.weight"], adapted["k.weight"])
    assert torch.equal(plain["o.weight"], adapted["o.weight"])


@pytest.mark.parametrize("case", [PROJECTION, ADAPTED], ids=["projection", "layer"])
def test_training_an_adapter_changes_its_own_weights_and_no_others(case: Case) -> None:
    built = workload.build(case.replace(phase="train"))
    assert built.module is not None
    before = {name: weight.detach().clone() for name, weight in built.module.named_parameters()}
    built.call()

    changed = {name for name, weight in built.module.named_parameters() if not torch.equal(weight, before[name])}
    assert changed == before.keys() - {name for name in before if name.endswith("weight")}
    assert changed == {name for name, weight in built.module.named_parameters() if weight.requires_grad}


def test_training_a_plain_layer_changes_all_four_projections() -> None:
    built = workload.build(LAYER.replace(phase="train"))
    assert built.module is not None
    before = {name: weight.detach().clone() for name, weight in built.module.named_parameters()}
    built.call()

    assert sorted(before) == ["k.weight", "o.weight", "q.weight", "v.weight"]
    assert not any(torch.equal(weight, before[name]) for name, weight in built.module.named_parameters())


@pytest.mark.parametrize("case", [CORE, LAYER, PROJECTION, ADAPTED], ids=lambda case: case.case_id)
def test_training_gives_gradients_of_the_inputs_and_the_trainable_weights(case: Case) -> None:
    built = workload.build(case.replace(phase="train"))
    built.call()

    trained = [*built.inputs.values(), *(built.module.parameters() if built.module else ())]
    assert all((tensor.grad is not None) == tensor.requires_grad for tensor in trained)
    assert all(tensor.requires_grad for tensor in built.inputs.values())


def test_a_call_s_gradients_are_not_added_to_those_of_the_call_before() -> None:
    built = workload.build(CORE.replace(phase="train"))
    built.call()
    first = built.inputs["q"].grad
    assert first is not None
    once = first.clone()
    built.call()

    assert torch.equal(once, built.inputs["q"].grad)


def test_at_core_there_is_no_step_so_every_train_call_gives_the_same_output() -> None:
    built = workload.build(CORE.replace(phase="train"))

    assert torch.equal(built.call(), built.call())


def test_a_forward_call_tracks_no_gradients() -> None:
    built = workload.build(LAYER)

    assert not built.call().requires_grad


def test_a_layer_is_attention_between_its_projections() -> None:
    built = workload.build(LAYER)
    w, x = weights(LAYER), built.inputs["x"]
    q, k, v = ((x @ w[f"{name}.weight"].T).view(1, 16, 2, 8).transpose(1, 2) for name in "qkv")
    attended = (q @ k.transpose(-2, -1) / 8**0.5).softmax(-1) @ v
    expected = attended.transpose(1, 2).reshape(1, 16, 16) @ w["o.weight"].T

    # Sums of 16 products of numbers of order 1, each rounded to 2^-24, through three products in a row.
    torch.testing.assert_close(built.call(), expected, rtol=0, atol=3 * 16 * 2**-24 * 4)


@pytest.mark.parametrize("case", [CORE, LAYER, PROJECTION, ADAPTED], ids=lambda case: case.case_id)
def test_float32_agrees_with_float64(case: Case) -> None:
    """Inputs and weights are drawn in float64 and rounded: they differ by 2^-24 each, and so do sums of 16."""
    single, double = (workload.build(case.replace(dtype=dtype)).call() for dtype in ("float32", "float64"))

    assert (single.dtype, double.dtype) == (torch.float32, torch.float64)
    assert float((single.double() - double).norm() / double.norm()) < 3 * 16 * 2**-24


def test_a_padding_mask_takes_the_last_quarter_of_the_keys_away() -> None:
    tensors = workload.draw_inputs(CORE.replace(mask="padding"))

    assert tensors["mask"].tolist() == [[True] * 12 + [False] * 4]


def test_a_masked_layer_does_not_see_the_padded_tokens_as_keys() -> None:
    case = LAYER.replace(mask="padding")
    inputs = workload.draw_inputs(case)
    changed = {**inputs, "x": inputs["x"].clone()}
    changed["x"][:, 12:] += 1.0

    before, after = (workload.build(case, given).call() for given in (inputs, changed))
    assert torch.equal(before[:, :12], after[:, :12])


def test_inputs_are_in_the_case_s_dtype_and_in_the_order_of_the_call() -> None:
    tensors = workload.draw_inputs(CORE.replace(dtype="bfloat16", num_kv_heads=1))

    assert {name: tuple(t.shape) for name, t in tensors.items()} == {
        "q": (1, 2, 16, 8),
        "k": (1, 1, 16, 8),
        "v": (1, 1, 16, 8),
    }
    assert list(tensors) == ["q", "k", "v"]
    assert {t.dtype for t in tensors.values()} == {torch.bfloat16}


def test_given_inputs_are_taken_in_place_of_the_case_s_own() -> None:
    zeros = {name: torch.zeros(1, 2, 16, 8) for name in "qkv"}

    assert not workload.build(CORE, zeros).call().any()


def test_a_projection_s_weights_are_drawn_in_float64_with_variance_one_over_in_features() -> None:
    wide = PROJECTION.replace(hidden_size=512, dtype="float32")
    single = layers.linear(wide, 512, 512, torch.Generator().manual_seed(0)).weight
    double = layers.linear(wide.replace(dtype="float64"), 512, 512, torch.Generator().manual_seed(0)).weight.detach()

    assert torch.equal(single, double.float())
    # of 512² draws the variance has a standard error of sqrt(2) / 512
    assert float(double.var()) * 512 == pytest.approx(1.0, abs=4 * 2**0.5 / 512)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_a_layer_trains_in_half_precision(dtype: str) -> None:
    built = workload.build(LAYER.replace(phase="train", dtype=dtype))

    assert built.call().isfinite().all()


def test_the_network_of_a_task_is_called_on_a_batch_of_its_test_samples(small: Case) -> None:
    built = workload.build(small.replace(phase="forward"))

    assert list(built.inputs) == ["inputs", "mask"]
    assert built.call().shape == (16, 4)
    assert not built.call().requires_grad


def test_the_training_step_of_a_task_changes_what_is_trained_and_nothing_else(adapted: Case) -> None:
    built = workload.build(adapted)
    assert built.module is not None
    before = {name: weight.detach().clone() for name, weight in built.module.named_parameters()}
    built.call()
    built.call()  # of LoRA's factors A has no gradient in the first step, B being zero

    changed = {name for name, weight in built.module.named_parameters() if not torch.equal(weight, before[name])}
    assert changed == {name for name, weight in built.module.named_parameters() if weight.requires_grad}
    assert "head.weight" in changed


def test_a_timed_network_needs_neither_probe_nor_all_samples(adapted: Case, tmp_path: Path) -> None:
    workload.build(adapted).call()

    assert sorted(path.name for path in (tmp_path / "data").iterdir()) == ["batches"]


def test_a_task_s_network_takes_given_inputs_in_place_of_its_own(swapped: Case) -> None:
    own = workload.build(swapped)
    reversed_ = {name: tensor.flip(0) for name, tensor in own.inputs.items()}

    torch.testing.assert_close(workload.build(swapped, reversed_).call(), own.call().flip(0))
