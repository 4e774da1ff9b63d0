"""What an adapter claims of its relation to the projection that it adapts; at scope `projection`, in float64."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional as F

from bench import operators
from bench.measure import workload
from bench.measure.layers import linear as projection
from bench.testing._subject import ROUNDING, case_of, cases, claim, distance, given

__all__ = ["check_merge", "check_perturb", "check_training"]


def check_perturb(name: str) -> None:
    """An adapter that starts as its base (it has `perturb`) does so to rounding, and `perturb` moves it away."""
    module, weight, x = _adapted(name)
    if not hasattr(module, "perturb"):
        return
    base = F.linear(x, weight)
    before = distance(module(x), base)
    claim(before <= ROUNDING, name, "to equal its base at step 0", f"a difference of {before:.1e}")
    module.perturb(torch.Generator().manual_seed(2))
    after = distance(module(x), base)
    claim(after > 1e-3, name, "to differ from its base after perturb", f"a difference of {after:.1e}")


def check_merge(name: str) -> None:
    """Merged equals unmerged after `perturb`, and asking for the merged weight leaves the module as it was."""
    if not operators.load(name).mergeable:
        return
    module, _, x = _adapted(name)
    if hasattr(module, "perturb"):
        module.perturb(torch.Generator().manual_seed(2))
    unmerged = module(x)
    far = distance(F.linear(x, module.merged_weight()), unmerged)
    claim(far <= ROUNDING, name, "merged to equal unmerged", f"a difference of {far:.1e}")
    claim(torch.equal(module(x), unmerged), name, "merged_weight() to change nothing", "another output after it")


def check_training(name: str) -> None:
    """A step of `train` reaches every trainable weight with a gradient and leaves the frozen ones alone."""
    for case in [case for case in cases(name) if case.phase == "train"]:
        built = workload.build(case, given(case))
        weights = dict(built.module.named_parameters()) if built.module is not None else {}
        before = {key: weight.detach().clone() for key, weight in weights.items()}
        built.call()
        idle = [key for key, w in weights.items() if w.requires_grad and (w.grad is None or not w.grad.any())]
        claim(not idle, name, f"a gradient for every trainable weight at {case.case_id}", f"none for {idle}")
        moved = [key for key, w in weights.items() if not w.requires_grad and not torch.equal(w, before[key])]
        claim(not moved, name, f"frozen weights at {case.case_id}", f"changed: {moved}")


def _adapted(name: str) -> tuple[Any, torch.Tensor, torch.Tensor]:
    """The module in its initial state, a copy of W0, and x."""
    case = case_of(name, "projection")
    generator = torch.Generator().manual_seed(0)
    linear = projection(case, case.hidden_size, case.out_size, generator)
    weight = linear.weight.detach().clone()
    return operators.load(name).build(case, linear, generator), weight, given(case)["x"]
