"""What is particular to the trivial baseline."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from bench import operators
from bench.case import Case


def test_every_query_gets_the_mean_of_the_valid_values(attend: Callable[..., Any], qkv: Callable[..., Any]) -> None:
    q, k, v = qkv()
    mask = torch.arange(24)[None] < 10

    output = attend("uniform", mask="padding")(q, k, v, mask)

    mean = v[..., :10, :].mean(dim=-2, keepdim=True)
    assert torch.allclose(output, mean.expand_as(output), rtol=0, atol=1e-15)


def test_a_layer_around_it_is_refused() -> None:
    case = Case(operator="uniform", scope="layer", seq_len=32, num_heads=1, head_dim=8, hidden_size=8)

    assert operators.load("uniform").unsupported(case) == "uniform exists at scope core, model"


def test_a_stack_without_a_task_has_no_projections_that_nothing_reads():
    case = Case(operator="uniform", scope="model", seq_len=32, num_heads=1, head_dim=8, hidden_size=8)

    reason = "uniform exists at scope model for a task only; take scope: core"
    assert operators.load("uniform").unsupported(case) == reason
    assert operators.load("uniform").unsupported(case.replace(task="recall", steps=1)) is None
