"""What must hold of any operator: shapes, dtypes, the same answer twice, samples apart, gradients."""

from __future__ import annotations

import torch

from bench import operators
from bench.case import Case
from bench.measure import workload
from bench.testing._subject import ROUNDING, cases, claim, distance, given, output

__all__ = [
    "check_batch_independence",
    "check_deterministic",
    "check_dtypes",
    "check_gradients",
    "check_shapes",
]

_STEP = 1e-5
_CURVATURE = 1e-6  # of the gradient: a third derivative up to 1e4 times as large, times the squared step
_CANCELLATION = 1e-9  # of the loss: its rounding, a few 1e-15, over the step


def check_shapes(name: str) -> None:
    """o has q's shape with v's width; y has x's with the projection's; at `core` v may be wider than q."""
    for case in _forward(name):
        tensors = given(case)
        first = next(iter(tensors.values()))
        width = case.out_size if case.scope == "projection" else first.shape[-1]
        if case.scope == "core":
            tensors["v"], width = torch.cat([tensors["v"], tensors["v"]], dim=-1), 2 * width
        shape = tuple(output(case, tensors).shape)
        claim(
            shape == (*first.shape[:-1], width), name, f"shape {(*first.shape[:-1], width)} at {case.case_id}", shape
        )


def check_dtypes(name: str) -> None:
    """What goes in in a dtype comes out in it, finite; adapters of float32 on a bfloat16 base too."""
    changes = [{"dtype": dtype} for dtype in ("float64", "float32", "bfloat16")]
    if operators.load(name).takes_adapter_dtype:
        changes.append({"dtype": "bfloat16", "adapter_dtype": "float32"})
    for case in [case for change in changes for case in cases(name, **change)]:
        found = workload.build(case, given(case)).call()
        claim(str(found.dtype) == f"torch.{case.dtype}", name, f"{case.dtype} at {case.case_id}", found.dtype)
        claim(bool(found.isfinite().all()), name, f"finite values at {case.case_id}", found)


def check_deterministic(name: str) -> None:
    """Set up twice, it gives the same bits: what is drawn comes from the case's seed."""
    for case in cases(name):
        first, second = (output(case, given(case)) for _ in range(2))
        claim(torch.equal(first, second), name, f"the same output twice at {case.case_id}", distance(first, second))


def check_batch_independence(name: str) -> None:
    """A sample's output does not depend on its batch mates."""
    for case in _forward(name):
        together = output(case, given(case))[:1]
        alone = output(case.replace(batch_size=1), {key: tensor[:1] for key, tensor in given(case).items()})
        far = distance(alone, together)
        claim(far <= ROUNDING, name, f"samples that are independent at {case.case_id}", f"a difference of {far:.1e}")


def check_gradients(name: str) -> None:
    """Gradients of inputs and trainable weights agree with central differences along a random direction."""
    for case in _training(name):
        built = workload.build(case, given(case))
        leaves = dict(built.inputs)
        if operators.load(name).exact_gradients and built.module is not None:
            leaves |= dict(built.module.named_parameters())
        leaves = {key: leaf for key, leaf in leaves.items() if leaf.requires_grad}
        generator = torch.Generator().manual_seed(1)
        probe = torch.randn(built.forward().shape, generator=generator, dtype=torch.float64)

        def loss(built: workload.Workload = built, probe: torch.Tensor = probe) -> torch.Tensor:
            return (built.forward() * probe).sum()

        value = loss()
        gradients = torch.autograd.grad(value, list(leaves.values()), allow_unused=True, materialize_grads=True)
        for (key, leaf), gradient in zip(leaves.items(), gradients, strict=True):
            direction = torch.randn(leaf.shape, generator=generator, dtype=torch.float64)
            sides = []
            for step in (_STEP, -_STEP):
                leaf.data.add_(direction, alpha=step)
                sides.append(float(loss().detach()))
                leaf.data.sub_(direction, alpha=step)
            numeric, analytic = (sides[0] - sides[1]) / (2 * _STEP), float((gradient * direction).sum())
            allowed = _CURVATURE * gradient.norm() * direction.norm() + _CANCELLATION * value.detach().abs()
            near = abs(numeric - analytic) <= float(allowed)
            claim(near, name, f"derivative {analytic:.9g} along {key} at {case.case_id}", f"{numeric:.9g}")


def _forward(name: str) -> list[Case]:
    return [case for case in cases(name) if case.phase == "forward"]


def _training(name: str) -> list[Case]:
    return [case for case in cases(name) if case.phase == "train"]
