"""Each property of the audit finds its lie: an operator that is right but for one thing is observed to be so.

Those that are assertions of old (causality, masks, FLOPs, …) have theirs in tests/testing/test_liars.py.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from bench import audit, operators
from bench.audit.examine import examine
from bench.audit.subject import Subject
from bench.case import Case
from bench.operators._base import Operator

pytestmark = pytest.mark.usefixtures("own_members")

NAIVE, LORA = type(operators.load("full_naive")), type(operators.load("lora"))


def attention(attend: Callable[..., torch.Tensor], **claims: Any) -> Operator:
    """Exact attention whose `attend(own, q, k, v, mask)` stands in for its own."""

    def build(self: Any, case: Case, generator: torch.Generator) -> Callable[..., Any]:
        own = NAIVE.build(self, case, generator)
        return lambda q, k, v, mask=None: attend(own, q, k, v, mask)

    return type("Liar", (NAIVE,), {"__doc__": "Lies.", "build": build, **claims})()  # type: ignore[no-any-return]


def adapter(change: Callable[[Any], None], **claims: Any) -> Operator:
    """LoRA whose module goes through `change`."""

    def build(self: Any, case: Case, linear: nn.Linear, generator: torch.Generator) -> Any:
        module = LORA.build(self, case, linear, generator)
        change(module)
        return module

    return type("Liar", (LORA,), {"__doc__": "Lies.", "build": build, **claims})()  # type: ignore[no-any-return]


def spoilt(own: Any, q: Any, k: Any, v: Any, mask: Any) -> Any:
    """Doubles q in place."""
    with torch.no_grad():
        q.mul_(2.0)
    return own(q, k, v, mask)


class Counting:
    """Adds to its output how often it was called."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, own: Any, q: Any, k: Any, v: Any, mask: Any) -> Any:
        self.calls += 1
        return own(q, k, v, mask) + self.calls


class Remembering:
    """Keeps the first batch size of each set-up by the storage of its weights: here, by `own`."""

    def __init__(self) -> None:
        self.first: dict[int, int] = {}

    def __call__(self, own: Any, q: Any, k: Any, v: Any, mask: Any) -> Any:
        first = self.first.setdefault(id(own), len(q))
        self.kept = own
        return own(q, k, v, mask) * (1.0 if first == len(q) else 2.0)


def as_it_lies(own: Any, q: Any, k: Any, v: Any, mask: Any) -> Any:
    """Reads k as if it were contiguous."""
    flat = torch.as_strided(k, k.shape, torch.empty(k.shape, device="meta").stride())
    return own(q, flat, v, mask)


def unscaled(own: Any, q: Any, k: Any, v: Any, mask: Any) -> Any:
    """Scales after the product, which overflows."""
    scores = q @ k.mT / q.shape[-1] ** 0.5
    return scores.softmax(-1) @ v


def coarse(own: Any, q: Any, k: Any, v: Any, mask: Any) -> Any:
    """Rounds its output to a quarter of the digits."""
    o = own(q, k, v, mask)
    return o if o.dtype == torch.float64 else (o * 8).round() / 8


def even_only(own: Any, q: Any, k: Any, v: Any, mask: Any) -> Any:
    if q.shape[-2] > 1 and q.shape[-2] % 2:
        raise ValueError("an even number of tokens is needed")
    return own(q, k, v, mask)


def top_left(own: Any, q: Any, k: Any, v: Any, mask: Any) -> Any:
    """Sees as many keys as there are queries."""
    return own(q, k[..., : q.shape[-2], :], v[..., : q.shape[-2], :], mask)


def padded_in(own: Any, q: Any, k: Any, v: Any, mask: Any) -> Any:
    """Divides by the length that is fed, padding and all."""
    return own(q, k, v, mask) / q.shape[-2]


def nan_where_nothing_is(own: Any, q: Any, k: Any, v: Any, mask: Any) -> Any:
    o = own(q, k, v, mask)
    return o if mask is None else o / mask.any(dim=-1)[:, None, None, None]


def moody(module: Any) -> None:
    plain = type(module).forward
    module.forward = lambda x: plain(module, x) * (1.0 if module.training else 0.9)


def halved_when_large(module: Any) -> None:
    if module.scale > 4:
        module.scale = 4.0


