"""Windows of a stream: each token is told once, from those before it."""

from __future__ import annotations

import torch

from bench.measure.tasks._windows import count, spread, windows

STREAM = torch.arange(100, 121)  # 21 tokens: 5 windows of 4, each with a token after it


def test_a_target_is_the_token_after() -> None:
    samples = windows(STREAM, 4, torch.arange(5))
    inputs, mask = samples.inputs(torch.arange(5))

    assert torch.equal(samples.targets, inputs + 1)
    assert mask is None


def test_every_token_but_the_first_is_told_once() -> None:
    targets = windows(STREAM, 4, torch.arange(count(STREAM, 4))).targets

    assert torch.equal(targets.flatten(), STREAM[1:])


def test_a_window_without_a_token_after_it_is_left_out() -> None:
    assert [count(STREAM[:length], 4) for length in (4, 5, 20, 21)] == [0, 1, 4, 5]


def test_windows_are_chosen_by_number() -> None:
    samples = windows(STREAM, 4, torch.tensor([3, 1]))

    assert samples.inputs(torch.tensor([1]))[0].tolist() == [[104, 105, 106, 107]]


def test_some_of_the_windows_are_evenly_spread() -> None:
    assert spread(10, 4).tolist() == [0, 2, 5, 7]
    assert spread(3, 4).tolist() == [0, 1, 2]
    assert spread(0, 4).tolist() == []
