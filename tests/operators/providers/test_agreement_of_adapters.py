"""Adapters of other packages against ours: same weights, same output, same gradients, the same weights trained."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
import torch

from bench import operators
from bench.case import Case
from bench.measure import workload

PACKAGES = {"peft": "peft", "loralib": "loralib", "lycoris": "lycoris"}
SHAPES: dict[str, dict[str, Any]] = {
    "projection": {"hidden_size": 24, "out_features": 40},
    "layer": {"hidden_size": 32, "num_heads": 4, "head_dim": 8, "num_kv_heads": 2},
    "model": {"hidden_size": 32, "num_heads": 4, "head_dim": 8, "layers": 2},
}
# sums of at most 128 products, one after the other through at most two blocks; their errors grow as the root
TOLERANCE = {dtype: 64 * torch.finfo(getattr(torch, dtype)).eps for dtype in ("float64", "float32", "bfloat16")}


def cases() -> list[Case]:
    """Every offer at every scope and dtype that it has, training where it can."""
    found = []
    for provider in PACKAGES:
        for name, offer in operators.provider_catalogue.load(provider).offers.items():
            operator = operators.load(name)
            mixed = [("bfloat16", "float32")] if offer.adapter_dtype and operator.takes_adapter_dtype else []
            for dtype, adapter_dtype in [("float64", None), ("float32", None), *mixed]:
                for scope, shape in SHAPES.items():
                    case = Case(
                        operator=name,
                        provider=provider,
                        scope=scope,
                        phase="train" if "train" in operator.phases & offer.phases else "forward",
                        dtype=dtype,
                        adapter_dtype=adapter_dtype,
                        batch_size=3,
                        seq_len=8,
                        rank=4 if operator.has_rank else None,
                        **shape,
                    )
                    if operators.of(case).unsupported(case) is None:
                        found.append(case)
    return found


CASES = cases()


def built(case: Case) -> workload.Workload:
    pytest.importorskip(PACKAGES.get(case.provider, "torch"))
    return workload.build(case)


def gradients(built: workload.Workload) -> dict[bytes, torch.Tensor]:
    """Gradients of x and of the trained weights, each found by the weight's own numbers, which both sides share."""
    assert built.module is not None
    leaves = [*built.inputs.values(), *(weight for weight in built.module.parameters() if weight.requires_grad)]
    output = built.forward()
    upstream = torch.linspace(-1, 1, output.numel()).view_as(output).to(output)
    grads = torch.autograd.grad(output, leaves, upstream)
    keys = (leaf.detach().view(torch.uint8).numpy().tobytes() for leaf in leaves)
    return {key: grad.flatten().double() for key, grad in zip(keys, grads, strict=True)}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.case_id)
def test_the_output_is_ours_to_rounding(case: Case) -> None:
    theirs, ours = built(case).forward().detach(), workload.build(case.replace(provider="bench")).forward().detach()

    assert (theirs - ours).norm() <= TOLERANCE[case.dtype] * ours.norm()


@pytest.mark.parametrize("case", [case for case in CASES if case.phase == "train"], ids=lambda case: case.case_id)
def test_the_gradients_of_x_and_of_every_trained_weight_are_ours_to_rounding(case: Case) -> None:
    theirs, ours = gradients(built(case)), gradients(workload.build(case.replace(provider="bench")))

    assert theirs.keys() == ours.keys()
    for key, gradient in ours.items():
        assert (theirs[key] - gradient).norm() <= TOLERANCE[case.dtype] * gradient.norm()


def counted(case: Case) -> tuple[int, int]:
    """Frozen and trained weights of what is built."""
    module = built(case).module
    assert module is not None
    frozen, trained = (
        sum(w.numel() for w in module.parameters() if w.requires_grad is requires) for requires in (False, True)
    )
    return frozen, trained


# at scope `projection`, 24 to 40 features and rank 4: what a package holds beside our frozen weights
BESIDE: dict[tuple[str, str], Callable[[Case], int]] = {
    ("peft", "vera"): lambda case: -4 * (24 + 40),  # A and B are buffers
    ("peft", "adalora"): lambda case: 1,  # `ranknum`
    ("peft", "lora_merged"): lambda case: 8 * (24 + 40),  # the factors that were merged
    ("loralib", "lora_merged"): lambda case: 8 * (24 + 40),
}


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.scope == "projection"], ids=lambda case: case.case_id
)
def test_as_many_weights_are_trained_and_frozen_as_of_ours_but_for_what_is_told(case: Case) -> None:
    frozen, trained = counted(case)
    beside = BESIDE.get((case.provider, case.operator), lambda case: 0)(case)

    assert (frozen - beside, trained) == counted(case.replace(provider="bench"))


def test_listing_what_packages_offer_needs_none_of_them() -> None:
    heavy = "{'torch', 'peft', 'loralib', 'lycoris', 'adapters', 'transformers'}"
    code = f"import sys; from bench import operators; operators.offers(); sys.exit(bool({heavy} & set(sys.modules)))"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("name", ["houlsby", "pfeiffer"])
def test_adapterhub_s_adapters_are_refused_with_the_reason(name: str) -> None:
    case = Case(operator=name, provider="adapters", scope="model", seq_len=8, rank=4, **SHAPES["model"])

    assert "transformers ~=4.57.6" in (operators.of(case).unsupported(case) or "")
