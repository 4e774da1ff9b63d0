"""What the tests of adapters begin with: a module around a drawn projection, a copy of W0, and x."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn

from bench import operators
from bench.case import Case

Adapt = Callable[..., tuple[nn.Module, torch.Tensor, torch.Tensor]]


@pytest.fixture
def adapt() -> Adapt:
    """``adapt(case, perturbed=True)`` gives the case's module, a copy of W0 and x, in the case's dtype."""

    def adapt(case: Case, *, perturbed: bool = True) -> tuple[nn.Module, torch.Tensor, torch.Tensor]:
        generator = torch.Generator().manual_seed(0)
        dtype = getattr(torch, case.dtype)
        weight = torch.randn(case.out_size, case.hidden_size, generator=generator, dtype=torch.float64) / 5
        x = torch.randn(case.tokens, case.hidden_size, generator=generator, dtype=torch.float64)
        linear = nn.Linear(case.hidden_size, case.out_size, bias=False, dtype=dtype)
        linear.weight.data.copy_(weight)
        module = operators.load(case.operator).build(case, linear, generator)
        if perturbed:
            module.perturb(generator)
        return module, weight.to(dtype), x.to(dtype)

    return adapt
