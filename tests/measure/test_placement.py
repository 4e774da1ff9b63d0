"""Operators where they stand: draws apart, adapters in their first state or moved from it."""

from __future__ import annotations

import torch

from bench.case import Case
from bench.measure.layers import linear
from bench.measure.placement import adapt, draws, self_attention

CASE = Case(operator="lora", scope="layer", seq_len=8, hidden_size=16, num_heads=2, head_dim=8, rank=2)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_a_part_s_draws_depend_on_the_seed_and_its_name_alone() -> None:
    longer, other = CASE.replace(rank=4, seq_len=9), CASE.replace(seed=1)
    first, again, other_part, other_seed = (
        torch.randn(4, generator=draws(case, what))
        for case, what in ((CASE, "head"), (longer, "head"), (CASE, "tokens"), (other, "head"))
    )

    assert torch.equal(first, again)
    assert not torch.equal(first, other_part)
    assert not torch.equal(first, other_seed)


def test_an_adapter_is_moved_from_its_base_unless_a_training_is_to_begin() -> None:
    x = torch.randn(3, 16, generator=seeded(1))
    base = linear(CASE, 16, 16, seeded())
    expected = base(x)
    fresh = adapt(CASE, linear(CASE, 16, 16, seeded()), seeded(2), perturbed=False)
    moved = adapt(CASE, linear(CASE, 16, 16, seeded()), seeded(2))

    assert torch.equal(fresh(x), expected)
    assert not torch.allclose(moved(x), expected)


def test_an_adapter_has_the_widths_of_its_projection() -> None:
    module = adapt(CASE, linear(CASE, 16, 24, seeded()), seeded())

    assert (tuple(module.a.shape), tuple(module.b.shape)) == ((2, 16), (24, 2))


def test_in_a_self_attention_an_adapter_stands_on_q_and_v_and_the_rest_is_frozen() -> None:
    layer = self_attention(CASE, seeded(), seeded(1))
    trained = {name for name, weight in layer.named_parameters() if weight.requires_grad}

    assert trained == {"q.a", "q.b", "v.a", "v.b"}


def test_an_attention_has_the_projections_that_the_weights_generator_draws() -> None:
    sdpa, linformer = (
        self_attention(CASE.replace(operator=operator, rank=rank), seeded(), seeded(1))
        for operator, rank in (("sdpa", None), ("linformer", 4))
    )

    assert all(torch.equal(a, b) for a, b in zip(sdpa.parameters(), linformer.parameters(), strict=True))
