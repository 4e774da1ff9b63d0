"""What the attentions of a pretrained network read: over the tokens that are there, once computed and then kept."""

from __future__ import annotations

from pathlib import Path

import torch

from bench.case import Case
from bench.data.models._attention import attention_inputs
from bench.data.source import data_folder
from bench.measure import moments, networks
from bench.measure.samples import data_of


def test_a_second_moment_is_the_mean_of_outer_products() -> None:
    x = torch.tensor([[[1.0, 2.0]], [[3.0, -1.0]]])

    assert moments.second_moment(x).tolist() == [[5.0, -0.5], [-0.5, 2.5]]


def test_of_a_network_it_is_over_training_samples_and_leaves_padding_out(swapped: Case) -> None:
    network = networks.exact(swapped, data_of(swapped).sizes).network
    found = moments.second_moments(swapped, network)

    train = data_of(swapped).train  # 256 samples of 16 tokens: all of them
    ids, mask = train.inputs(torch.arange(len(train)))
    assert mask is not None
    assert not mask.all()
    expected = [moments.second_moment(given.x[mask]) for given in attention_inputs(network, ids, mask)]
    assert len(found) == 2
    for moment, wanted in zip(found, expected, strict=True):
        torch.testing.assert_close(moment, wanted, rtol=1e-10, atol=1e-12)


def test_it_is_computed_once(swapped: Case) -> None:
    network = networks.exact(swapped, data_of(swapped).sizes).network
    first = moments.second_moments(swapped, network)
    (path,) = Path(data_folder() / "moments").glob("*.safetensors")
    written = path.stat().st_mtime_ns

    again = moments.second_moments(swapped, network)
    assert path.stat().st_mtime_ns == written
    assert all(torch.equal(*pair) for pair in zip(first, again, strict=True))
