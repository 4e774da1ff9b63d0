"""The suite file, as pydantic models: its words, their types, and one line on each for the JSON Schema.

Goes in: plain data, from `yamltree` by way of `read`. Comes out: a `Suite`, frozen, in which every word of a sweep
is a tuple, empty where the word is not given. What the words mean together is `expand`'s business.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Annotated, Any, TypeVar

import pydantic
from pydantic import BeforeValidator, Field, PrivateAttr, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError, core_schema

from bench import operators
from bench.case import DEVICES, DTYPES, MASKS, PHASES, SCOPES
from bench.data import captures, models
from bench.errors import nearest
from bench.measure import inputs, tasks
from bench.suite.yamltree import Tree

__all__ = ["Measure", "Suite", "Sweep", "span_s"]

_SPAN = r"[0-9]+(\.[0-9]+)?(s|m|h)"
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}


def span_s(text: str) -> float:
    """Gives the seconds of a span such as ``90s``, ``10m`` or ``1.5h``.

    Raises:
        ValueError: it is no such span.
    """
    if not re.fullmatch(_SPAN, text):
        raise ValueError(f"{text!r} is no span of time such as 90s, 10m or 1.5h")
    return float(text[:-1]) * _UNITS[text[-1]]


def _span(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return span_s(value)
    except ValueError as error:
        raise PydanticCustomError("span", "be a span such as 90s, 10m or 1.5h, or a number of seconds") from error


class _Known:
    """Lets a text be one of the names that a function gives, and lists them in the JSON Schema.

    Args:
        kind: what it names, in messages.
        names: gives the names.
        pattern: of names that may be on another machine only.
    """

    def __init__(self, kind: str, names: Callable[[], Iterable[str]], pattern: str = "") -> None:
        self.kind, self.names, self.pattern = kind, names, pattern

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> core_schema.CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        listed = {**handler(schema), "enum": sorted(self.names())}
        return {"anyOf": [listed, {"type": "string", "pattern": self.pattern}]} if self.pattern else listed

    def _check(self, value: str) -> str:
        names = tuple(self.names())
        if value not in names and not (self.pattern and re.fullmatch(self.pattern, value)):
            context = {"found": f"unknown {self.kind} {value!r}", "right": nearest(value, names)}
            raise PydanticCustomError("unknown_name", "{found}; {right}", context)
        return value


class _OneOrMany:
    """Lets a single value stand for a list of one."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> core_schema.CoreSchema:
        return core_schema.no_info_before_validator_function(self._listed, handler(source))

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        many = handler(schema)
        return {"anyOf": [many["items"], {**many, "minItems": 1}]}

    @staticmethod
    def _listed(value: Any) -> Any:
        if not isinstance(value, list | tuple):
            return (value,)
        if not value:
            raise PydanticCustomError("no_value", "hold one or more")
        return value


