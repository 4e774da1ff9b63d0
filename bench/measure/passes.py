"""The untimed passes: what a case costs, how exact it is, how hard its input is, what it is worth on a task.

Never in a timed process.

`cost` calls the case once, checks its output and asks the metrics of that kind. `accuracy` asks those of the kind
`accuracy`. `hardness` looks at the exact attention of an input and knows no operator; cases that share the input
share it. `task` and `baselines` are `applied`'s.
"""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable
from typing import Any

import torch

from bench.case import Case
from bench.measure import applied, metrics, reference, workload

__all__ = ["Digest", "digest", "run"]

_OF_A_TASK = {"task": applied.measure, "baselines": applied.baselines}


@dataclasses.dataclass(frozen=True, slots=True)
class Digest:
    """An output in a few numbers: enough to see that a timed call computed what the untimed one did."""

    numbers: list[float]
    """Elements, root mean square, mean of each half: float64."""
    not_finite: int
    """How many values are NaN or infinite."""

    @property
    def finite(self) -> bool:
        """Whether all values are finite."""
        return self.not_finite == 0


def digest(output: torch.Tensor) -> Digest:
    """Gives the digest of an output of any shape and floating dtype."""
    flat = output.detach().to("cpu", torch.float64).flatten()
    bad = int((~flat.isfinite()).sum())
    if bad:
        return Digest([], bad)
    halves = flat.tensor_split(2)
    numbers = [float(flat.numel()), float(flat.square().mean().sqrt()), *(float(half.mean()) for half in halves)]
    return Digest(numbers, 0)


def run(kind: str, case: Case, job: dict[str, Any]) -> dict[str, Any]:
    """Gives the facts of a pass: column -> value, `warnings`, and what the pass itself must tell.

    A number that is not finite is no fact: NaN is absent, and infinity is absent with a warning.

    Args:
        kind: `cost`, `accuracy`, `hardness`, `task` or `baselines`.
        case: what is looked at.
        job: of `hardness`, the `ranks` at which the bound is wanted.
    """
    if kind == "hardness":
        return _hardness(case, job["ranks"])
    if kind in _OF_A_TASK:
        return _OF_A_TASK[kind](case)
    facts: dict[str, Any] = {"warnings": []}
    if case.compiled and kind == "cost":
        facts["compile_s"] = _compile_seconds(case)
    built = workload.build(case)
    if kind == "cost":
        output = built.call()
        workload.check_output(case, output)
        seen = digest(output)
        if not seen.finite:
            facts["not_finite"] = seen.not_finite
            return facts
        facts["output_digest"] = seen.numbers
    for name in metrics.names():
        metric = metrics.load(name)
        if metric.kind == kind:
            _ask(name, metric, built, facts)
    return facts


def _compile_seconds(case: Case) -> float:
    """Gives the seconds of a compiled case's first call less those of its second, nothing taken from a cache."""
    import torch._inductor.config as inductor

    seconds = []
    with inductor.patch(force_disable_caches=True):
        built = workload.build(case)
        for _ in range(2):
            start = time.perf_counter()
            built.call()
            if case.device == "cuda":
                torch.cuda.synchronize()
            seconds.append(time.perf_counter() - start)
    torch.compiler.reset()
    return seconds[0] - seconds[1]


def _ask(name: str, metric: Any, built: workload.Workload, facts: dict[str, Any]) -> None:
    """A metric that fails costs its own columns and a warning, not the case: the case itself has just run."""
    try:
        values = _typed(metric, metric.measure(built))
    except Exception as error:  # the border: the fault stands in the record
        facts["warnings"].append(f"metric {name}: {type(error).__name__}: {' '.join(str(error).split())[:200]}")
        return
    for column, value in values.items():
        if isinstance(value, float) and math.isinf(value):
            facts["warnings"].append(f"metric {name}: {column} is infinite")
        elif value is not None and not (isinstance(value, float) and math.isnan(value)):
            facts[column] = value


def _typed(metric: Any, values: dict[str, Any]) -> dict[str, Any]:
    """Gives values as JSON and the table take them, by the kinds of their declared columns."""
    kinds = {column.name: column.kind for column in metric.columns}
    if undeclared := values.keys() - kinds.keys():
        raise KeyError(f"no column is declared for {', '.join(sorted(undeclared))}")
    made: dict[str, Callable[[Any], Any]] = {"number": _number, "text": str, "flag": bool}
    return {name: None if value is None else made[kinds[name]](value) for name, value in values.items()}


def _number(value: Any) -> int | float:
    return value if type(value) in (int, float) else float(value)


def _hardness(case: Case, ranks: list[int]) -> dict[str, Any]:
    if case.seq_len > reference.MATRIX_UP_TO:
        lacking = "no hardness, no Eckart–Young bound, no error of the attention matrix"
        return {"warnings": [f"whole matrices are formed of up to {reference.MATRIX_UP_TO} tokens: {lacking}"]}
    tensors = workload.draw_inputs(case)  # in its dtype: errors are taken of the rounded inputs too
    heads = reference.heads_for(case)
    group = (case.num_heads or 1) // max(case.kv_heads, 1)
    q = tensors["q"][:1, heads]
    k = tensors["k"][:1, [head // group for head in heads]]
    mask = tensors["mask"][:1] if "mask" in tensors else None
    matrices = reference.attention_matrix(q, k, causal=case.causal, mask=mask)[0]
    if mask is not None:
        matrices = matrices[:, mask[0]]  # the queries that are there
    found = reference.hardness(matrices, ranks)
    facts = {"input_entropy": found.input_entropy, "input_stable_rank": found.input_stable_rank}
    return {
        **{column: value for column, value in facts.items() if math.isfinite(value)},  # of one token: no entropy
        "eckart_young": {str(rank): error for rank, error in found.eckart_young_error.items()},
    }
