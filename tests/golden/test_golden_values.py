"""Every operator on one input of 8 tokens, against values from a float64 script that shares no code with us.

The input, i and j from 0: ``q = 2 sin(.7(i+1)(j+1))``, ``k = 2 cos(.5(i+1)(j+2))``, ``v = sin(.3(i+1)(j+1))``, n = 8,
c = 4; Performer's features are given: ``√2 cos(1.1i + 2.3j + .4)``. Values are printed to six digits, hence the
tolerance: half a unit of the last.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from bench import operators
from bench.case import Case
from bench.measure import reference

PRINTED = 0.5e-6

# operator, causal: error of A, error of O at r = 2; the same, O[1, 0] and O[7, 3] at r = 4
GOLDEN: list[tuple[str, bool, tuple[float, ...]]] = [
    ("full_naive", False, (0.000000, 0.000000, 0.000000, 0.000000, 0.537360, 0.590353)),
    ("sdpa", False, (0.000000, 0.000000, 0.000000, 0.000000, 0.537360, 0.590353)),
    ("sdpa_math", False, (0.000000, 0.000000, 0.000000, 0.000000, 0.537360, 0.590353)),
    ("sdpa_flash", False, (0.000000, 0.000000, 0.000000, 0.000000, 0.537360, 0.590353)),
    ("chunked", False, (0.000000, 0.000000, 0.000000, 0.000000, 0.537360, 0.590353)),
    ("uniform", False, (0.881410, 0.739968, 0.881410, 0.739968, 0.760693, 0.170418)),
    ("svd_oracle", False, (0.743116, 0.542582, 0.460514, 0.338532, 0.517335, 0.627636)),
    ("linformer", False, (0.853197, 0.681198, 0.737859, 0.462840, 0.714864, 0.596922)),
    ("linformer_least_squares", False, (0.812757, 0.640775, 0.611369, 0.377678, 0.716929, 0.664201)),
    ("nystrom_pinv", False, (0.935400, 0.726881, 1.480524, 1.402647, 0.489213, 1.246002)),
    ("nystrom", False, (0.935400, 0.726881, 1.480512, 1.402632, 0.489216, 1.245996)),
    ("nystrom_ridge", False, (0.927445, 0.717846, 1.009639, 0.768001, 0.597984, 0.930646)),
    ("nystrom_lifted", False, (0.983517, 0.794603, 0.950881, 0.802284, 0.627450, 0.379685)),
    ("agent", False, (0.812814, 0.619250, 0.680446, 0.468970, 0.744443, 0.157049)),
    ("performer", False, (1.079809, 0.991546, 0.859765, 0.669334, 0.839726, -0.089651)),
    ("linear_elu", False, (0.785477, 0.678034, 0.785477, 0.678034, 0.782066, 0.174753)),
    ("efficient", False, (0.754716, 0.687682, 0.754716, 0.687682, 0.810262, 0.123143)),
    ("cosformer", False, (0.739296, 0.703962, 0.739296, 0.703962, 0.782203, 0.000000)),
    ("pca_keys", False, (0.578781, 0.445920, 0.000000, 0.000000, 0.537360, 0.590353)),
    ("full_naive", True, (0.000000, 0.000000, 0.000000, 0.000000, 0.303025, 0.590353)),
    ("sdpa", True, (0.000000, 0.000000, 0.000000, 0.000000, 0.303025, 0.590353)),
    ("sdpa_math", True, (0.000000, 0.000000, 0.000000, 0.000000, 0.303025, 0.590353)),
    ("sdpa_flash", True, (0.000000, 0.000000, 0.000000, 0.000000, 0.303025, 0.590353)),
    ("chunked", True, (0.000000, 0.000000, 0.000000, 0.000000, 0.303025, 0.590353)),
    ("linear_elu", True, (0.649076, 0.523833, 0.649076, 0.523833, 0.348476, 0.174753)),
    ("performer", True, (0.883076, 0.848507, 0.766485, 0.544338, 0.407390, -0.089651)),
    ("cosformer", True, (0.638310, 0.525225, 0.638310, 0.525225, 0.295520, 0.000000)),
]


def inputs() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    i = torch.arange(8, dtype=torch.float64)[:, None]
    j = torch.arange(4, dtype=torch.float64)
    q = 2 * torch.sin(0.7 * (i + 1) * (j + 1))
    k = 2 * torch.cos(0.5 * (i + 1) * (j + 2))
    v = torch.sin(0.3 * (i + 1) * (j + 1))
    return q[None, None], k[None, None], v[None, None]


def built(name: str, rank: int, causal: bool) -> Callable[..., Any]:
    operator = operators.load(name)
    case = Case(
        operator=name,
        dtype="float64",
        seq_len=8,
        num_heads=1,
        head_dim=4,
        hidden_size=4,
        rank=rank if operator.has_rank else None,
        causal=causal,
    )
    assert operator.unsupported(case) is None
    attend: Callable[..., Any] = operator.build(case, torch.Generator().manual_seed(0))
    if isinstance(attend, torch.nn.Module):
        i, j = torch.arange(rank, dtype=torch.float64)[:, None], torch.arange(4, dtype=torch.float64)
        attend.features = 2**0.5 * torch.cos(1.1 * i + 2.3 * j + 0.4)
    return attend


@pytest.mark.parametrize(("name", "causal", "golden"), GOLDEN, ids=[f"{n}{'-causal' * c}" for n, c, _ in GOLDEN])
def test_operator_meets_the_golden_values(name: str, causal: bool, golden: tuple[float, ...]) -> None:
    q, k, v = inputs()
    exact_matrix = reference.attention_matrix(q, k, causal=causal)
    exact_output = reference.attention(q, k, v, causal=causal)

    found = []
    for rank in (2, 4):
        attend = built(name, rank, causal)
        output = attend(q, k, v)
        found.append(reference.relative_error(reference.operator_matrix(attend, q, k), exact_matrix))
        found.append(reference.relative_error(output, exact_output))
    found += [float(output[0, 0, 1, 0]), float(output[0, 0, 7, 3])]

    assert found == pytest.approx(golden, abs=PRINTED)


def test_hardness_meets_the_golden_values() -> None:
    q, k, _ = inputs()

    found = reference.hardness(reference.attention_matrix(q, k)[0], (2, 4))

    measures = (found.input_entropy, found.input_stable_rank, *found.eckart_young_error.values())
    assert measures == pytest.approx((0.462079, 4.008555, 0.743116, 0.460514), abs=PRINTED)