T = TypeVar("T")
Many = Annotated[tuple[T, ...], _OneOrMany()]

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
Positive = Annotated[int, Field(strict=True, ge=1)]
Seed = Annotated[int, Field(strict=True, ge=0, lt=2**63)]
Flag = Annotated[bool, Field(strict=True)]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Seconds = Annotated[
    float,
    Field(strict=True, gt=0, allow_inf_nan=False),
    BeforeValidator(_span),
    WithJsonSchema(
        {"anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"type": "string", "pattern": f"^{_SPAN}$"}]}
    ),
]
DType = Annotated[str, _Known("dtype", lambda: DTYPES)]


class _Model(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Measure(_Model):
    """How well and how long to measure."""

    budget: Seconds = 600.0
    """Time for the whole suite: seconds, or a span such as `10m`; what has begun when it is spent is finished."""
    precision: Annotated[float, Field(strict=True, gt=0, lt=1)] = 0.02
    """A case is done when the 95 % interval of its ratio is within ± this share of the ratio."""
    rounds: tuple[Positive, Positive] = (6, 40)
    """Least and most rounds of a group."""
    seed: Seed = 0
    """Of inputs, weights and the order of turns."""
    time_limit: Seconds = 60.0
    """Time in which a process must answer (a build, a block, a pass); then it is killed: status `timeout`."""
    task_limit: Seconds = 1800.0
    """Time in which a process must be done with one seed of a task, its training and evaluation."""
    memory_limit: Positive | None = None
    """Bytes a process of a CPU case may take; absent: four fifths of what is free when the run begins."""

    @pydantic.field_validator("rounds")
    @classmethod
    def _in_order(cls, rounds: tuple[int, int]) -> tuple[int, int]:
        if rounds[0] > rounds[1]:
            raise PydanticCustomError("order", "be the least, then the most; the first is above the second")
        return rounds


def _absent() -> Any:
    return Field(default_factory=tuple)


class Sweep(_Model):
    """A product of lists; any word may have a list or a single value."""

    operator: Many[Annotated[str, _Known("operator", lambda: operators.names())]] = _absent()
    """What is measured: attentions, or adapters of a linear projection."""
    provider: Many[Name] = _absent()
    """Whose implementations: `all`, or names (what a named one lacks has no case); absent: `bench` and `torch`."""
    scope: Many[Annotated[str, _Known("scope", lambda: SCOPES)]] = _absent()
    """`projection` (one linear map), `core` (q, k, v given), `layer` (self-attention) or `model`; absent: `core`."""
    phase: Many[Annotated[str, _Known("phase", lambda: PHASES)]] = _absent()
    """`forward`, `train` (forward, backward, optimiser step) or `decode` (one token); absent: `forward`, and `train`
    where a task trains a model or adapters."""
    device: Many[Annotated[str, _Known("device", lambda: DEVICES)]] = _absent()
    """`cpu` or `cuda`; absent: `cpu`."""
    dtype: Many[DType] = _absent()
    """Of inputs and weights; absent: `float32`."""
    adapter_dtype: Many[DType] = _absent()
    """Of an adapter's own weights; absent: as `dtype`."""
    batch_size: Many[Positive] = _absent()
    """Samples a call; absent: 1, and 32 where a task trains something."""
    num_heads: Many[Positive] = _absent()
    """Query heads; of `num_heads`, `head_dim` and `hidden_size` give any two; a pretrained model has its own."""
    num_kv_heads: Many[Positive] = _absent()
    """Key and value heads; absent: as many as query heads."""
    head_dim: Many[Positive] = _absent()
    """Width of a head; absent where only `hidden_size` is given: 64."""
    hidden_size: Many[Positive] = _absent()
    """`num_heads × head_dim`; at scope `projection` the in-features."""
    out_features: Many[Positive] = _absent()
    """Of scope `projection`; absent: `hidden_size`."""
    seq_len: Many[Positive] = _absent()
    """Tokens a sample; a projection is given `batch_size × seq_len` tokens."""
    rank: Many[Positive] = _absent()
    """In each operator's own sense; only operators that have a rank take it."""
    options: Many[dict[Name, Many[Number]]] = _absent()
    """Operators' own declared numbers, by name; each operator takes those that it declares."""
    causal: Many[Flag] = _absent()
    """Whether a token sees only itself and those before it; absent: false."""
    mask: Many[Annotated[str, _Known("mask", lambda: MASKS)]] = _absent()
    """`none`, or `padding`: the last quarter of each sample's keys is not there; absent: `none`."""
    input: Many[Annotated[str, _Known("input", lambda: inputs.catalogue.names(), captures.INPUT_NAME)]] = _absent()
    """What is fed: a named distribution, or captured tensors; absent: `iid`. A task feeds its own samples."""
    compiled: Many[Flag] = _absent()
    """Whether `torch.compile` is applied; absent: false."""
    threads: Many[Positive] = _absent()
    """Threads of a CPU case; absent: as many as the process may use cores."""
    model: Many[Annotated[str, _Known("model", lambda: models.names())]] = _absent()
    """Of a task: the pretrained model that does it; absent: one that is trained here."""
    layers: Many[Positive] = _absent()
    """Of scope `model` without a pretrained one: how many blocks; absent: 1."""
    layer: Many[Annotated[int, Field(strict=True, ge=0)]] = _absent()
    """Of a pretrained model: the only layer whose attention is replaced, from 0; absent: all are."""
    task: Many[Annotated[str, _Known("task", lambda: tasks.names())]] = _absent()
    """Of scope `model`: on what accuracy is taken."""
    steps: Many[Positive] = _absent()
    """Of a task: training steps, of a model that is trained here or of adapters."""
    seconds: Many[Seconds] = _absent()
    """Of a task: training time in place of `steps`."""
    seeds: Many[Positive] = _absent()
    """Of a task: how often it is done, each time with another seed, the same ones for all operators; absent: 1."""
    learning_rate: Many[Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)]] = _absent()
    """Of a task: of the optimiser; absent: what the operator, or the task, usually takes."""
    recover_steps: Many[Positive] = _absent()
    """Of a task: training steps of the whole pretrained model after its attention was replaced; absent: none."""

    def given(self) -> dict[str, tuple[Any, ...]]:
        """Gives the words that are there, in the order above, with their values."""
        return {name: getattr(self, name) for name in type(self).model_fields if getattr(self, name)}


class Suite(_Model):
    """A suite of benchmarks: what to sweep, what holds throughout, how long it may take."""

    suite: Name
    """The suite's name."""
    about: str = ""
    """One line, shown in the report."""
    measure: Measure = Field(default_factory=Measure)
    """How well and how long to measure."""
    fixed: Sweep = Field(default_factory=Sweep)
    """Words that hold for every sweep in which they have a meaning."""
    sweeps: Annotated[dict[Name, Sweep], Field(min_length=1)]
    """Name -> sweep."""

    _tree: Tree | None = PrivateAttr(default=None)

    def where(self, *path: str | int) -> str:
        """Gives ``file:line:column`` of a path, or ``suite.path`` where the suite was not read from a file."""
        return self._tree.where(*path) if self._tree else ".".join(map(str, (self.suite, *path)))

    def read_from(self, tree: Tree) -> Suite:
        """Lets `where` point into the file that the suite was read from; gives the suite."""
        self._tree = tree
        return self