def full_update(module: Any) -> None:
    plain, extra = type(module).forward, torch.eye(module.b.shape[0], module.a.shape[1], dtype=module.a.dtype)
    module.forward = lambda x: plain(module, x) + x.to(module.a.dtype) @ extra.T


def writes_w0(module: Any) -> None:
    plain = type(module).merged_weight

    def merged() -> torch.Tensor:
        weight: torch.Tensor = plain(module)
        with torch.no_grad():
            module.base.weight.copy_(weight)
        return weight

    module.merged_weight = merged


def casts(module: Any) -> None:
    module.a.data = module.a.data.float()
    module.b.data = module.b.data.float()


def cheaper(self: Any, case: Case) -> Any:
    """A closed form of one order less."""
    right = NAIVE.core_cost(self, case)
    n = case.seq_len
    return dataclasses.replace(
        right,
        forward_flops=right.forward_flops // n,
        forward_peak_bytes=right.forward_peak_bytes // n,
        trainable_parameters=1,
        kv_cache_bytes=1,
    )


CHEAP = type("Liar", (NAIVE,), {"__doc__": "Lies.", "core_cost": cheaper})()

LIES: dict[str, tuple[Operator, str, str]] = {
    # lie -> the operator, the property that finds it, what is observed
    "in_place": (attention(spoilt), "inputs_untouched", "a call changes q by"),
    "counting": (attention(Counting()), "repeated_calls", "a second call changes the output by"),
    "remembering": (
        attention(Remembering()),
        "another_batch",
        "a call with 2 samples before one with 1 changes it by",
    ),
    "flat": (attention(as_it_lies), "strides", "feeding tokens that lie apart changes the output by"),
    "unscaled": (attention(unscaled), "large_scores", "|q·k| = 1e5, keys along the queries: outputs differ from fin"),
    "coarse": (attention(coarse), "precision", "float32 errs by"),
    "even": (attention(even_only), "uneven_length", "raises ValueError: an even number of tokens is needed"),
    "raising": (attention(even_only), "shapes", "raises ValueError: an even number of tokens is needed"),
    "top_left": (attention(top_left), "cross_length", "asking for the last 1 of 2 rows changes them by"),
    "stepping": (attention(top_left), "decode", "a step with a cache changes the last row by"),
    "padded": (attention(padded_in), "padding", "1 masked tokens of 1 after the sample change it by"),
    "nan": (attention(nan_where_nothing_is), "masked_samples", "all masked differs from 0 by nan"),
    "slow": (CHEAP, "flops_growth", "n^2.00, closed form n^1.00"),
    "large": (CHEAP, "memory_growth", "n^2.00, closed form n^1.00"),
    "weighty": (CHEAP, "trainable_parameters", "0 counted, 1 by closed form"),
    "caching": (CHEAP, "cache", "counted, 1 by closed form"),
    "moody": (adapter(moody), "modes", "eval() changes the output by"),
    "capped": (adapter(halved_when_large), "scale", "doubling alpha changes the update from its double by"),
    "full_rank": (
        adapter(full_update),
        "update_rank",
        "singular value 2 of the update, relative to the first, differs",
    ),
    "written": (adapter(writes_w0), "unmerge", "merging and unmerging (merged_weight()) changes a weight by"),
    "casting": (adapter(casts), "weights_dtype", "weights in float32 where float64 was asked for"),
}
MEMBERS = {lie: operator for lie, (operator, _, _) in LIES.items()}
ASSERTED = {
    *("batch_independence", "causal", "deterministic", "dtypes", "exact", "flops", "gradients", "grouped_heads"),
    *("linear_in_v", "mask", "matrix_rank", "merge", "nonnegative", "parameters", "peak_bytes", "random"),
    *("rows_sum_to_one", "saved_bytes", "step_zero", "training"),
}
"""Of which tests/testing/test_liars.py has the lies."""


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_observed(lie: str) -> None:
    _, name, told = LIES[lie]

    row = examine(Subject(lie), name)

    assert row.holds is False
    assert told in row.observed


def test_every_property_has_its_lie() -> None:
    told = {name for _, name, _ in LIES.values()}

    assert told | ASSERTED | {"agreement"} == set(audit.names())
