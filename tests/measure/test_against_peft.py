"""Our fine-tuning beside Hugging Face's peft in a loop of its own: the same losses, step by step, in float64."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
import torch
from torch.nn import functional as F

from bench.case import Case
from bench.data import models
from bench.data.fetch import UnavailableError, fetch, with_needs
from bench.measure import networks, pretrained
from bench.measure.placement import draws
from bench.measure.pretrained import Pretrained
from bench.measure.samples import data_of
from bench.measure.training import Recipe, train

peft = pytest.importorskip("peft")

STEPS, RATE = 50, 2e-3


@pytest.fixture
def minilm() -> Case:
    """LoRA of rank 8 on q and v of the pretrained MiniLM, tuned to film sentences."""
    try:
        for source in with_needs(["minilm", "film_sentences"]):
            fetch(source)
    except UnavailableError as error:
        pytest.skip(str(error))
    model = models.load("minilm")
    shape = {"num_heads": model.NUM_HEADS, "head_dim": model.HEAD_DIM, "hidden_size": model.HIDDEN_SIZE}
    words = {"task": "film_sentences", "model": "minilm", "mask": "padding", "seq_len": 16, "batch_size": 8}
    return Case(operator="lora", scope="model", rank=8, steps=STEPS, dtype="float64", **shape, **words)


def ours(case: Case) -> tuple[tuple[float, ...], Pretrained]:
    """The losses, and the network as it began."""
    data = data_of(case)
    network, untouched = (networks.build(case, data.sizes) for _ in range(2))
    recipe = Recipe(learning_rate=RATE, batch_size=case.batch_size, steps=STEPS)
    trained = train(network, data.train, recipe, order=draws(case, "order"), evaluate=lambda: 0.0)
    return trained.losses, untouched


def batches(case: Case) -> Iterator[torch.Tensor]:
    order, count = draws(case, "order"), len(data_of(case).train)
    assert count % case.batch_size == 0
    while True:
        yield from torch.randperm(count, generator=order).split(case.batch_size)


def theirs(case: Case, begun: Pretrained) -> list[float]:
    """The losses of peft's LoRA with our A, on the same network as it was loaded, with the same head."""
    data = data_of(case)
    exact = networks.exact(case, data.sizes)
    config = peft.LoraConfig(r=case.rank, lora_alpha=16, target_modules=["q", "v"], lora_dropout=0.0)
    model = peft.get_peft_model(exact.network, config)
    for attention, own in zip(model.base_model.model.attentions, begun.network.attentions, strict=True):
        for name in ("q", "v"):
            getattr(attention, name).lora_A["default"].weight.data.copy_(getattr(own, name).adapter.a)
    head = exact.head.requires_grad_(True)
    weights = [weight for weight in [*model.parameters(), *head.parameters()] if weight.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=RATE)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1.0, (step + 1) / (0.1 * STEPS), (STEPS - step) / (0.3 * STEPS))
    )
    losses = []
    for indices in itertools.islice(batches(case), STEPS):
        inputs, mask = data.train.inputs(indices)
        loss = F.cross_entropy(head(exact.network.pooled(model(inputs, mask), mask)), data.train.targets[indices])
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        schedule.step()
        losses.append(float(loss.detach()))
    return losses


def assert_alike(case: Case) -> None:
    found, begun = ours(case)
    expected = theirs(case, begun)

    assert found == pytest.approx(expected, rel=1e-6, abs=0)
    assert expected[-1] != pytest.approx(expected[0], rel=1e-3)


@pytest.mark.slow
def test_fifty_steps_on_a_small_network_have_the_losses_of_peft(adapted: Case) -> None:
    assert_alike(adapted.replace(steps=STEPS))


@pytest.mark.slow
def test_fifty_steps_on_minilm_have_the_losses_of_peft(minilm: Case) -> None:
    assert_alike(minilm)


def test_both_begin_at_the_exact_network(adapted: Case) -> None:
    """B is zero in either, so the first loss is the frozen network's."""
    found, _ = ours(adapted.replace(steps=STEPS))
    data = data_of(adapted)
    inputs, mask = data.train.inputs(next(batches(adapted)))
    exact = networks.exact(adapted, data.sizes)
    loss = F.cross_entropy(exact(inputs, mask), data.train.targets[next(batches(adapted))])

    assert found[0] == pytest.approx(float(loss), rel=1e-12)
    assert pretrained.merge(exact) == 0
