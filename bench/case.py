"""A case: one point of a sweep, and nothing else; frozen, hashable, readable.

Goes in: the words of a suite file, expanded. Comes out: `case_id` for people, `case_hash` for machines and
`group_key`, which says with which other cases it may be compared.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from typing import Any

__all__ = ["DEVICES", "DTYPES", "MASKS", "PHASES", "SCOPES", "Case"]

SCOPES = ("projection", "core", "layer", "model")
PHASES = ("forward", "train", "decode")
DEVICES = ("cpu", "cuda")
MASKS = ("none", "padding")

DTYPES = {"float64": ("fp64", 8), "float32": ("fp32", 4), "bfloat16": ("bf16", 2), "float16": ("fp16", 2)}
"""dtype -> its short name and its bytes an element."""

# What a case measures is part of its hash: raise this when the same fields come to mean another measurement.
# 1: first.
_DEFINITION = 1

_IN_THE_ID = {"operator", "provider", "scope", "phase", "seq_len", "hidden_size", "rank", "dtype", "device"}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One point of the sweep."""

    operator: str
    """What is measured: an attention or an adapter."""
    provider: str = "bench"
    """Who wrote the implementation."""
    scope: str = "core"
    """`projection`, `core`, `layer` or `model`."""
    phase: str = "forward"
    """`forward`, `train` or `decode`."""
    device: str = "cpu"
    """`cpu` or `cuda`."""
    dtype: str = "float32"
    """Of the inputs and weights."""
    adapter_dtype: str | None = None
    """Of an adapter's own weights; absent: as `dtype`."""
    batch_size: int = 1
    """Samples a call."""
    seq_len: int
    """Tokens a sample."""
    num_heads: int | None = None
    """Query heads; absent at scope `projection`."""
    num_kv_heads: int | None = None
    """Key and value heads; absent: as many as query heads."""
    head_dim: int | None = None
    """Width of a head; absent at scope `projection`."""
    hidden_size: int
    """`num_heads × head_dim`; in_features at scope `projection`."""
    out_features: int | None = None
    """Of a projection; absent: `hidden_size`."""
    rank: int | None = None
    """In the operator's own sense (`rank_kind`); absent where it has none."""
    options: tuple[tuple[str, float], ...] = ()
    """The operator's own declared numbers, sorted by name."""
    causal: bool = False
    """Whether a token sees only itself and those before it."""
    mask: str = "none"
    """`none`, or `padding`: the last quarter of each sample's keys is not there; of a task, what a sample lacks."""
    input: str = "iid"
    """The name of the distribution, or of the captured tensors, that is fed."""
    compiled: bool = False
    """Whether `torch.compile` is applied; its time is never in the latency."""
    threads: int | None = None
    """Threads of a CPU case; absent: as many as the process may use cores."""
    seed: int = 0
    """Of inputs and weights."""
    model: str | None = None
    """Of scope `model`: the pretrained model, or absent for one that is trained here."""
    layers: int | None = None
    """Of scope `model`, where no pretrained model is named: how many blocks; absent: 1."""
    layer: int | None = None
    """Of a pretrained model: the only layer whose attention is replaced, from 0; absent: all are."""
    task: str | None = None
    """Of scope `model`: on what accuracy is taken."""
    steps: int | None = None
    """Of a task: training steps."""
    seconds: float | None = None
    """Of a task: seconds of training, in place of `steps`."""
    seeds: int | None = None
    """Of a task: how often it is done, each time with another seed; absent: once."""
    learning_rate: float | None = None
    """Of a task: of the optimiser; absent: what the operator, or the task, usually takes."""
    recover_steps: int | None = None
    """Of a task: training steps of the whole pretrained model after its attention was replaced."""

    @property
    def application(self) -> str:
        """What is done with a task: `trained` from scratch, `swapped` or `adapted`; empty where there is no task.

        It follows from the rest: without a pretrained model one is trained; in a pretrained model attentions are
        replaced or, where `steps` or `seconds` say how long it is trained, projections are adapted.
        """
        if self.task is None:
            return ""
        if self.model is None:
            return "trained"
        return "swapped" if self.steps is None and self.seconds is None else "adapted"

    @property
    def element_bytes(self) -> int:
        """Bytes of one element of `dtype`."""
        return DTYPES[self.dtype][1]

    @property
    def tokens(self) -> int:
        """Tokens that a call takes: `batch_size × query_len`."""
        return self.batch_size * self.query_len

    @property
    def query_len(self) -> int:
        """Tokens of a sample for which a call computes an output: one in phase `decode`."""
        return 1 if self.phase == "decode" else self.seq_len

    @property
    def kv_heads(self) -> int:
        """Key and value heads, where absent as many as query heads."""
        return self.num_kv_heads or self.num_heads or 0

    @property
    def out_size(self) -> int:
        """Out-features of a projection, where absent `hidden_size`."""
        return self.out_features or self.hidden_size

    def option(self, name: str, default: float) -> float:
        """Gives one of the operator's own numbers, or `default`."""
        return dict(self.options).get(name, default)

    def replace(self, **changes: Any) -> Case:
        """Gives the same case with some fields changed."""
        return dataclasses.replace(self, **changes)

    @property
    def case_id(self) -> str:
        """For people: ``linformer[bench] core/forward n=1024 d=512 r=64 fp32 cpu``, then what is not default."""
        words = [f"{self.operator}[{self.provider}]", f"{self.scope}/{self.phase}", f"n={self.seq_len}"]
        words.append(f"d={self.hidden_size}")
        if self.rank is not None:
            words.append(f"r={self.rank}")
        words += [DTYPES[self.dtype][0], self.device]
        for name, value in self._not_default().items():
            if name == "options":
                words += [f"{option}={number:g}" for option, number in self.options]
            elif name == "num_heads" or (name == "head_dim" and value == 64):
                continue  # hidden_size and head_dim say it
            elif name not in _IN_THE_ID:
                words.append(f"{name}={str(value).lower() if isinstance(value, bool) else value}")
        return " ".join(words)

    @property
    def case_hash(self) -> str:
        """For machines: 16 hex digits that change whenever what is measured changes."""
        text = json.dumps([_DEFINITION, self._not_default()], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def group_key(self) -> tuple[Any, ...]:
        """Equal for cases that answer one question: they differ in operator, provider, rank, options, compiled.

        And in which layer of a pretrained model is replaced: they are held against the model as it is.
        """
        differ = {"operator", "provider", "rank", "options", "compiled", "adapter_dtype", "layer"}
        return tuple(getattr(self, f.name) for f in dataclasses.fields(self) if f.name not in differ)

    def to_json(self) -> dict[str, Any]:
        """Gives the fields that are not at their default, as JSON takes them."""
        data = self._not_default()
        if self.options:
            data["options"] = dict(self.options)
        return data

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Case:
        """Gives the case whose `to_json` this is."""
        options = tuple(sorted(data.get("options", {}).items()))
        return cls(**{**data, "options": options})

    def _not_default(self) -> dict[str, Any]:
        fields = dataclasses.fields(self)
        return {f.name: getattr(self, f.name) for f in fields if getattr(self, f.name) != f.default}
