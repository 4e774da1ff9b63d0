"""Two small cases that differ in one thing: whether the n × n matrices stand in memory."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from bench.case import Case

SHAPE = {"seq_len": 64, "hidden_size": 32, "num_heads": 2, "head_dim": 16, "threads": 1}


@pytest.fixture
def naive() -> Case:
    return Case(operator="full_naive", **SHAPE)


@pytest.fixture
def sdpa() -> Case:
    return Case(operator="sdpa", provider="torch", **SHAPE)


@pytest.fixture
def faulty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets processes that are started import ``faulty``, the plug-in of operators that fail."""
    folder = Path(__file__).parents[1] / "faults"
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), *sys.path]))
