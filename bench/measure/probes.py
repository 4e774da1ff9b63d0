"""The frozen probe of a pretrained model and a task: what a linear head can read off the exact network, and no more.

In: a case with a model and a task that has classes. Out: a linear head, the same for every operator, so that a
swapped attention is judged by what the model already knew and a fine-tuning starts from there. It is logistic
regression on what the exact network pools of samples of the train split, and is kept in the data folder.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from bench.case import Case
from bench.data import models
from bench.data.kept import digest, kept
from bench.data.source import data_folder
from bench.measure.samples import data_of, origin
from bench.measure.tasks._data import Samples

__all__ = ["probe"]

# Part of a kept probe's name: raise it when the same samples come to give another one.
# 1: first. 2: all features divided by one number, and a stronger penalty.
_DEFINITION = 2
_SAMPLES = {"language": 4000}
_OTHER_SAMPLES = 2000
_TOKENS = 1 << 18
"""Of all samples together: half a minute to two of one core, by model."""
_AT_ONCE = 32
_STRENGTH = 100.0
"""Of the L2 penalty, the inverse of scikit-learn's C: of 1, 3, 10, … 300 the best on validation samples of film
sentences by MiniLM and of Fashion-MNIST by DINOv2 alike."""
_MOST_ITERATIONS = 2000


def probe(case: Case) -> nn.Linear | None:
    """Gives the head ``[b, f] -> [b, classes]`` in float32, fitted where it is not kept yet.

    Nothing is given where the network itself says what is asked for: tokens, or what it hears.

    Raises:
        StoreError: the data folder cannot be written.
    """
    from safetensors.torch import load_file

    data = data_of(case)
    if data.sizes.by_token:
        return None
    model = models.load(str(case.model))
    most = min(_SAMPLES.get(model.MODALITY, _OTHER_SAMPLES), _TOKENS // case.seq_len)
    samples = data.train.spread(most)
    path = kept(_path(case, samples), lambda part: _write(model, samples, data.outputs, part))
    weights = load_file(path)
    outputs, features = weights["weight"].shape
    head = nn.Linear(features, outputs, device="meta")
    head.load_state_dict(weights, assign=True)
    return head


def _path(case: Case, samples: Samples) -> Path:
    targets = hashlib.sha256(samples.targets.numpy().tobytes()).hexdigest()
    fitted_by = importlib.metadata.version("scikit-learn")
    told = digest({**origin(case), "definition": _DEFINITION, "code": None, "targets": targets, "by": fitted_by})
    return data_folder() / "probes" / f"{case.task}-{case.model}-n{case.seq_len}-{told}.safetensors"


def _write(model: Any, samples: Samples, classes: int, path: Path) -> None:
    from safetensors.torch import save_file

    features = _pooled(model.load(), samples)
    save_file(_fitted(features, samples.targets, classes), path)


@torch.no_grad()
def _pooled(network: Any, samples: Samples) -> torch.Tensor:
    """Gives what the exact network pools of each sample, ``[N, f]``."""
    like = next(network.parameters())
    pooled = []
    for indices in torch.split(torch.arange(len(samples)), _AT_ONCE):
        batch = samples.batch(indices, like)
        pooled.append(network.pooled(network(*batch.tensors.values()), batch.mask))
    return torch.cat(pooled)


def _fitted(features: torch.Tensor, targets: torch.Tensor, classes: int) -> dict[str, torch.Tensor]:
    """Gives weight ``[classes, f]`` and bias ``[classes]`` of logistic regression, the scaling of features in them.

    All features are divided by the same number, the root mean square of their deviations: a few of MiniLM's are dead,
    and each divided by its own would have weights in the millions, at which no fine-tuning could begin.

    Raises:
        ValueError: a class has no sample.
    """
    from sklearn.linear_model import LogisticRegression

    if (found := len(set(targets.tolist()))) != classes:
        raise ValueError(f"{found} of {classes} classes are among {len(targets)} samples")
    x = features.double().numpy()
    mean, deviation = x.mean(axis=0), float(np.sqrt(x.var(axis=0).mean()))
    regression = LogisticRegression(C=1 / _STRENGTH, max_iter=_MOST_ITERATIONS)
    fitted = regression.fit((x - mean) / deviation, targets.numpy())
    weight = torch.from_numpy(fitted.coef_ / deviation)
    bias = torch.from_numpy(fitted.intercept_) - weight @ torch.from_numpy(mean)
    if classes == 2:  # one row: the logit of class 1, of which either class has a half
        weight, bias = torch.cat([-weight, weight]) / 2, torch.cat([-bias, bias]) / 2
    return {"weight": weight.float().contiguous(), "bias": bias.float()}
