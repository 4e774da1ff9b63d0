"""Each check finds its lie: an operator that is right but for one claim fails that check, with the claim in words."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

import bench.testing
from bench import operators
from bench.case import Case
from bench.cost import Cost
from bench.operators._base import Attention, Operator, Option

pytestmark = pytest.mark.usefixtures("own_members")

NAIVE, LORA = type(operators.load("full_naive")), type(operators.load("lora"))
UNIFORM = type(operators.load("uniform"))


def costing(kind: type[Operator], form: str, **changes: Callable[[int], int]) -> Operator:
    """An operator whose closed form is wrong in one field."""

    def cost(self: Operator, case: Case) -> Cost:
        """Wrong."""
        right = getattr(kind, form)(self, case)
        return dataclasses.replace(right, **{name: change(getattr(right, name)) for name, change in changes.items()})

    return type("Wrong", (kind,), {"__doc__": "Wrong.", form: cost})()  # type: ignore[no-any-return]


def claiming(kind: type[Operator], **claims: object) -> Operator:
    """An operator that claims what it does not do."""
    return type("Boaster", (kind,), {"__doc__": "Boasts.", **claims})()  # type: ignore[no-any-return]


class Wrapped(NAIVE):  # type: ignore[misc, valid-type]
    """Exact attention whose output goes through `spoil`."""

    def build(self, case: Case, generator: torch.Generator) -> Callable[..., Any]:
        attend = super().build(case, generator)
        return lambda q, k, v, mask=None: self.spoil(q, k, v, attend(q, k, v, mask))

    def spoil(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, o: torch.Tensor) -> torch.Tensor:
        raise NotImplementedError


class Leaky(Wrapped):
    """Sees the mean of all values, whatever the mask or causality."""

    def spoil(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, o: torch.Tensor) -> torch.Tensor:
        return o + 0.01 * v.mean(dim=(1, 2), keepdim=True)


class LeakyToTheNextBlock(Wrapped):
    """Sees the first value of the block of 64 that follows a token's own."""

    def spoil(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, o: torch.Tensor) -> torch.Tensor:
        following = (torch.arange(o.shape[-2]) // 64 + 1) * 64
        seen = following < o.shape[-2]
        return o + 0.01 * seen[:, None] * v[..., following.where(seen, 0), :]


class Gossip(Wrapped):
    """Mixes the samples of a batch."""

    def spoil(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, o: torch.Tensor) -> torch.Tensor:
        return o + 0.01 * o.mean(dim=0, keepdim=True)


class Wide(Wrapped):
    """Gives twice the width."""

    def spoil(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, o: torch.Tensor) -> torch.Tensor:
        return torch.cat([o, o], dim=-1)


class Upcast(Wrapped):
    """Always gives float32."""

    def spoil(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, o: torch.Tensor) -> torch.Tensor:
        return o.float()


class Detached(Wrapped):
    """Its output moves with v in a way that the backward pass does not know."""

    def spoil(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, o: torch.Tensor) -> torch.Tensor:
        return o + 0.1 * v.detach().sum(dim=(1, 2), keepdim=True)


class Squared(Wrapped):
    """Is not linear in v."""

    def spoil(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, o: torch.Tensor) -> torch.Tensor:
        return o.square()


class Shifted(Wrapped):
    """Its rows do not sum to one, and some of its weights are negative."""

    def spoil(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, o: torch.Tensor) -> torch.Tensor:
        return o - v.mean(dim=2, keepdim=True) / 2


class Noisy(NAIVE):  # type: ignore[misc, valid-type]
    """Draws from torch's global generator, so that two set-ups differ."""

    def build(self, case: Case, generator: torch.Generator) -> Callable[..., Any]:
        attend, noise = super().build(case, generator), float(torch.rand(()))
        return lambda q, k, v, mask=None: attend(q, k, v, mask) * (1 + noise)


class WrongHeads(NAIVE):  # type: ignore[misc, valid-type]
    """Gives the groups of query heads to the key heads in the wrong order, where there are groups."""

    def build(self, case: Case, generator: torch.Generator) -> Callable[..., Any]:
        attend = super().build(case, generator)
        if case.kv_heads == case.num_heads:
            return attend
        return lambda q, k, v, mask=None: attend(q, k.flip(1), v.flip(1), mask)


class Spoilt(LORA):  # type: ignore[misc, valid-type]
    """LoRA with a method of its module replaced by `method`."""

    replaced = ""

    def method(self, module: Any, *args: Any) -> Any:
        raise NotImplementedError

    def build(self, case: Case, linear: nn.Linear, generator: torch.Generator) -> Any:
        module = super().build(case, linear, generator)
        setattr(module, self.replaced, lambda *args: self.method(module, *args))
        return module


class HalfMerged(Spoilt):
    """Merges half of its update."""

    replaced = "merged_weight"

    def method(self, module: Any, *args: Any) -> Any:
        return module.base.weight + module.scale / 2 * (module.b @ module.a)


class Idle(Spoilt):
    """Has a `perturb` that does nothing: B stays 0 and A gets no gradient."""

    replaced = "perturb"

    def method(self, module: Any, *args: Any) -> Any:
        return None


class Torn(LORA):  # type: ignore[misc, valid-type]
    """Does not start as its base."""

    def build(self, case: Case, linear: nn.Linear, generator: torch.Generator) -> Any:
        module = super().build(case, linear, generator)
        module.perturb(generator)
        return module


LIES: dict[str, tuple[Operator, str, str]] = {
    # lie -> the operator, the check that finds it, what the message says
    "scope": (claiming(NAIVE, scopes=frozenset({"kernel"})), "declaration", "claims known scopes; observed"),
    "option": (claiming(NAIVE, options={"ridge": Option(0.0, "")}), "declaration", "claims option 'ridge' with a"),
    "silent": (claiming(NAIVE, __doc__=None), "docstring", "claims a docstring of its class; observed None"),
    "refusal": (claiming(NAIVE, causal=False, unsupported=lambda *_: None), "refusals", "claims causal = False"),
    "heads": (costing(UNIFORM, "core_cost", parameters=lambda n: n + 1), "parameters", "observed 0 counted, 1 by"),
    "flops": (costing(NAIVE, "core_cost", forward_flops=lambda n: n - 2), "flops", "131,072 counted, 131,070 by"),
    "gap": (costing(NAIVE, "core_cost", backward_counter_gap=lambda n: 2), "flops", "393,216 counted, 393,214 by"),
    "uncounted": (claiming(NAIVE, uncounted="no count"), "flops", "claims no count; observed 131,072 FLOPs counted"),
    "kept": (costing(NAIVE, "core_cost", saved_bytes=lambda n: n - 1), "saved_bytes", "claims bytes kept of the"),
    "peak": (
        costing(NAIVE, "core_cost", forward_peak_bytes=lambda n: n // 2),
        "peak_bytes",
        "peak, within ×1.5, on CUDA ×2;",
    ),
    "wide": (Wide(), "shapes", "observed shape (2, 2, 1, 16), not (2, 2, 1, 8) at wide[bench] core/forward n=1"),
    "upcast": (Upcast(), "dtypes", "observed float64 comes out as float32 at upcast[bench]"),
    "noisy": (Noisy(), "deterministic", "observed setting it up again changes the output by"),
    "gossip": (Gossip(), "batch_independence", "observed taking sample 1 away changes sample 0 by"),
    "detached": (Detached(), "gradients", "finite differences differ for output 0 with respect to input 2 at det"),
    "approximate": (claiming(UNIFORM, exact=True), "exact", "claims equals softmax attention; observed the output"),
    "full_rank": (
        claiming(UNIFORM, exact_at_full_rank=True),
        "exact",
        "claims equals it at rank = seq_len; observed",
    ),
    "leaky": (Leaky(), "causal", "observed adding 3 to token 1 changes the tokens before it by"),
    "leaky_to_the_next_block": (LeakyToTheNextBlock(), "causal", "adding 3 to token 65 changes the tokens before"),
    "masked": (Leaky(), "mask", "observed adding 10 to masked keys and values changes the output by"),
    "grouped": (WrongHeads(), "grouped_heads", "observed 2 key heads instead of 4 equal ones change the output by"),
    "squared": (Squared(), "linear_in_v", "observed adding up values instead of outputs changes the output by"),
    "shifted": (Shifted(), "rows_sum_to_one", "observed the sum of a row differs from 1 (q, k from N(0, 1²)) by"),
    "negative": (Shifted(), "nonnegative", "observed a weight lies below 0 (q, k from N(0, 1²)) by"),
    "low_rank": (claiming(NAIVE, matrix_rank=lambda *_: 3), "matrix_rank", "observed singular value 4, relative to"),
    "dice": (
        claiming(NAIVE, random=True),
        "random",
        "claims depends on a draw; observed another seed gives the same",
    ),
    "half_merged": (HalfMerged(), "merge", "observed merging (merged_weight()) changes the output by"),
    "idle": (Idle(), "perturb", "claims to differ from its base after perturb; observed a difference of 0.0e+00"),
    "unlearnt": (Idle(), "training", "observed no gradient for a at unlearnt[bench] projection/train"),
    "torn": (Torn(), "step_zero", "observed at step 0 the output differs from the base's by"),
}

MEMBERS = {lie: operator for lie, (operator, _, _) in LIES.items()}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_found_and_told(lie: str) -> None:
    _, check, told = LIES[lie]

    with pytest.raises(AssertionError, match=f"^{lie}: .*{re.escape(told)}"):
        getattr(bench.testing, f"check_{check}")(lie)


@pytest.mark.slow
def test_a_closed_form_that_needs_torch_is_found(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "heavy.py").write_text(
        "import torch\nfrom bench.operators.attention.full_naive import FullNaive\n"
        "class Heavy(FullNaive):\n    'Imports torch.'\nMEMBERS = {'heavy': Heavy()}\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    operators.load.__self__.add_module("heavy")

    with pytest.raises(
        AssertionError, match=r"^heavy: claims closed forms without torch; observed torch was imported$"
    ):
        bench.testing.check_no_torch_in_a_plan("heavy")


def test_check_operator_stops_at_the_first_lie() -> None:
    with pytest.raises(AssertionError, match=r"^silent: claims a docstring of its class; observed None$"):
        bench.testing.check_operator("silent")


def test_check_operator_passes_an_honest_operator() -> None:
    bench.testing.check_operator("full_naive")


def test_every_check_is_public_and_belongs_to_a_family() -> None:
    run = {check.__name__ for name in ("sdpa", "lora", "seed_fixed") for check in bench.testing.checks(name)}

    assert run | {"check_operator"} == {name for name in bench.testing.__all__ if name.startswith("check_")}
    assert isinstance(operators.load("sdpa"), Attention)
