"""What an attention claims of its matrix and of its forms; at scope `core`, in float64."""

from __future__ import annotations

from typing import Any, cast

import torch

from bench import operators
from bench.case import Case
from bench.operators._base import Attention
from bench.testing._subject import ROUNDING, case_of, claim, distance, forms, given, output

__all__ = [
    "check_causal",
    "check_exact",
    "check_grouped_heads",
    "check_linear_in_v",
    "check_mask",
    "check_matrix_rank",
    "check_nonnegative",
    "check_random",
    "check_rows_sum_to_one",
]


def check_exact(name: str) -> None:
    """It equals softmax attention, or does at rank = seq_len, in every form that it claims."""
    operator = operators.load(name)
    changes: dict[str, Any] = {} if operator.exact else {"rank": case_of(name, "core").seq_len}
    if not operator.exact and not operator.exact_at_full_rank:
        return
    for form in forms(name):
        case = case_of(name, "core", **changes, **form)
        far = distance(output(case, given(case)), _softmax_attention(case, given(case)))
        claim(far <= ROUNDING, name, f"to equal softmax attention at {case.case_id}", f"a difference of {far:.1e}")


def check_causal(name: str) -> None:
    """Where a causal form is claimed, changing later tokens changes nothing before them."""
    operator = operators.load(name)
    for scope in sorted(operator.scopes & {"core", "layer"}) if operator.causal else ():
        case = case_of(name, scope, causal=True)
        half = case.seq_len // 2
        changed = {key: tensor.clone() for key, tensor in given(case).items()}
        for tensor in changed.values():
            tensor[..., half:, :] += 3.0
        far = distance(output(case, changed)[..., :half, :], output(case, given(case))[..., :half, :])
        claim(far <= ROUNDING, name, f"to be causal at {case.case_id}", f"the future changes the past by {far:.1e}")


def check_mask(name: str) -> None:
    """Where a mask is claimed, keys and values that are not there change nothing; a sample without any gives 0."""
    if not operators.load(name).mask:
        return
    case = case_of(name, "core", mask="padding")
    tensors = given(case)
    hidden = ~tensors["mask"][:, None, :, None]
    changed = {**tensors, **{key: tensors[key].where(~hidden, tensors[key] + 10.0) for key in ("k", "v")}}
    far = distance(output(case, changed), output(case, tensors))
    claim(far <= ROUNDING, name, "to honour the key mask", f"masked keys change the output by {far:.1e}")
    tensors["mask"] = tensors["mask"].clone()
    tensors["mask"][0] = False
    found = output(case, tensors)
    claim(not found[0].any(), name, "0 for a sample whose keys are all masked", found[0].flatten()[:3])
    claim(bool(found.isfinite().all()), name, "finite values beside such a sample", found)


def check_grouped_heads(name: str) -> None:
    """Where fewer key heads are claimed, each serves its group of query heads, as if it were repeated."""
    if not operators.load(name).gqa:
        return
    case = case_of(name, "core", num_heads=4, num_kv_heads=2, hidden_size=32)
    tensors = given(case)
    repeated = {key: t if key == "q" else t.repeat_interleave(2, dim=1) for key, t in tensors.items()}
    far = distance(output(case, tensors), output(case.replace(num_kv_heads=None), repeated))
    claim(far <= ROUNDING, name, "grouped heads", f"a difference of {far:.1e} from repeated key heads")


def check_linear_in_v(name: str) -> None:
    """Where o is said to be linear in v, a sum of values gives the sum of outputs."""
    if not operators.load(name).linear_in_v:
        return
    case = case_of(name, "core")
    tensors, other = given(case), given(case, seed=1)["v"]
    apart = output(case, tensors) + output(case, {**tensors, "v": other})
    far = distance(output(case, {**tensors, "v": tensors["v"] + other}), apart)
    claim(far <= ROUNDING, name, "o to be linear in v", f"a difference of {far:.1e}")


def check_rows_sum_to_one(name: str) -> None:
    """Each row of its matrix sums to one where it says so."""
    if operators.load(name).rows_sum_to_one:
        matrix = _matrix(name)
        far = distance(matrix.sum(dim=-1), torch.ones(matrix.shape[:-1], dtype=torch.float64))
        claim(far <= ROUNDING, name, "rows that sum to one", f"off by {far:.1e}")


def check_nonnegative(name: str) -> None:
    """No entry of its matrix is negative where it says so."""
    if operators.load(name).nonnegative:
        lowest = float(_matrix(name).min())
        claim(lowest >= -ROUNDING, name, "no negative weight", lowest)


def check_matrix_rank(name: str) -> None:
    """Its matrix has no larger rank than it says: the Eckart–Young bound rests on it."""
    bound = operators.load(name).matrix_rank(case_of(name, "core"))
    if bound is not None:
        values = torch.linalg.svdvals(_matrix(name))
        beyond = float((values[..., bound:] / values[..., :1]).max())
        claim(
            beyond <= ROUNDING,
            name,
            f"a matrix of rank {bound}",
            f"singular value {beyond:.1e} of the largest after it",
        )


def check_random(name: str) -> None:
    """Another seed gives another output exactly where it says that its output depends on a draw."""
    operator = operators.load(name)
    if "core" not in operator.scopes:
        return
    case = case_of(name, "core")
    same = torch.equal(output(case, given(case)), output(case.replace(seed=case.seed + 1), given(case)))
    claim(same != operator.random, name, f"random = {operator.random}", f"another seed gives the same output: {same}")


def _matrix(name: str) -> torch.Tensor:
    """The (implied) matrix, read off by feeding the identity as values."""
    operator = operators.load(name)
    assert isinstance(operator, Attention)
    assert operator.linear_in_v
    case = case_of(name, "core")
    tensors = given(case)
    n = case.seq_len
    tensors["v"] = torch.eye(n, dtype=torch.float64).expand(case.batch_size, case.kv_heads, n, n)
    return output(case, tensors)


def _softmax_attention(case: Case, tensors: dict[str, torch.Tensor]) -> torch.Tensor:
    group = (case.num_heads or 1) // case.kv_heads
    k, v = (tensors[key].repeat_interleave(group, dim=1) for key in ("k", "v"))
    scores = tensors["q"] @ k.mT / (case.head_dim or 1) ** 0.5
    if case.causal:
        scores = scores.masked_fill(torch.ones_like(scores, dtype=torch.bool).triu(1), float("-inf"))
    if "mask" in tensors:
        scores = scores.masked_fill(~tensors["mask"][:, None, None, :], float("-inf"))
    return cast(torch.Tensor, scores.softmax(dim=-1) @ v)
