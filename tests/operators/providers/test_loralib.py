"""What is particular to loralib: what is merged, and when."""

from __future__ import annotations

from typing import Any

import pytest

from bench.case import Case
from bench.measure import workload

loralib = pytest.importorskip("loralib")
CASE = Case(operator="lora", provider="loralib", scope="projection", seq_len=16, hidden_size=24, rank=4)


def layer(case: Case) -> Any:
    module = workload.build(case).module
    assert isinstance(module, loralib.Linear)
    return module


def test_lora_is_not_merged_and_stays_so_in_either_mode() -> None:
    module = layer(CASE)
    merged = [module.merged]
    module.eval()

    assert [*merged, module.merged] == [False, False]


def test_lora_merged_is_merged_by_loralib_and_adds_a_random_update() -> None:
    module = layer(CASE.replace(operator="lora_merged", rank=None))

    assert module.merged
    assert (module.lora_B @ module.lora_A).abs().max() > 0.01


def test_the_update_that_is_merged_has_the_rank_of_the_option() -> None:
    module = layer(CASE.replace(operator="lora_merged", rank=None, options=(("merged_rank", 2.0),)))

    assert module.lora_A.shape == (2, 24)
