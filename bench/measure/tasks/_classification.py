"""Tasks whose samples each belong to one class; members say which data set they read and what a token of it is.

In: a case. Out: its splits as tensors, and the accuracy of the most common class and of a linear classifier on the
same test samples. A pretrained model takes a thousand times as long as a small one to read a sample, so it has fewer
of them: `pretrained_train` and `pretrained_test`, drawn once; the baselines of its cases have the same ones.
"""

from __future__ import annotations

import importlib.metadata
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.case import Case
from bench.measure.tasks._base import Task
from bench.measure.tasks._data import Samples

if TYPE_CHECKING:
    import torch

    from bench.data.sets._labelled import Labelled
    from bench.measure.tasks._splits import Splits

__all__ = ["Classification", "stored"]


class Classification(Task):
    """A task whose metric is the share of test samples that are put into their class."""

    validation: int = 1000
    """Samples that are taken from the train split where the data set has no validation split."""
    trained_train: int | None = None
    """Samples from which a network that is trained here learns, and its baselines; absent: all that there are."""
    pretrained_train: int = 4000
    """Samples from which a pretrained model, its probe and its baselines learn."""
    pretrained_test: int = 1000
    """Samples on which they are judged."""

    def read(self) -> dict[str, Labelled]:
        """Gives the splits as they are published, `train` and `test`, and `validation` where there is one."""
        raise NotImplementedError

    def linear(self) -> Any:
        """Gives a scikit-learn classifier that takes raw samples and is linear in features of them."""
        raise NotImplementedError

    def splits(self, case: Case) -> Splits:
        """Gives the samples of a case, raw."""
        from bench.measure.tasks._splits import divide

        trained = case.model is None
        return divide(
            self.read(),
            validation=self.validation,
            train=self.trained_train if trained else self.pretrained_train,
            test=None if trained else self.pretrained_test,
        )

    def baselines(self, case: Case) -> dict[str, float]:
        """Gives the test accuracy of the most common class (`majority`) and of `linear`, both of the train split.

        Half a minute for the largest, and the same whatever the length of samples: it is kept in the data folder.

        Raises:
            StoreError: the data folder cannot be written.
        """
        from bench.data.kept import digest, kept
        from bench.data.source import data_folder
        from bench.measure.samples import origin

        told = digest({**origin(case), "seq_len": None, "scikit-learn": importlib.metadata.version("scikit-learn")})
        path = data_folder() / "baselines" / f"{case.task}-{case.model or 'small'}-{told}.json"
        found: dict[str, float] = json.loads(kept(path, lambda part: self._write_baselines(case, part)).read_bytes())
        return found

    def _write_baselines(self, case: Case, path: Path) -> None:
        from bench.measure.tasks import _linear

        splits = self.splits(case)
        found = {"majority": _linear.majority(splits), "linear": _linear.accuracy(self.linear(), splits)}
        path.write_text(json.dumps(found), encoding="utf-8")


def stored(labelled: Labelled, inputs: torch.Tensor, mask: torch.Tensor | None = None) -> Samples:
    """Gives samples whose inputs ``[N, …]`` and mask ``[N, n]`` are in memory."""
    import torch

    return Samples(
        targets=torch.from_numpy(labelled.labels),
        inputs=lambda indices: (inputs[indices], None if mask is None else mask[indices]),
    )
