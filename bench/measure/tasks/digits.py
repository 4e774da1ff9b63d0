"""Which digit is on a picture? 1,797 grey pictures of 8×8, which come with scikit-learn: no download."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.measure.tasks._images import ImageClassification

if TYPE_CHECKING:
    from bench.data.sets._labelled import Labelled

__all__ = ["TASK"]

_TEST = 360


class Digits(ImageClassification):
    """The handwritten digits of scikit-learn: 1,237 train, 200 validation, 360 test.

    There is no split of its own and nothing says who wrote what, so the hands of the test split are among those of
    the train split. 16 tokens are patches of 2×2.

    Source: Alpaydin and Kaynak, UCI Machine Learning Repository, 1998: the test split, 17 levels of grey.
    """

    label = "handwritten digits"
    side = 8
    validation = 200

    def read(self) -> dict[str, Labelled]:
        """Gives the two splits: the first 360 of a random order are for the test."""
        import numpy as np
        from sklearn.datasets import load_digits

        from bench.data.sets._labelled import Labelled
        from bench.measure.tasks._splits import shuffled, take

        found = load_digits()
        classes = tuple(str(name) for name in found.target_names)
        every = shuffled(Labelled(found.images.astype(np.uint8), found.target.astype(np.int64), classes))
        numbers = np.arange(len(every))
        return {"test": take(every, numbers[:_TEST]), "train": take(every, numbers[_TEST:])}


TASK = Digits()
