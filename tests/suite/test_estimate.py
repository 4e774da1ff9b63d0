from __future__ import annotations

import pytest

from bench import operators
from bench.case import Case
from bench.suite.estimate import alive_bytes, memory_bytes

CORE = Case(operator="full_naive", num_heads=4, num_kv_heads=2, head_dim=8, hidden_size=32, seq_len=16, batch_size=3)
WIDE = Case(operator="lora", scope="projection", hidden_size=32, out_features=64, seq_len=16, rank=2, batch_size=3)


def peak(case):
    return operators.load(case.operator).cost(case).peak_bytes(case.phase)


@pytest.mark.parametrize("phase", ["forward", "train"])
def test_a_core_holds_q_k_and_v(phase):
    case = CORE.replace(phase=phase, dtype="float64")

    assert memory_bytes(case) - peak(case) == 8 * 3 * 16 * 8 * (4 + 2 + 2)  # bytes, samples, tokens, width, heads


def test_a_projection_holds_its_input_and_all_weights():
    assert memory_bytes(WIDE) - peak(WIDE) == 4 * (3 * 16 * 32 + 32 * 64 + 2 * (32 + 64))


def test_training_holds_two_moments_of_each_trained_weight():
    train = WIDE.replace(phase="train")

    assert memory_bytes(train) - peak(train) == 4 * (3 * 16 * 32 + 32 * 64 + 3 * 2 * (32 + 64))


def test_cases_alive_together_are_all_at_rest_but_one():
    other = CORE.replace(operator="sdpa", provider="torch")
    rest = memory_bytes(CORE) - peak(CORE) + memory_bytes(other) - peak(other)

    assert alive_bytes([CORE, other]) == rest + max(peak(CORE), peak(other))
