"""Pictures that each belong to one class: square patches for a network that is trained here, the whole for another.

In: a case, whose seq_len says how large a patch is. Out: patches in reading order as continuous tokens, or what a
pretrained model makes of the pictures, batch by batch: at its resolution they would not fit into memory.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from bench.case import Case
from bench.data import models
from bench.measure.tasks._classification import Classification, stored
from bench.measure.tasks._data import Data, Samples

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from bench.data.sets._labelled import Labelled

__all__ = ["ImageClassification", "patches"]


class ImageClassification(Classification):
    """A classification of grey pictures of one size.

    The linear baseline is logistic regression on the raw pixels.
    """

    modality = "vision"
    side: int
    """Of a picture, in pixels."""

    def unsupported(self, case: Case) -> str | None:
        """Gives why pictures of this size do not make that many tokens, or nothing."""
        reason = super().unsupported(case)
        if reason is None and case.model is None and case.seq_len not in self._lengths():
            made = ", ".join(str(length) for length in self._lengths())
            reason = f"seq_len {case.seq_len} asked for; pictures of {self.side}×{self.side} make {made} patches"
        return reason

    def data(self, case: Case) -> Data:
        """Gives patches ``[b, seq_len, pixels]``, scaled alike, or what a pretrained model is fed with."""
        splits = self.splits(case)
        parts, classes = (splits.train, splits.validation, splits.test), len(splits.train.classes)
        if case.model is not None:
            train, validation, test = (_encoded(part, case) for part in parts)
            return Data(train=train, validation=validation, test=test, outputs=classes)
        patch = self.side // math.isqrt(case.seq_len)
        pixels = _pixels(splits.train.samples)  # of the train split alone: the others do not say how they are scaled
        scale = {"mean": float(pixels.mean()), "deviation": float(pixels.std())}
        train, validation, test = (_patched(part, patch, **scale) for part in parts)
        return Data(train=train, validation=validation, test=test, outputs=classes, features=patch**2)

    def linear(self) -> Any:
        """Gives logistic regression on the raw pixels."""
        from bench.measure.tasks import _linear

        return _linear.logistic(_pixels, strength=100.0)

    def _lengths(self) -> list[int]:
        """Gives the numbers of patches that a picture can be cut into, largest patches first."""
        return [across**2 for across in range(2, self.side + 1) if self.side % across == 0]


def patches(pictures: NDArray[Any], patch: int) -> NDArray[Any]:
    """Cuts pictures ``[N, H, W]`` into patches ``[N, H·W / patch², patch²]``, row by row, their pixels too.

    Source: Dosovitskiy et al., arXiv 2010.11929, section 3.1.
    """
    number, height, width = pictures.shape
    tiles = pictures.reshape(number, height // patch, patch, width // patch, patch)
    return tiles.transpose(0, 1, 3, 2, 4).reshape(number, -1, patch * patch)


def _patched(labelled: Labelled, patch: int, *, mean: float, deviation: float) -> Samples:
    import numpy as np
    import torch

    cut = torch.from_numpy(patches(np.asarray(labelled.samples), patch)).float()
    return stored(labelled, (cut - mean) / deviation)


def _encoded(labelled: Labelled, case: Case) -> Samples:
    import numpy as np
    import torch

    pictures, encode = np.asarray(labelled.samples), models.load(str(case.model)).encode
    return Samples(
        targets=torch.from_numpy(labelled.labels),
        inputs=lambda indices: encode(pictures[indices.numpy()], case.seq_len),
    )


def _pixels(pictures: Any) -> NDArray[np.float64]:
    """Gives pictures ``[N, H, W]`` as rows ``[N, H·W]``."""
    import numpy as np

    return np.asarray(pictures, dtype=float).reshape(len(pictures), -1)
