"""What is particular to LyCORIS: its module takes over the projection's forward pass and holds our weights."""

from __future__ import annotations

from typing import Any

import pytest
from torch import nn

from bench.case import Case
from bench.measure import workload

pytest.importorskip("lycoris")
CASE = Case(
    operator="lokr", provider="lycoris", scope="projection", seq_len=16, hidden_size=24, out_features=40, rank=4
)


def projection(case: Case) -> Any:
    module = workload.build(case).module
    assert type(module) is nn.Linear
    return module


@pytest.mark.parametrize(("name", "kind"), [("loha", "LohaModule"), ("lokr", "LokrModule")])
def test_the_projection_s_forward_pass_is_lycoris_s(name: str, kind: str) -> None:
    module = projection(CASE.replace(operator=name))

    assert type(module.lycoris).__name__ == kind
    assert module.forward == module.lycoris.forward


def test_the_update_is_formed_and_not_bypassed() -> None:
    assert not projection(CASE).lycoris.bypass_mode


@pytest.mark.parametrize("rank", [1, 4])  # W2 in factors, and whole
def test_its_factors_have_the_shapes_of_ours(rank: int) -> None:
    ours = workload.build(CASE.replace(provider="bench", rank=rank)).module
    theirs = projection(CASE.replace(rank=rank)).lycoris

    assert ours is not None
    assert sorted(w.shape for w in theirs.parameters()) == sorted(
        w.shape for name, w in ours.named_parameters() if name != "base.weight"
    )
