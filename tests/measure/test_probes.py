"""The frozen probe: what it is fitted to, that it is kept, and who has none."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from sklearn.linear_model import LogisticRegression

from bench.case import Case
from bench.data import models
from bench.measure.probes import _fitted, probe
from bench.measure.samples import data_of


def pooled(case: Case, split: str) -> tuple[torch.Tensor, torch.Tensor]:
    """What the exact network pools of a split, and the classes."""
    part, network = getattr(data_of(case), split), models.load("tiny").load()
    inputs, mask = part.inputs(torch.arange(len(part)))
    with torch.no_grad():
        return network.pooled(network(inputs, mask), mask), part.targets


@pytest.mark.parametrize("task", ["spots", "stripes"], ids=["four classes", "two classes"])
def test_it_is_logistic_regression_on_what_the_exact_network_pools(swapped: Case, task: str) -> None:
    """The probabilities of scikit-learn's own with C = 1/100, in float32."""
    case = swapped.replace(task=task)
    (x, y), (unseen, _) = pooled(case, "train"), pooled(case, "test")
    mean, scale = x.double().mean(0), x.double().var(0, correction=0).mean().sqrt()
    fitted = LogisticRegression(C=1 / 100, max_iter=2000).fit((x - mean) / scale, y)
    expected = torch.from_numpy(fitted.predict_proba((unseen - mean) / scale))

    head = probe(case)
    assert head is not None
    torch.testing.assert_close(head(unseen).softmax(dim=-1).double(), expected, rtol=0, atol=1e-4)


def test_a_feature_that_hardly_varies_has_no_large_weight() -> None:
    draw = torch.Generator().manual_seed(0)
    features, targets = torch.randn(64, 3, generator=draw), torch.arange(64) % 2
    features[:, 0] = targets  # there is something to learn
    features[:, 2] *= 1e-9

    assert _fitted(features, targets, 2)["weight"].abs().max() < 10


def test_it_is_kept_and_read_again(swapped: Case, tmp_path: Path) -> None:
    probe(swapped)
    (path,) = (tmp_path / "data" / "probes").glob("*.safetensors")
    save_file({name: torch.zeros_like(weight) for name, weight in load_file(path).items()}, path)

    again = probe(swapped.replace(operator="linformer", provider="bench", rank=4, seed=1))
    assert again is not None
    assert not again.weight.any()


def test_each_task_and_length_has_its_own(swapped: Case, tmp_path: Path) -> None:
    for case in (swapped, swapped.replace(task="stripes"), swapped.replace(seq_len=8)):
        probe(case)

    assert len(list((tmp_path / "data" / "probes").glob("*.safetensors"))) == 3


def test_a_class_without_a_sample_is_told(swapped: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    from bench.measure import probes

    monkeypatch.setattr(probes, "_TOKENS", 2 * swapped.seq_len)

    with pytest.raises(ValueError, match=r"^1 of 4 classes are among 2 samples$"):
        probe(swapped)


def test_who_says_what_comes_next_needs_none(swapped: Case) -> None:
    assert probe(swapped.replace(task="echo")) is None
