"""Fashion-MNIST: 70,000 pictures of clothes in ten classes, 28×28 grey levels, with the official split.

In: the four idx files, which Debian packed anew, so that upstream's checksums are those of what is inside. Out:
`split`. For orientation, a logistic regression on raw pixels of 2,000 pictures is right on 0.79 of 1,000, a small
transformer after six epochs of 10,000 on 0.83 of the test part.

Source: Xiao, Rasul and Vollgraf, arXiv 1708.07747; names of the classes from table 2. The idx format is that of
MNIST: two zeros, a type (8 is an unsigned byte), the number of dimensions, big-endian sizes, the data.
"""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.data.sets._labelled import Labelled
from bench.data.source import File, Source

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["CLASSES", "SOURCE", "split"]

CLASSES = (
    "T-shirt/top",
    "trouser",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle boot",
)
"""By label."""

_FOLDER = "usr/share/datasets/fashion-mnist"
_STEMS = {"train": "train", "test": "t10k"}

SOURCE = Source(
    name="fashion_mnist",
    about="70,000 pictures of clothes, 28×28, ten classes",
    package="dataset-fashion-mnist",
    archive="deb",
    licence="MIT",
    files=(
        File(
            f"{_FOLDER}/train-images-idx3-ubyte.gz",
            "b0564c3eedabfbf835052cff8503ea422014ce006caf5b757f851416ee8300c7",
            26_421_856,
        ),
        File(
            f"{_FOLDER}/train-labels-idx1-ubyte.gz",
            "0ae29f65d86684f32d1b9c85147786c547b9c6aebcaf235f0400a0cce308b056",
            29_491,
        ),
        File(
            f"{_FOLDER}/t10k-images-idx3-ubyte.gz",
            "cc1d090a38ace84dfa1aa66e3ada7c336ef481a96936906477e6dd344da56eaa",
            4_422_079,
        ),
        File(
            f"{_FOLDER}/t10k-labels-idx1-ubyte.gz",
            "8d3605d196f4be44669e46906da9733c8131fef761fdbfec72c424d5222f1a05",
            5_125,
        ),
    ),
    disk_bytes=130_000_000,
)


def split(into: str | Path | None = None) -> dict[str, Labelled]:
    """Gives ``train`` (60,000) and ``test`` (10,000), balanced; samples are ``[N, 28, 28]``, uint8.

    Args:
        into: the data folder.
    """
    import numpy as np

    folder = SOURCE.folder(into) / _FOLDER
    return {
        part: Labelled(
            _idx(folder / f"{stem}-images-idx3-ubyte.gz"),
            _idx(folder / f"{stem}-labels-idx1-ubyte.gz").astype(np.int64),
            CLASSES,
        )
        for part, stem in _STEMS.items()
    }


def _idx(path: Path) -> NDArray[Any]:
    """Gives the array of unsigned bytes in an idx file."""
    import numpy as np

    content = gzip.decompress(path.read_bytes())
    dimensions = content[3]
    shape = np.frombuffer(content, ">u4", count=dimensions, offset=4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * dimensions).reshape(tuple(shape.tolist()))
