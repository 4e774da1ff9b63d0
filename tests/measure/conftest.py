"""Strangers that cost nothing: tasks of a few hundred samples and a pretrained model of a few thousand weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from bench.case import Case
from bench.data import models
from bench.data.models._bert import Bert
from bench.measure import samples, tasks
from bench.measure.tasks._base import Task
from bench.measure.tasks._data import IGNORED, Data, Samples

CLASSES, FILLERS = 4, 12  # the tokens 0 to 3 tell the class, 4 to 15 nothing
VOCABULARY = CLASSES + FILLERS
SIZES = (256, 64, 96)  # of train, validation, test


class Spots(Task):
    """One token of the first four is among others, somewhere in the half that is always there: which?"""

    label = "spots"
    modality = "language"
    models = frozenset({"tiny"})
    padded = True
    second = "stripes"
    outputs = CLASSES

    def data(self, case: Case) -> Data:
        splits = (self._drawn(number, case.seq_len, seed) for seed, number in enumerate(SIZES))
        return Data(*splits, outputs=self.outputs, vocabulary=VOCABULARY)

    def baselines(self, case: Case) -> dict[str, float]:
        return {"majority": 1 / self.outputs}

    def _drawn(self, number: int, n: int, seed: int) -> Samples:
        draw = torch.Generator().manual_seed(seed)
        tokens = torch.randint(CLASSES, VOCABULARY, (number, n), generator=draw)
        spots = torch.arange(number) % CLASSES
        tokens[torch.arange(number), torch.randint(0, n // 2, (number,), generator=draw)] = spots
        there = torch.arange(n) < torch.randint(n // 2, n + 1, (number, 1), generator=draw)
        return Samples(spots % self.outputs, lambda indices: (tokens[indices], there[indices]))


class Stripes(Spots):
    """The same samples: is that token odd?"""

    second = None
    outputs = 2


class Echo(Task):
    """Tokens and then the same again: what comes next in the second half?"""

    metric = "perplexity"
    causal = True

    def data(self, case: Case) -> Data:
        splits = (_echoed(number, case.seq_len, seed) for seed, number in enumerate(SIZES))
        return Data(*splits, outputs=VOCABULARY, vocabulary=VOCABULARY)


class Heights(Task):
    """Numbers as tokens, no ids: is their sum above 0?"""

    def data(self, case: Case) -> Data:
        tokens = torch.randn(64, case.seq_len, 3, generator=torch.Generator().manual_seed(0))
        split = Samples((tokens.sum(dim=(1, 2)) > 0).long(), lambda indices: (tokens[indices], None))
        return Data(split, split, split, outputs=2, features=3)


def _echoed(number: int, n: int, seed: int) -> Samples:
    half = torch.randint(0, VOCABULARY, (number, n // 2), generator=torch.Generator().manual_seed(seed))
    stream = torch.cat([half, half, half[:, :1]], dim=1)
    targets = stream[:, 1:].clone()
    targets[:, : n // 2 - 1] = IGNORED
    return Samples(targets, lambda indices: (stream[indices, :-1], None))


class Origin:
    """Stands for a `bench.data.source.Source`."""

    def provenance(self) -> dict[str, Any]:
        return {"package": "tiny"}


class Tiny:
    """A BERT with drawn weights, biases among them, 2 layers of 2 heads of 8."""

    MODALITY = "language"
    LAYERS = NUM_HEADS = NUM_KV_HEADS = 2
    HEAD_DIM, HIDDEN_SIZE = 8, 16
    CAUSAL = ROTARY = False
    RATE_FACTOR = 1.0
    SOURCE = Origin()

    def lacking(self) -> str | None:
        return None

    def unsupported_length(self, seq_len: int) -> str | None:
        return None if seq_len <= 32 else f"seq_len {seq_len} asked for; tiny has up to 32 tokens"

    def load(self) -> Bert:
        with torch.random.fork_rng(devices=()):
            torch.manual_seed(0)
            network = Bert(vocabulary=VOCABULARY, max_seq_len=32, hidden_size=16, num_heads=2, ff_size=24, layers=2)
        return network.eval().requires_grad_(False)


TASKS = {"spots": Spots(), "stripes": Stripes(), "echo": Echo(), "heights": Heights()}
MODELS = {"tiny": Tiny()}
SHAPE: dict[str, Any] = {"seq_len": 16, "num_heads": 2, "head_dim": 8, "hidden_size": 16, "scope": "model"}


@pytest.fixture
def strangers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The catalogues have them too, and what is kept goes to a folder of the test's own; one thread computes."""
    load_task, load_model = tasks.load, models.load
    monkeypatch.setattr(tasks, "load", lambda name: TASKS.get(name) or load_task(name))
    monkeypatch.setattr(models, "load", lambda name: MODELS.get(name) or load_model(name))
    monkeypatch.setenv("BENCH_DATA", str(tmp_path / "data"))
    samples._data.cache_clear()
    torch.set_num_threads(1)


@pytest.fixture
def small(strangers: None) -> Case:
    """A small transformer that is trained on `spots` from scratch."""
    return Case(
        operator="sdpa",
        provider="torch",
        task="spots",
        layers=2,
        mask="padding",
        batch_size=16,
        steps=24,
        learning_rate=0.01,
        dtype="float64",
        phase="train",
        **SHAPE,
    )


@pytest.fixture
def swapped(strangers: None) -> Case:
    """Exact attention swapped into `tiny`, which does `spots`."""
    words = {"task": "spots", "model": "tiny", "mask": "padding", "batch_size": 16, "dtype": "float64"}
    return Case(operator="sdpa", provider="torch", **SHAPE, **words)


@pytest.fixture
def adapted(swapped: Case) -> Case:
    """LoRA on `tiny`, tuned to `spots`."""
    return swapped.replace(operator="lora", provider="bench", rank=2, steps=12, phase="train")
