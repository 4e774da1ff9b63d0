"""A phase is a sum of its passes."""

from __future__ import annotations

from bench.cost import Cost

COST = Cost(
    forward_flops=10,
    backward_flops=25,
    forward_counter_gap=1,
    backward_counter_gap=2,
    forward_peak_bytes=100,
    train_peak_bytes=300,
)


def test_training_adds_the_backward_flops() -> None:
    assert [COST.flops(phase) for phase in ("forward", "train", "decode")] == [10, 35, 10]


def test_training_adds_the_backward_counter_gap() -> None:
    assert [COST.counter_gap(phase) for phase in ("forward", "train")] == [1, 3]


def test_training_has_a_peak_of_its_own() -> None:
    assert [COST.peak_bytes(phase) for phase in ("forward", "train")] == [100, 300]
