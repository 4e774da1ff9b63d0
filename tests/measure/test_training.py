"""Training: which batches, at which rate, for how long, and how it ends."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from torch import nn

from bench.measure import training
from bench.measure.tasks._data import IGNORED, Batch, Samples
from bench.measure.training import Recipe, Stepper, loss_of, train

RECIPE = Recipe(learning_rate=0.5, batch_size=4, steps=40)


def drawn(number: int = 12) -> Samples:
    """Points of the plane and on which side of a line they lie."""
    points = torch.randn(number, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return Samples((points.sum(dim=1) > 0).long(), lambda indices: (points[indices], None))


def line() -> nn.Linear:
    layer = nn.Linear(2, 2, dtype=torch.float64)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


def run(module: nn.Module, recipe: Recipe = RECIPE, seed: int = 0, **words) -> training.Training:
    words = {"evaluate": lambda: 0.0, **words}
    return train(module, drawn(), recipe, order=torch.Generator().manual_seed(seed), **words)


class Recorded(nn.Module):
    """Keeps what it was fed with."""

    def __init__(self) -> None:
        super().__init__()
        self.layer, self.fed = line(), []

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        self.fed.append(inputs)
        return self.layer(inputs)


def test_the_rate_rises_over_the_first_tenth_and_falls_over_the_last_three() -> None:
    rates = [RECIPE.rate(step, 0.0) for step in range(40)]

    assert rates[:4] == pytest.approx([0.125, 0.25, 0.375, 0.5])
    assert set(rates[4:28]) == {0.5}
    assert rates[28:] == pytest.approx([0.5 * left / 12 for left in range(12, 0, -1)])


def test_of_a_training_that_is_told_in_seconds_the_rate_follows_them() -> None:
    recipe = Recipe(learning_rate=0.5, batch_size=4, seconds=20.0)

    assert [recipe.rate(0, seconds) for seconds in (0.0, 1.0, 2.0, 14.0, 17.0)] == pytest.approx(
        [0.005, 0.25, 0.5, 0.5, 0.25]
    )


@pytest.mark.parametrize("words", [{}, {"steps": 3, "seconds": 4.0}], ids=["neither", "both"])
def test_a_training_that_would_not_stop_or_stop_twice_is_refused(words: dict) -> None:
    with pytest.raises(ValueError, match=r"^a training stops after steps or after seconds, not "):
        Recipe(learning_rate=0.1, batch_size=4, **words)


def test_a_step_is_adamw_on_gradients_clipped_to_a_norm_of_1() -> None:
    module, other = line(), line()
    batch = Batch(torch.tensor([[100.0, 0.0]], dtype=torch.float64), None, torch.tensor([1]))
    Stepper(module).step(batch, 0.1)
    optimizer = torch.optim.AdamW(other.parameters(), lr=0.1)
    loss_of(other(batch.inputs), batch.targets).backward()
    norm = math.sqrt(sum(float(weight.grad.square().sum()) for weight in other.parameters()))
    for weight in other.parameters():
        weight.grad /= norm
    optimizer.step()

    assert norm > 50
    for found, expected in zip(module.parameters(), other.parameters(), strict=True):
        # clip_grad_norm_ adds 1e-6 to the norm
        torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-12)


def test_what_a_step_gives_is_from_before_the_weights_changed() -> None:
    stepped = Stepper(line()).step(Batch(torch.ones(1, 2, dtype=torch.float64), None, torch.tensor([0])), 1.0)

    assert not stepped.logits.any()
    assert float(stepped.loss) == pytest.approx(math.log(2))


def test_of_tokens_of_which_nothing_is_asked_there_is_no_loss() -> None:
    logits = torch.randn(2, 3, 5, generator=torch.Generator().manual_seed(0))
    targets = torch.tensor([[IGNORED, 1, IGNORED], [IGNORED, IGNORED, 2]])

    expected = -(logits[0, 1].log_softmax(0)[1] + logits[1, 2].log_softmax(0)[2]) / 2
    assert float(loss_of(logits, targets)) == pytest.approx(float(expected))


def test_every_sample_is_seen_once_before_any_is_seen_again() -> None:
    module = Recorded()
    run(module, Recipe(learning_rate=0.1, batch_size=4, steps=9))
    fed = torch.cat(module.fed)

    assert all(len(fed[start : start + 12].unique(dim=0)) == 12 for start in (0, 12, 24))
    assert not torch.equal(fed[:12], fed[12:24])


def test_the_order_comes_from_the_seed() -> None:
    first, again, other = Recorded(), Recorded(), Recorded()
    for module, seed in ((first, 0), (again, 0), (other, 1)):
        run(module, seed=seed)

    assert torch.equal(torch.cat(first.fed), torch.cat(again.fed))
    assert not torch.equal(torch.cat(first.fed), torch.cat(other.fed))


def test_the_loss_falls() -> None:
    losses = run(line()).losses

    assert losses[0] == pytest.approx(math.log(2))
    assert losses[-1] < 0.2


def test_the_curve_has_a_point_before_the_first_step_and_after_each_eighth() -> None:
    values = itertools.count()
    found = run(line(), evaluate=lambda: float(next(values)))

    assert [look.step for look in found.curve] == [0, 5, 10, 15, 20, 25, 30, 35, 40]
    assert [look.value for look in found.curve] == list(range(9))
    assert len(found.losses) == 40


def test_fewer_steps_than_eight_have_a_point_each() -> None:
    found = run(line(), Recipe(learning_rate=0.1, batch_size=4, steps=3))

    assert [look.step for look in found.curve] == [0, 1, 2, 3]


def test_looks_take_none_of_the_time_of_training(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a clock on which a step takes half a second and a look a hundred."""
    now = [0.0]

    def read() -> float:
        now[0] += 0.5
        return now[0]

    def look() -> float:
        now[0] += 100.0
        return 0.0

    monkeypatch.setattr(training.time, "perf_counter", read)
    found = run(line(), Recipe(learning_rate=0.1, batch_size=4, seconds=4.0), evaluate=look)

    assert (len(found.losses), found.seconds) == (8, 4.0)
    assert [look.seconds for look in found.curve] == [0.5 * step for step in range(9)]


def test_a_loss_that_is_not_finite_ends_it() -> None:
    class Breaking(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer, self.calls = line(), 0

        def forward(self, inputs: torch.Tensor) -> torch.Tensor:
            self.calls += 1
            return self.layer(inputs) * (math.nan if self.calls == 3 else 1.0)

    found = run(Breaking())

    assert found.diverged_step == 3
    assert len(found.losses) == 3
    assert math.isnan(found.losses[-1])


def test_what_is_frozen_stays() -> None:
    module = line()
    module.bias.requires_grad_(False)
    run(module)

    assert not module.bias.any()
    assert module.weight.any()
