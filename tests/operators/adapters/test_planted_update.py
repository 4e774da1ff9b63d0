"""An update of full rank, planted in W0: an adapter of rank r finds its best part, and no more than that.

The least Frobenius distance of any matrix of rank r is the root of the sum of the squares of the singular values
behind the r-th (Eckart and Young 1936), here ``1 / i``. Trained is on the identity, by L-BFGS in float64, so that
what is left is the adapter's doing and not the samples' or the step's. Its line search ends early where both factors
differ much in scale, so the update is not scaled: alpha is r, or √r.
"""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from bench import operators
from bench.case import Case

WIDTH, OUT = 12, 16
SPECTRUM = [1 / i for i in range(1, WIDTH + 1)]
UNSCALED = {"rslora": 0.5}  # the power of r that alpha is; of the others 1


def planted() -> tuple[torch.Tensor, torch.Tensor]:
    """W0 and an update with that spectrum."""
    draw = torch.Generator().manual_seed(0)
    weight, left, right = (
        torch.randn(*shape, generator=draw, dtype=torch.float64)
        for shape in ((OUT, WIDTH), (OUT, WIDTH), (WIDTH, WIDTH))
    )
    u, v = torch.linalg.qr(left)[0], torch.linalg.qr(right)[0]
    return weight / WIDTH**0.5, u @ torch.diag(torch.tensor(SPECTRUM, dtype=torch.float64)) @ v.T


def distance_after_training(operator: str, rank: int) -> float:
    """What is left of the update, in the Frobenius norm."""
    weight, update = planted()
    base = nn.Linear(WIDTH, OUT, bias=False, dtype=torch.float64)
    base.weight = nn.Parameter(weight.clone())
    shape = {"seq_len": WIDTH, "hidden_size": WIDTH, "out_features": OUT, "rank": rank}
    options = (("alpha", rank ** UNSCALED.get(operator, 1.0)),)
    case = Case(operator=operator, scope="projection", dtype="float64", options=options, **shape)
    module = operators.load(operator).build(case, base, torch.Generator().manual_seed(1))
    trained = [weight for weight in module.parameters() if weight.requires_grad]
    optimizer = torch.optim.LBFGS(
        trained, max_iter=3000, tolerance_grad=1e-12, tolerance_change=1e-18, line_search_fn="strong_wolfe"
    )
    x, target = torch.eye(WIDTH, dtype=torch.float64), (weight + update).T

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        left = (module(x) - target).square().sum()
        left.backward()
        return left

    optimizer.step(loss)
    return float(torch.linalg.matrix_norm(module.merged_weight().detach() - weight - update))


@pytest.mark.parametrize("rank", [1, 2, 4, 8])
@pytest.mark.parametrize("operator", ["lora", "rslora", "adalora"])
def test_a_planted_update_is_recovered_to_the_eckart_young_error(operator: str, rank: int) -> None:
    bound = math.sqrt(sum(value**2 for value in SPECTRUM[rank:]))
    found = distance_after_training(operator, rank)

    # in float64; the distance is flat at its least, so what is left of the search does not show
    assert found == pytest.approx(bound, rel=1e-10)


def test_at_full_rank_all_of_it_is_recovered() -> None:
    """The loss is the square of this, and L-BFGS ends where that cannot be told from 0."""
    assert distance_after_training("lora", WIDTH) < 1e-6


def test_with_a_frozen_a_it_is_not_recovered() -> None:
    """LoRA-FA chooses among updates whose rows lie in A's: a harder bound than the rank's."""
    bound = math.sqrt(sum(value**2 for value in SPECTRUM[4:]))

    assert distance_after_training("lora_fa", 4) > 2 * bound
