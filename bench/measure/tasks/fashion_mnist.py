"""Which of 10 kinds of clothing is on a picture? 70,000 grey pictures of 28×28."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.data.sets import fashion_mnist
from bench.measure.tasks._images import ImageClassification

if TYPE_CHECKING:
    from bench.data.sets._labelled import Labelled

__all__ = ["TASK"]


class FashionMnist(ImageClassification):
    """Fashion-MNIST in its own split: of 60,000 pictures 10,000 train and 1,000 validation, all of 10,000 test.

    10,000 are what a small network gets through in the minute or two that a suite has for it; its linear baseline has
    the same ones. A pretrained model has 2,000 and 1,000. 49 tokens are patches of 4×4.

    Source: Xiao et al., arXiv 1708.07747.
    """

    label = "Fashion-MNIST"
    models = frozenset({"dinov2"})
    sources = ("fashion_mnist",)
    side = 28
    trained_train = 10_000
    pretrained_train = 2000

    def read(self) -> dict[str, Labelled]:
        """Gives the two splits as published."""
        return fashion_mnist.split()


TASK = FashionMnist()
