"""Every metric of the catalogue declares its columns and gives no others."""

from __future__ import annotations

import pytest
import torch

from bench.case import Case
from bench.column import COLUMNS, Column
from bench.measure import metrics, workload

NAMES = metrics.names()
CASE = Case(operator="sdpa", seq_len=32, hidden_size=16, num_heads=2, head_dim=8)


@pytest.mark.parametrize("name", NAMES)
def test_a_metric_belongs_to_a_pass(name: str) -> None:
    assert metrics.load(name).kind in ("cost", "accuracy")


@pytest.mark.parametrize("name", NAMES)
def test_a_metric_declares_columns_that_are_explained(name: str) -> None:
    columns = metrics.load(name).columns

    assert columns
    assert all(isinstance(column, Column) for column in columns)
    assert all(column.about.endswith(".") for column in columns)
    assert all(column.kind in ("number", "text", "flag") for column in columns)
    assert all(column.better in ("", "lower", "higher") for column in columns)


def test_no_column_is_declared_twice() -> None:
    declared = [column.name for column in COLUMNS]
    declared += [column.name for name in NAMES for column in metrics.load(name).columns]

    assert sorted(declared) == sorted(set(declared))


@pytest.mark.parametrize("phase", ["forward", "train"])
@pytest.mark.parametrize("name", NAMES)
def test_a_metric_gives_columns_that_it_declares_and_no_others(name: str, phase: str) -> None:
    metric = metrics.load(name)
    generator = torch.Generator().manual_seed(0)
    tensors = {name: torch.randn(1, 2, 32, 8, generator=generator) for name in ("q", "k", "v")}

    values = metric.measure(workload.build(CASE.replace(phase=phase), tensors))
    kinds = {column.name: str if column.kind == "text" else float for column in metric.columns}
    assert values.keys() <= kinds.keys()
    assert all(isinstance(float(v) if kinds[name] is float else v, kinds[name]) for name, v in values.items())
