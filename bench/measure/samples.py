"""What the network of a task is fed: all samples for a training, one batch of the test samples for a timed call.

A task's samples take seconds to read and up to some hundred megabytes to hold, and a dozen fresh processes are alive
together in every round of a sweep. So the batch that is timed is kept in the data folder, and a worker maps a file.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import inspect
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch

from bench import data
from bench.case import Case
from bench.data import models
from bench.data.kept import digest, kept
from bench.data.source import data_folder
from bench.measure import tasks
from bench.measure.tasks._data import Batch, Data, Sizes

__all__ = ["Fed", "batch_of", "data_of", "origin"]

# Part of a kept file's name: raise it when the same samples come to give other tensors.
# 1: first.
_DEFINITION = 1


@dataclasses.dataclass(frozen=True, slots=True)
class Fed:
    """One batch, and what a network that takes it must know."""

    batch: Batch
    """On the case's device and in its dtype."""
    sizes: Sizes
    """Of the task's samples."""


def data_of(case: Case) -> Data:
    """Gives the samples of a case's task, read once a process."""
    return _data(_plain(case))


def batch_of(case: Case) -> Fed:
    """Gives `batch_size` of the test samples, evenly over all of them, mapped from a file that is made where absent.

    Raises:
        StoreError: the data folder cannot be written.
    """
    from safetensors import safe_open

    told = digest({**origin(case), "batch_size": case.batch_size})
    name = f"{case.task}-{case.model or 'small'}-n{case.seq_len}-b{case.batch_size}-{told}.safetensors"
    path = kept(data_folder() / "batches" / name, lambda part: _write(case, part))
    with safe_open(path, framework="pt") as file:
        found = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118  no mapping
        sizes = json.loads(file.metadata()["sizes"])
    inputs = found["inputs"].to(case.device)
    if inputs.is_floating_point():
        inputs = inputs.to(getattr(torch, case.dtype))
    mask = found["mask"].to(case.device) if "mask" in found else None
    return Fed(Batch(inputs, mask, found["targets"].to(case.device)), Sizes(**sizes))


def origin(case: Case) -> dict[str, Any]:
    """Gives all that a case's samples are made of: packages and checksums, and the code that reads them."""
    task = tasks.load(str(case.task))
    return {
        "definition": _DEFINITION,
        "task": case.task,
        "code": _code(task),
        "model_code": _hashed(Path(models.__file__).parent.glob("*.py")) if case.model else None,
        "sources": [data.load(name).provenance() for name in task.sources],
        "model": models.load(case.model).SOURCE.provenance() if case.model else None,
        "seq_len": case.seq_len,
    }


def _code(task: Any) -> str:
    """Gives the checksum of a task's module, of those beside it, which it may be made of, and of what opens data."""
    places = {Path(inspect.getfile(kind)) for kind in type(task).__mro__ if kind is not object}
    beside = {path for place in places for path in (place.parent.glob("*.py") if place.name != "__init__.py" else ())}
    opens = Path(data.__file__).parent
    return _hashed({*places, *beside, *opens.glob("sets/*.py"), opens / "audio.py"})


def _hashed(paths: Iterable[Path]) -> str:
    """Gives one checksum of all these files."""
    hashed = hashlib.sha256()
    for path in sorted(paths):
        hashed.update(path.read_bytes())
    return hashed.hexdigest()


@functools.lru_cache(maxsize=2)  # a task and its second
def _data(case: Case) -> Data:
    samples: Data = tasks.load(str(case.task)).data(case)
    return samples


def _plain(case: Case) -> Case:
    """Gives the same case for every operator, seed and training: its samples depend on none of these."""
    return Case(
        operator="sdpa",
        provider="torch",
        scope="model",
        task=case.task,
        model=case.model,
        seq_len=case.seq_len,
        num_heads=case.num_heads,
        num_kv_heads=case.num_kv_heads,
        head_dim=case.head_dim,
        hidden_size=case.hidden_size,
        causal=case.causal,
        mask=case.mask,
    )


def _write(case: Case, path: Path) -> None:
    from safetensors.torch import save_file

    samples = data_of(case)
    evenly = torch.arange(case.batch_size) * len(samples.test) // case.batch_size
    inputs, mask = samples.test.inputs(evenly)
    tensors = {"inputs": inputs, "targets": samples.test.targets[evenly]} | ({} if mask is None else {"mask": mask})
    whole = {name: tensor.contiguous() for name, tensor in tensors.items()}
    save_file(whole, path, metadata={"sizes": json.dumps(dataclasses.asdict(samples.sizes))})
