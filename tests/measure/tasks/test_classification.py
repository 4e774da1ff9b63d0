"""Samples in memory are handed out as they were put there; what needs no attention is fitted once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from bench.case import Case
from bench.data.sets._labelled import Labelled
from bench.measure import tasks
from bench.measure.tasks import _linear
from bench.measure.tasks._classification import Classification, stored

LABELLED = Labelled(["a", "b", "c"], np.array([2, 0, 1]), ("x", "y", "z"))
INPUTS = torch.arange(12).reshape(3, 4)


class Heights(Classification):
    """Is a number 150 or more? Of the train split a third is, of the test split a half."""

    validation = 30

    def read(self) -> dict[str, Labelled]:
        numbers = {"train": np.r_[:120, 180:240], "test": np.r_[120:180]}
        return {
            name: Labelled([str(number) for number in of_part], (of_part >= 150).astype(np.int64), ("no", "yes"))
            for name, of_part in numbers.items()
        }

    def linear(self) -> Any:
        return _linear.logistic(lambda texts: np.array([[float(text)] for text in texts]), strength=1.0)


@pytest.fixture
def case(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Case:
    """A case of `Heights`, whose data folder is empty."""
    monkeypatch.setattr(tasks, "load", {"heights": Heights()}.__getitem__)
    monkeypatch.setenv("BENCH_DATA", str(tmp_path))
    return Case(operator="sdpa", scope="model", task="heights", seq_len=16, num_heads=2, head_dim=8, hidden_size=16)


def test_baselines_are_those_of_the_test_split(case: Case) -> None:
    assert Heights().baselines(case) == {"majority": 0.5, "linear": pytest.approx(1.0, abs=0.1)}


def test_baselines_are_fitted_once_whatever_the_length(case: Case, tmp_path: Path) -> None:
    Heights().baselines(case)
    (path,) = (tmp_path / "baselines").glob("heights-small-*.json")
    path.write_text('{"linear": 0.75}')

    assert Heights().baselines(case.replace(seq_len=32)) == {"linear": 0.75}


def test_samples_come_by_index_with_their_class() -> None:
    samples = stored(LABELLED, INPUTS)
    inputs, mask = samples.inputs(torch.tensor([2, 0]))

    assert inputs.tolist() == [[8, 9, 10, 11], [0, 1, 2, 3]]
    assert mask is None
    assert samples.targets.tolist() == [2, 0, 1]


@pytest.mark.parametrize("indices", [[1], [0, 2]])
def test_a_mask_goes_with_its_sample(indices: list[int]) -> None:
    there = INPUTS > 5
    _, mask = stored(LABELLED, INPUTS, there).inputs(torch.tensor(indices))

    assert mask is not None
    assert torch.equal(mask, there[indices])
