"""The backward pass is the derivative of the forward pass, by finite differences in float64."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch.autograd.gradcheck import GradcheckError

from bench.audit.observation import Observation
from bench.audit.subject import Subject, calling, given
from bench.case import Case
from bench.measure import workload
from bench.operators._base import Operator

__all__ = ["about", "applies", "claimed", "observe"]

about = "Gradients of inputs and trainable weights agree with finite differences (torch.autograd.gradcheck, float64)."


_TINY = {"num_heads": 2, "head_dim": 2, "hidden_size": 4}


def applies(operator: Operator) -> bool:
    """Gives whether the property has a meaning: where there is a phase `train`."""
    return "train" in operator.phases


def claimed(operator: Operator) -> str:
    """Gives the claim in words."""
    return "gradients of inputs and weights" if operator.exact_gradients else "gradients of inputs"


def observe(subject: Subject) -> Observation:
    """Checks every entry of the Jacobian at 3 and 5 tokens, in every form."""
    count = 0
    for case in _cases(subject):
        if not subject.failure(case):
            with calling(case):
                told = _wrong_entry(*_function(subject, case))
            if told:
                return Observation(False, told, f"{case.case_id}, seed 0")
            count += 1
    return Observation(True if count else None, f"{count} Jacobians agree" if count else subject.why_not())


def _cases(subject: Subject) -> list[Case]:
    rank = 2 if subject.own.has_rank else None
    shapes = [{"seq_len": n, "batch_size": 1, "rank": rank} for n in (3, 5)]
    found = []
    for form in subject.forms():
        for shape in shapes:
            for scope in ("projection", "core", "layer"):
                if scope == "layer" and shape["seq_len"] != 3:
                    continue
                tiny = {"hidden_size": 4, "out_features": 3} if scope == "projection" else _TINY
                found += subject.cases((scope,), ("train",), **shape, **tiny, **form)
    return found or subject.cases(("projection", "core", "layer"), ("train",), batch_size=1, seq_len=64)


def _function(subject: Subject, case: Case) -> tuple[Callable[..., torch.Tensor], tuple[torch.Tensor, ...]]:
    built = workload.build(case, given(case))
    leaves = [leaf for leaf in built.inputs.values() if leaf.requires_grad]
    if subject.operator.exact_gradients and built.module is not None:
        leaves += [weight for weight in built.module.parameters() if weight.requires_grad]
    return (lambda *_: built.forward()), tuple(leaves)  # the leaves are the very tensors that it computes with


def _wrong_entry(function: Callable[..., torch.Tensor], leaves: tuple[torch.Tensor, ...]) -> str:
    """What gradcheck says of the first wrong entry; empty where there is none."""
    try:
        torch.autograd.gradcheck(function, leaves, check_undefined_grad=False)
    except GradcheckError as error:
        told = str(error).splitlines()[0].strip().rstrip(",:")
        return told.replace("Jacobian mismatch", "finite differences differ")
    return ""
