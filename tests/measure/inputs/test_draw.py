"""The shared draws: their order, a generator for each head, and grouped heads."""

from __future__ import annotations

import pytest
import torch

from bench.case import Case
from bench.measure import inputs
from bench.measure.inputs._draw import draw

GENERATED = ("iid", "iid_x4", "seed_scale", "smooth", "blocks", "sink", "needle")


def case_of(name: str, **changes: object) -> Case:
    return Case(operator="-", seq_len=40, num_heads=4, head_dim=8, hidden_size=32, input=name).replace(**changes)


def test_draws_come_in_the_defined_order_from_one_generator() -> None:
    generator = torch.Generator().manual_seed(3)
    shapes = ((40, 8), (40, 8), (40, 8), (16, 8), (16, 8), (8,))
    expected = [torch.randn(*shape, generator=generator, dtype=torch.float64) for shape in shapes]
    order = torch.randperm(40, generator=generator)

    found = draw(3, 40, 8)

    normal = (found.q, found.k, found.v, found.waves, found.centres, found.direction)
    assert all(torch.equal(a, b) for a, b in zip(normal, expected, strict=True))
    assert torch.equal(found.order, order)


@pytest.mark.parametrize("name", GENERATED)
def test_head_j_of_the_batch_is_head_0_of_a_seed_1000_j_further(name: str) -> None:
    found = inputs.load(name).tensors(case_of(name, seed=7, batch_size=2))

    alone = inputs.load(name).tensors(case_of(name, seed=7 + 6000, num_heads=1, hidden_size=8))
    assert all(torch.equal(found[t][1, 2], alone[t][0, 0]) for t in ("q", "k", "v"))


@pytest.mark.parametrize("name", GENERATED)
def test_key_heads_of_groups_are_those_of_the_first_query_head(name: str) -> None:
    whole = inputs.load(name).tensors(case_of(name))
    grouped = inputs.load(name).tensors(case_of(name, num_kv_heads=2))

    assert torch.equal(grouped["k"], whole["k"][:, ::2])
    assert torch.equal(grouped["v"], whole["v"][:, ::2])
    assert grouped["q"].shape == whole["q"].shape


@pytest.mark.parametrize("name", [name for name in GENERATED if name != "iid"])
@pytest.mark.parametrize("scope", ["layer", "projection"])
def test_inputs_that_shape_q_and_k_are_refused_where_there_are_none(name: str, scope: str) -> None:
    assert inputs.load(name).unsupported(case_of(name, scope=scope)) == f"the input {name} exists at scope core"


def test_iid_gives_x_at_scope_layer() -> None:
    found = inputs.load("iid").tensors(case_of("iid", scope="layer", batch_size=2, seed=5))

    expected = torch.randn(2, 40, 32, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    assert found.keys() == {"x"}
    assert torch.equal(found["x"], expected)
