"""Each generated input has what its name says; all share the draws of `iid`."""

from __future__ import annotations

import pytest
import torch

from bench.case import Case
from bench.measure import inputs, reference


def tensors(name: str, **changes: object) -> dict[str, torch.Tensor]:
    case = Case(operator="-", seq_len=64, num_heads=2, head_dim=16, hidden_size=32, input=name).replace(**changes)
    found: dict[str, torch.Tensor] = inputs.load(name).tensors(case)
    return found


@pytest.mark.parametrize("name", ["iid_x4", "seed_scale", "smooth", "blocks", "sink", "needle"])
def test_values_are_those_of_iid(name: str) -> None:
    assert torch.equal(tensors(name)["v"], tensors("iid")["v"])


@pytest.mark.parametrize(("name", "factor"), [("iid_x4", 4.0), ("seed_scale", 1 / 4)])
def test_logits_are_those_of_iid_times_a_factor(name: str, factor: float) -> None:
    """seed_scale: 1/c in place of 1/√c, c = 16."""
    found, iid = tensors(name), tensors("iid")

    assert torch.allclose(found["q"] @ found["k"].mT, factor * iid["q"] @ iid["k"].mT, rtol=1e-12)


def test_smooth_moves_less_between_neighbours_than_apart() -> None:
    q = tensors("smooth", seq_len=512)["q"]

    assert q.diff(dim=-2).norm() < 0.2 * (q - q.roll(50, dims=-2)).norm()


def test_blocks_attend_to_themselves() -> None:
    """Of 64 tokens each sixteenth has 4."""
    found = tensors("blocks")
    matrix = reference.attention_matrix(found["q"], found["k"])

    sixteenth = torch.arange(64) // 4
    inside = matrix[..., sixteenth[:, None] == sixteenth].sum(dim=-1) / 64
    assert (inside > 0.5).all()


def test_every_query_looks_at_the_sink() -> None:
    found = tensors("sink")
    matrix = reference.attention_matrix(found["q"], found["k"])

    assert matrix[..., 0].mean() > 10 * matrix[..., 1:].mean()


def test_each_query_of_needle_finds_one_key() -> None:
    found = tensors("needle")
    matrix = reference.attention_matrix(found["q"], found["k"])

    best = matrix.argmax(dim=-1)
    assert torch.equal(best.sort(dim=-1).values, torch.arange(64).expand(1, 2, 64))


def test_needles_are_found_by_every_query_head_of_a_group() -> None:
    found = tensors("needle", num_kv_heads=1)
    matrix = reference.attention_matrix(found["q"], found["k"])

    assert torch.equal(matrix.argmax(dim=-1).sort(dim=-1).values, torch.arange(64).expand(1, 2, 64))
