"""What the words of a task mean together: a case completed by its task and its pretrained model, and judged by them.

Goes in: the fields of a case of scope `model` that has a task. Comes out: the same fields with what follows from the
task and the model filled in; of a case, why it has no meaning or what is not on this machine. Tasks and models are
asked for what they declare; neither torch nor data are touched.
"""

from __future__ import annotations

import importlib.util
from typing import Any

from bench import data, operators
from bench.case import Case
from bench.data import models
from bench.data.source import Source
from bench.errors import UsageError
from bench.measure import inputs, tasks
from bench.operators._base import Adapter, Attention
from bench.suite.model import Suite

__all__ = ["absent", "complete", "modality", "sources", "unsupported"]

_TRAINING_BATCH = 32
_PACKAGES = {"safetensors": "safetensors", "sklearn": "scikit-learn"}  # batches, probes and baselines need them
_OF_A_MODEL = ("num_heads", "num_kv_heads", "head_dim", "hidden_size")
_OF_A_TASK = ("model", "layer", "steps", "seconds", "seeds", "learning_rate", "recover_steps")


def complete(point: dict[str, Any], suite: Suite, sweep: str) -> None:
    """Completes the fields of a case in place by what its task and its pretrained model say.

    Raises:
        UsageError: a field was given that the task or the model has otherwise.
    """
    if "task" not in point:
        return
    task = tasks.load(point["task"])
    trains = "model" not in point or bool(point.keys() & {"steps", "seconds", "recover_steps"})
    point.setdefault("phase", "train" if trains and "recover_steps" not in point else "forward")
    if trains:
        point.setdefault("batch_size", _TRAINING_BATCH)
    point.pop("input", None)  # its samples are its input
    declared: dict[str, Any] = {"causal": task.causal, "mask": "padding" if task.padded else "none"}
    if "model" in point:
        model = models.load(point["model"])
        declared |= {
            "num_heads": model.NUM_HEADS,
            "num_kv_heads": model.NUM_KV_HEADS,
            "head_dim": model.HEAD_DIM,
            "hidden_size": model.HIDDEN_SIZE,
            "causal": model.CAUSAL,
        }
    for word, value in declared.items():
        if word in suite.sweeps[sweep].given() and point[word] != value:
            where, owner = suite.where("sweeps", sweep, word), point["model" if word in _OF_A_MODEL else "task"]
            raise UsageError(where, f"{word} {point[word]} of {owner}", f"{value}, or no word")
    point |= declared


def unsupported(case: Case) -> str | None:
    """Gives why the task, the model and the operator of a case do not go together, or nothing."""
    if case.task is None:
        given = [word for word in _OF_A_TASK if getattr(case, word) is not None]
        return f"{', '.join(given)} without a task; task: {tasks.names()[0]}" if given else None
    task, operator = tasks.load(case.task), operators.load(case.operator)
    if case.phase == "decode":
        return "a task is done in phase forward or train"
    if case.dtype != "float32" or case.compiled:
        return "a task is done in float32 and uncompiled"
    if case.steps is not None and case.seconds is not None:
        return "steps and seconds both say how long training lasts; give one"
    reason = _of_application(case, task, operator)
    if reason is None and case.application != "swapped":
        reason = operators.unsupported(case.replace(phase="train"))
    return reason or task.unsupported(case)


def _of_application(case: Case, task: Any, operator: Any) -> str | None:
    if case.application == "trained":
        if not task.trains:
            return f"{case.task} is done by a pretrained model; model: {' or '.join(sorted(task.models))}"
        if isinstance(operator, Adapter):
            return f"{case.operator} adapts a pretrained model, and none is named; model: minilm"
        if case.steps is None and case.seconds is None:
            return "how long is it trained? steps: 1000, or seconds: 60s"
        if case.recover_steps is not None or case.layer is not None:
            return "recover_steps and layer are words of a pretrained model"
        return None
    if case.model not in task.models:
        able = f"model: {' or '.join(sorted(task.models))}" if task.models else "leave the model out"
        return f"{case.model} is not made for {case.task}; {able}"
    if case.layers is not None:
        return "a pretrained model has the layers that it has; layer: N replaces one of them"
    model = models.load(str(case.model))
    if case.layer is not None and case.layer >= model.LAYERS:
        return f"{case.model} has the layers 0 to {model.LAYERS - 1}"
    if case.application == "adapted":
        return _of_adapters(case, task, operator)
    return _of_swap(case, model, task, operator)


def _of_adapters(case: Case, task: Any, operator: Any) -> str | None:
    if not isinstance(operator, Adapter):
        return "steps and seconds train adapters; an attention that was swapped in recovers for recover_steps"
    if case.layer is not None or case.recover_steps is not None:
        return "layer and recover_steps are words of an attention that is swapped in"
    return None if task.metric == "accuracy" else f"adapters are trained on labels, and {case.task} has none"


def _of_swap(case: Case, model: Any, task: Any, operator: Any) -> str | None:
    if isinstance(operator, Adapter):
        return f"{case.operator} is trained: steps: 500, or seconds: 60s"
    if not isinstance(operator, Attention):
        return f"{case.operator} has projections of its own, which no pretrained model has trained"
    if model.ROTARY and not operator.rotary:
        return f"{case.model} rotates queries and keys by position, and {case.operator} folds their projections"
    if not operator.approximates and case.recover_steps is None:
        return f"{case.operator} approximates nothing before it is trained; recover_steps: 100"
    if task.metric == "word_error_rate" and (case.recover_steps is not None or case.phase == "train"):
        return f"{case.task} has too few samples to train on; phase: forward"
    if case.recover_steps is not None:
        return operators.unsupported(case.replace(phase="train"))
    return None


def absent(case: Case) -> str | None:
    """Gives which data or packages of a case with a task are not on this machine and what to type, or nothing."""
    if case.task is None:
        return None
    missing = [package for module, package in _PACKAGES.items() if importlib.util.find_spec(module) is None]
    if missing:
        return f"{' and '.join(missing)} not installed; pip install 'bench-attention[data]'"
    task = tasks.load(case.task)
    reason: str | None = task.absent(case)
    for name in () if reason else task.sources:
        reason = reason or data.load(name).absent()
    if reason is None and case.model is not None:
        model = models.load(case.model)
        reason = model.lacking() or model.SOURCE.absent()
    return reason


def modality(case: Case) -> str | None:
    """Gives what a case is about: `language`, `vision` or `audio`; nothing where its input is generated."""
    member: Any = inputs.load(case.input) if case.task is None else tasks.load(case.task)
    return getattr(member, "modality", None) or None


def sources(case: Case) -> dict[str, Source]:
    """Gives the downloads that a task reads, its pretrained model's among them: name -> source."""
    found: dict[str, Source] = {name: data.load(name) for name in tasks.load(str(case.task)).sources}
    if case.model is not None:
        found[case.model] = models.load(case.model).SOURCE
    return found
