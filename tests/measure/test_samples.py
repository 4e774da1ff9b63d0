"""What a network is fed: samples read once, a batch that is kept."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from bench.case import Case
from bench.measure import samples, tasks
from bench.measure.samples import batch_of, data_of, origin


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return tmp_path / "data" / "batches"


def test_samples_are_the_same_object_for_every_operator_seed_and_training(small: Case) -> None:
    other = small.replace(operator="linformer", provider="bench", rank=4, seed=3, steps=7, phase="forward")

    assert data_of(small) is data_of(other)


def test_another_length_has_other_samples(small: Case) -> None:
    assert data_of(small) is not data_of(small.replace(seq_len=8))


def test_a_batch_is_of_test_samples_evenly_over_all(small: Case) -> None:
    fed = batch_of(small)
    inputs, mask = data_of(small).test.inputs(torch.arange(0, 96, 6))

    assert torch.equal(fed.batch.inputs, inputs)
    assert torch.equal(fed.batch.mask, mask)
    assert torch.equal(fed.batch.targets, data_of(small).test.targets[::6])


def test_a_batch_knows_the_sizes_of_its_task(small: Case) -> None:
    assert batch_of(small).sizes == data_of(small).sizes


def test_a_batch_that_is_kept_is_read_without_its_task_s_data(small: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    first = batch_of(small)
    samples._data.cache_clear()
    monkeypatch.setattr(type(tasks.load("spots")), "data", None)

    again = batch_of(small.replace(operator="linformer", provider="bench", rank=4, seed=5))
    assert torch.equal(first.batch.inputs, again.batch.inputs)


def test_each_size_and_length_is_kept_apart(small: Case, kept: Path) -> None:
    for case in (small, small.replace(batch_size=4), small.replace(seq_len=8), small.replace(task="echo")):
        batch_of(case)

    assert len(list(kept.glob("*.safetensors"))) == 4


def test_ids_stay_ids_and_numbers_have_the_case_s_dtype(small: Case) -> None:
    ids, numbers = (batch_of(case).batch.inputs for case in (small, small.replace(task="heights", mask="none")))

    assert (ids.dtype, numbers.dtype) == (torch.int64, torch.float64)


def test_an_origin_names_the_model_and_the_code(small: Case, swapped: Case) -> None:
    assert origin(small)["model"] is None
    assert origin(swapped)["model"] == {"package": "tiny"}
    assert len(origin(small)["code"]) == 64
