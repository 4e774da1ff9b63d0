"""No attention rounds more than twice as much as its formula does, written out and evaluated step by step.

Both in bfloat16 and in float32, on the same inputs, against the operator in float64 on the inputs as they were
rounded. Errors are relative Frobenius norms, medians over seeds: a single one has a spread of its own. Where torch
has no factorisation in bfloat16, the formula has it in float32 of the rounded matrix, and rounds what it gives. An
attention whose formula is not here is held against what softmax attention's rounds.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch

from bench import operators
from bench.case import Case
from bench.measure import reference, workload
from bench.operators._base import Attention

TIMES_THE_FORMULA = 2.0
SEEDS = range(7)
RANK = 16
CUDA_ONLY = ("sdpa_cudnn", "sdpa_efficient")

Tensor = torch.Tensor
Formula = Callable[[Tensor, Tensor, Tensor, Case, Any], Tensor]
"""``formula(q, k, v, case, built) -> o``; what is drawn or trained it takes from the built operator."""


def wide(x: Tensor) -> Tensor:
    return x.to(torch.promote_types(x.dtype, torch.float32))


def scores(q: Tensor, k: Tensor) -> Tensor:
    return q / math.sqrt(q.shape[-1]) @ k.mT


def pooled(x: Tensor) -> Tensor:
    """Means of equal segments, ``[b, h, RANK, c]``."""
    return x.unflatten(-2, (RANK, -1)).mean(dim=-2)


def normalised(weights: Tensor, v: Tensor, case: Case) -> Tensor:
    weights = weights.tril() if case.causal else weights
    return weights / weights.sum(dim=-1, keepdim=True) @ v


def softmax(q: Tensor, k: Tensor, v: Tensor, case: Case, built: Any) -> Tensor:
    group = q.shape[1] // k.shape[1]
    logits = scores(q, k.repeat_interleave(group, dim=1))
    if case.causal:
        logits = logits.masked_fill(torch.ones_like(logits, dtype=torch.bool).triu(1), -math.inf)
    return logits.softmax(dim=-1) @ v.repeat_interleave(group, dim=1)


def uniform(q: Tensor, k: Tensor, v: Tensor, case: Case, built: Any) -> Tensor:
    return normalised(torch.ones_like(scores(q, k)), v, case)


def linformer(q: Tensor, k: Tensor, v: Tensor, case: Case, built: Any) -> Tensor:
    return scores(q, pooled(k)).softmax(dim=-1) @ pooled(v)


def linformer_trained(q: Tensor, k: Tensor, v: Tensor, case: Case, built: Any) -> Tensor:
    keys, values = built.keys.to(k.dtype) @ k, built.values.to(v.dtype) @ v
    return scores(q, keys).softmax(dim=-1) @ values


def linformer_least_squares(q: Tensor, k: Tensor, v: Tensor, case: Case, built: Any) -> Tensor:
    basis = scores(q, pooled(k)).softmax(dim=-1)
    inverse = torch.linalg.pinv(wide(basis)).to(q.dtype)
    return basis @ (inverse @ scores(q, k).softmax(dim=-1)) @ v


def nystrom(q: Tensor, k: Tensor, v: Tensor, case: Case, built: Any) -> Tensor:
    middle = scores(pooled(q), pooled(k)).softmax(dim=-1)
    norms = middle.sum(dim=-2).amax(dim=-1) * middle.sum(dim=-1).amax(dim=-1)
    z, eye = middle.mT / norms[..., None, None], torch.eye(RANK, dtype=q.dtype)
    for _ in range(6):
        x = middle @ z
        z = z @ (13 * eye - x @ (15 * eye - x @ (7 * eye - x))) / 4
    return around(q, k, v, z)


def nystrom_pinv(q: Tensor, k: Tensor, v: Tensor, case: Case, built: Any) -> Tensor:
    return around(q, k, v, torch.linalg.pinv(wide(scores(pooled(q), pooled(k)).softmax(dim=-1))).to(q.dtype))


def nystrom_ridge(q: Tensor, k: Tensor, v: Tensor, case: Case, built: Any) -> Tensor:
    middle = scores(pooled(q), pooled(k)).softmax(dim=-1)
    gram = middle.mT @ middle + 0.01 * torch.eye(RANK, dtype=q.dtype)
    return around(q, k, v, torch.linalg.inv(wide(gram)).to(q.dtype) @ middle.mT)


def around(q: Tensor, k: Tensor, v: Tensor, inverse: Tensor) -> Tensor:
    first, last = scores(q, pooled(k)).softmax(dim=-1), scores(pooled(q), k).softmax(dim=-1)
    return first @ (inverse @ (last @ v))


def agent(q: Tensor, k: Tensor, v: Tensor, case: Case, built: Any) -> Tensor:
    return scores(q, pooled(q)).softmax(dim=-1) @ (scores(pooled(q), k).softmax(dim=-1) @ v)


def kappa(x: Tensor, y: Tensor) -> Tensor:
    """``exp(-|x - y|²/2)`` by a product: by differences of each pair it rounds less, and takes c times the room."""
    half_x, half_y = (z.square().sum(dim=-1, keepdim=True) / 2 for z in (x, y))
    return (x @ y.mT - half_x - half_y.mT).exp()


def lifted(q: Tensor, k: Tensor) -> Tensor:
    """``κ(q, L) (κ(L, L) + 0.01 I)⁻¹ κ(L, k)`` of q and k that are scaled."""
    spaced = torch.arange(RANK // 2) * q.shape[-2] // (RANK // 2)
    landmarks = torch.cat([q[..., spaced, :], k[..., spaced, :]], dim=-2)
    middle = kappa(landmarks, landmarks) + 0.01 * torch.eye(RANK, dtype=q.dtype)
    return kappa(q, landmarks) @ torch.linalg.inv(wide(middle)).to(q.dtype) @ kappa(landmarks, k)


def nystrom_lifted(q: Tensor, k: Tensor, v: Tensor, case: Case, built: Any) -> Tensor:
    q, k = (x * x.shape[-1] ** -0.25 for x in (q, k))
    return normalised(lifted(q, k) * (k.square().sum(dim=-1)[..., None, :] / 2).exp(), v, case)


def skyformer(q: Tensor, k: Tensor, v: Tensor, case: Case, built: Any) -> Tensor:
    return lifted(*(x * x.shape[-1] ** -0.25 for x in (q, k))) @ v


def kernel_gaussian(q: Tensor, k: Tensor, v: Tensor, case: Case, built: Any) -> Tensor:
    return kappa(*(x * x.shape[-1] ** -0.25 for x in (q, k))) @ v


def performer(q: Tensor, k: Tensor, v: Tensor, case: Case, built: Any) -> Tensor:
    def exponents(x: Tensor) -> Tensor:
        x = x * x.shape[-1] ** -0.25
        return x @ built.features.to(x.dtype).T - x.square().sum(dim=-1, keepdim=True) / 2

    queries, keys = exponents(q), exponents(k)
    queries = (queries - queries.amax(dim=-1, keepdim=True)).exp()
    return normalised(queries @ (keys - keys.amax(dim=(-2, -1), keepdim=True)).exp().mT, v, case)


def linear_elu(q: Tensor, k: Tensor, v: Tensor, case: Case, built: Any) -> Tensor:
    queries, keys = (torch.where(x > 0, x + 1, x.exp()) for x in (q, k))
    return normalised(queries @ keys.mT, v, case)


def efficient(q: Tensor, k: Tensor, v: Tensor, case: Case, built: Any) -> Tensor:
    if not case.causal:
        return q.softmax(dim=-1) @ (k.softmax(dim=-2).mT @ v)
    keys = (k - k.amax(dim=-2, keepdim=True)).exp()
    return ((q.softmax(dim=-1) / keys.cumsum(dim=-2)) @ keys.mT).tril() @ v


def cosformer(q: Tensor, k: Tensor, v: Tensor, case: Case, built: Any) -> Tensor:
    angles = math.pi / (2 * case.seq_len) * torch.arange(1, case.seq_len + 1, dtype=torch.float64)
    return normalised(q.relu() @ k.relu().mT * (angles[:, None] - angles).cos().to(q.dtype), v, case)


def leading(k: Tensor) -> Tensor:
    centred = k - k.mean(dim=-2, keepdim=True)
    return torch.linalg.eigh(wide(centred.mT @ centred))[1][..., -RANK:].to(k.dtype)  # type: ignore[no-any-return]


def pca_keys(q: Tensor, k: Tensor, v: Tensor, case: Case, built: Any) -> Tensor:
    basis = leading(k)
    return (q @ basis / math.sqrt(q.shape[-1]) @ (k @ basis).mT).softmax(dim=-1) @ v


def loki(q: Tensor, k: Tensor, v: Tensor, case: Case, built: Any) -> Tensor:
    chosen = (q @ leading(k) @ (k @ leading(k)).mT).topk(case.seq_len // 4, dim=-1).indices
    hidden = torch.full_like(scores(q, k), -math.inf).scatter_(-1, chosen, 0.0)
    return (scores(q, k) + hidden).softmax(dim=-1) @ v


def best(matrix: Tensor) -> Tensor:
    u, s, vh = torch.linalg.svd(wide(matrix), full_matrices=False)
    return (u[..., :RANK] * s[..., None, :RANK]).to(matrix.dtype) @ vh[..., :RANK, :].to(matrix.dtype)


def svd_oracle(q: Tensor, k: Tensor, v: Tensor, case: Case, built: Any) -> Tensor:
    return best(scores(q, k).softmax(dim=-1)) @ v


def svd_output(q: Tensor, k: Tensor, v: Tensor, case: Case, built: Any) -> Tensor:
    return best(scores(q, k).softmax(dim=-1) @ v)


def attentions() -> Iterator[Any]:
    for name in operators.names():
        operator = operators.load(name)
        if isinstance(operator, Attention) and "core" in operator.scopes and name not in CUDA_ONLY:
            for causal in (False, True) if operator.causal else (False,):
                yield pytest.param(name, causal, id=f"{name}-causal" if causal else name)


ATTENTIONS = list(attentions())
WITH_FORMULA = [each for each in ATTENTIONS if operators.load(each.values[0]).exact or each.values[0] in globals()]


def formula_of(name: str) -> Formula:
    found: Formula = globals().get(name, softmax)
    return found


def case_of(name: str, **changes: Any) -> Case:
    operator = operators.load(name)
    shape: dict[str, Any] = {"seq_len": 128, "num_heads": 2, "head_dim": 32, "hidden_size": 64}
    shape |= {"num_kv_heads": 1 if operator.gqa else None, "rank": RANK if operator.has_rank else None}
    return Case(operator=name, provider=operator.provider, **shape, **changes)


def pair(case: Case, inputs: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    """What the operator gives in the inputs' dtype, and what its formula does."""
    built = workload.attention_of(case)
    with torch.no_grad():
        return built(**inputs), formula_of(case.operator)(*inputs.values(), case, built)


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.mark.parametrize("input", ["iid", "smooth"])
@pytest.mark.parametrize(("name", "causal"), WITH_FORMULA)
def test_the_formula_is_the_operator_s_in_float64(name: str, causal: bool, input: str) -> None:
    """Both to about 1e-16 a step, times the condition number of an inverse or of an eigenspace: 1e6 and less."""
    case = case_of(name, causal=causal, input=input, dtype="float64")

    found, expected = pair(case, workload.draw_inputs(case))

    assert reference.relative_error(found, expected) <= 1e-9


@pytest.mark.parametrize("dtype", ["bfloat16", "float32"])
@pytest.mark.parametrize("input", ["iid", "smooth"])
@pytest.mark.parametrize(("name", "causal"), ATTENTIONS)
def test_an_attention_rounds_at_most_twice_as_much_as_its_formula(
    name: str, causal: bool, input: str, dtype: str
) -> None:
    ours: list[float] = []
    formulas: list[float] = []
    for seed in SEEDS:
        case = case_of(name, causal=causal, input=input, dtype=dtype, seed=seed)
        inputs = workload.draw_inputs(case)
        exacts = pair(case.replace(dtype="float64"), {key: tensor.double() for key, tensor in inputs.items()})
        for errors, output, exact in zip((ours, formulas), pair(case, inputs), exacts, strict=True):
            assert output.dtype == getattr(torch, dtype)
            errors.append(reference.relative_error(output, exact))

    assert statistics.median(ours) <= TIMES_THE_FORMULA * statistics.median(formulas)
