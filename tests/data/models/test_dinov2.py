"""The network is DINOv2-S: its size, its hidden states, and what it makes of pictures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from bench.data.models import dinov2
from bench.data.models._vit import VisionTransformer

pytest.importorskip("onnx")
pytestmark = pytest.mark.slow

Peer = Callable[[Any], Any]
Excess = Callable[..., float]


@pytest.fixture(scope="module")
def network(fetched: None) -> VisionTransformer:
    return dinov2.load()


@pytest.fixture(scope="module")
def photographs() -> Any:
    """Two photographs that come with scikit-learn, uint8 ``[2, 427, 640, 3]``."""
    return np.stack(pytest.importorskip("sklearn.datasets").load_sample_images().images)


def test_it_has_the_published_number_of_parameters(network: VisionTransformer) -> None:
    embeddings = (3 * 14 * 14 + 1) * 384 + 384 + (1 + 37 * 37) * 384  # patches, CLS, positions
    layer = 4 * (384 + 1) * 384 + (384 + 1) * 1536 + (1536 + 1) * 384 + 2 * 2 * 384 + 2 * 384

    assert sum(p.numel() for p in network.parameters()) == embeddings + 12 * layer + 2 * 384 == 22_056_192


@torch.no_grad()
@pytest.mark.parametrize("seq_len", [65, 257])
def test_hidden_states_are_those_of_transformers(
    network: VisionTransformer, peer_of: Peer, excess: Excess, photographs: Any, seq_len: int
) -> None:
    images, _ = dinov2.encode(photographs, seq_len)
    theirs = peer_of(network)(images).last_hidden_state

    assert excess(network, lambda each: each(images.to(each.cls.dtype)), theirs) < 2


@torch.no_grad()
def test_a_picture_and_its_mirror_image_are_nearer_than_two_pictures(
    network: VisionTransformer, photographs: Any
) -> None:
    """With a table of positions in the wrong order this fails, and nothing else above would."""
    images, _ = dinov2.encode(np.concatenate((photographs, photographs[:1, :, ::-1])), 1370)
    features = torch.nn.functional.normalize(network.pooled(network(images)), dim=-1)
    itself, other = features[0] @ features[2], features[0] @ features[1]

    assert itself > 0.8 > other


def test_a_neighbouring_patch_has_a_neighbouring_position(network: VisionTransformer) -> None:
    grid = torch.nn.functional.normalize(network.positions[1:].unflatten(0, (37, 37)), dim=-1)
    right, below, far = (
        (one * other).sum(-1).mean()
        for one, other in ((grid[:, :-1], grid[:, 1:]), (grid[:-1], grid[1:]), (grid[:18], grid[19:]))
    )

    assert min(right, below) > 0.8 > far


def test_a_picture_becomes_what_imagenet_made_of_it() -> None:
    white, _ = dinov2.encode(np.full((1, 28, 28), 255, np.uint8), 65)
    black, _ = dinov2.encode(np.zeros((1, 28, 28, 3), np.uint8), 65)

    # mean 0.485, 0.456, 0.406 and deviation 0.229, 0.224, 0.225: torchvision's, for all its pretrained models
    assert white.shape == (1, 3, 112, 112)
    assert white[0, :, 0, 0].tolist() == pytest.approx([2.2489, 2.4286, 2.6400], abs=1e-4)
    assert black[0, :, 50, 50].tolist() == pytest.approx([-2.1179, -2.0357, -1.8044], abs=1e-4)


def test_a_picture_of_the_right_size_is_not_resized() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (1, 112, 112, 3), np.uint8)
    images, mask = dinov2.encode(picture, 65)
    mean, deviation = (torch.tensor(values)[:, None, None] for values in (dinov2._MEAN, dinov2._DEVIATION))

    assert mask is None
    restored = (images[0] * deviation + mean) * 255
    assert torch.allclose(restored, torch.tensor(picture[0]).permute(2, 0, 1).float(), atol=1e-3)


@pytest.mark.parametrize("seq_len", [2, 5, 65, 257, 1370])
def test_a_square_of_patches_and_cls_is_a_length(seq_len: int) -> None:
    assert dinov2.unsupported_length(seq_len) is None


@pytest.mark.parametrize("seq_len", [0, 1, 64, 66, 256])
def test_any_other_length_is_told(seq_len: int) -> None:
    assert dinov2.unsupported_length(seq_len) == (
        f"seq_len {seq_len} asked for; dinov2 has 1 + m² tokens: 65 (112 pixels a side), 257 (224), 1370 (518), …"
    )
    with pytest.raises(ValueError, match=f"seq_len {seq_len} asked for"):
        dinov2.encode(np.zeros((1, 28, 28), np.uint8), seq_len)
