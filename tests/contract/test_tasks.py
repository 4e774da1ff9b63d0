"""Every task of the catalogue declares what is asked of it, and its samples are what it declares."""

from __future__ import annotations

import functools
import math
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from bench import data
from bench.case import Case
from bench.data import models
from bench.measure import tasks
from bench.measure.tasks._base import METRICS
from bench.measure.tasks._classification import Classification
from bench.measure.tasks._data import IGNORED, Data, Samples
from bench.suite import application

NAMES = tasks.names()
# Tokens a sample: of a small transformer, and of a pretrained model where that differs.
SEQ_LEN = {"fashion_mnist": 49, "digits": 16, "voices": 150, "transcripts": 1500}
SEQ_LEN_OF_MODEL = {"dinov2": 65}
WAYS = [
    (name, model)
    for name in NAMES
    for model in ([None] if tasks.load(name).trains else []) + sorted(tasks.load(name).models)
]
IMPORTED = """
import sys
from bench.case import Case
from bench.measure import tasks

shape = {"operator": "sdpa", "scope": "model", "num_heads": 4, "head_dim": 16, "hidden_size": 64, "seq_len": 65}
for name in tasks.names():
    task = tasks.load(name)
    for model in (None, *task.models):
        case = Case(**shape, task=name, model=model)
        task.unsupported(case), task.absent(case)
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


def case_of(name: str, model: str | None) -> Case:
    seq_len = SEQ_LEN_OF_MODEL.get(model or "", SEQ_LEN.get(name, 64))
    shape: dict[str, Any] = {"num_heads": 4, "head_dim": 16, "hidden_size": 64, "seq_len": seq_len}
    return Case(operator="sdpa", provider="torch", scope="model", task=name, model=model, **shape)


@pytest.fixture(scope="module", params=WAYS, ids=[f"{name}-{model or 'small'}" for name, model in WAYS])
def case(request: pytest.FixtureRequest) -> Case:
    """A task as a small transformer, or a pretrained model, does it; skipped where its data are not there."""
    case = case_of(*request.param)
    if reason := application.absent(case):
        pytest.skip(reason)
    return case


@functools.lru_cache(maxsize=1)  # tests of a way follow one another
def read(case: Case) -> Data:
    samples: Data = tasks.load(str(case.task)).data(case)
    return samples


def parts(found: Data) -> tuple[Samples, Samples, Samples]:
    return found.train, found.validation, found.test


def batches(samples: Samples) -> Iterator[Tensor]:
    """Gives the inputs of all samples."""
    for indices in torch.arange(len(samples)).split(256) if len(samples) else ():
        yield samples.inputs(indices)[0]


@pytest.mark.parametrize("name", NAMES)
def test_a_task_declares_what_can_be_told_of_it(name: str) -> None:
    task = tasks.load(name)

    assert task.label
    assert "\n" not in task.label
    assert (type(task).__doc__ or "").strip()
    assert task.metric in METRICS
    assert task.modality in ("", "language", "vision", "audio")
    assert task.learning_rate > 0
    assert task.evaluated_at_once > 0


@pytest.mark.parametrize("name", NAMES)
def test_a_task_names_downloads_and_models_that_there_are(name: str) -> None:
    task = tasks.load(name)

    assert set(task.sources) <= set(data.names())
    assert task.models <= set(models.names())
    assert task.trains or task.models


@pytest.mark.parametrize(("name", "model"), [(name, model) for name, model in WAYS if model])
def test_a_model_is_of_the_task_s_modality_and_looks_ahead_as_it_does(name: str, model: str) -> None:
    task, member = tasks.load(name), models.load(model)

    assert (task.modality, task.causal) == (member.MODALITY, member.CAUSAL)


@pytest.mark.parametrize("name", [name for name in NAMES if tasks.load(name).second])
def test_a_second_task_has_classes_and_a_model_in_common(name: str) -> None:
    task = tasks.load(name)
    second = tasks.load(task.second)

    assert second.metric == "accuracy"
    assert second.models >= task.models


@pytest.mark.parametrize(("name", "model"), WAYS)
def test_a_usual_length_has_a_meaning(name: str, model: str | None) -> None:
    assert tasks.load(name).unsupported(case_of(name, model)) is None


@pytest.mark.slow
def test_what_a_plan_asks_of_tasks_loads_nothing_heavy() -> None:
    done = subprocess.run([sys.executable, "-c", IMPORTED], capture_output=True, text=True, check=True)

    assert not {"numpy", "pandas", "scipy", "sklearn", "soundfile", "torch"} & set(done.stdout.split())


@pytest.mark.slow
def test_splits_share_no_sample(case: Case) -> None:
    """Of raw samples, where each is one of its own; a stream of text says a few things more than once."""
    task = tasks.load(str(case.task))
    if isinstance(task, Classification):
        splits = task.splits(case)
        contents = [
            {sample if isinstance(sample, str) else sample.tobytes() for sample in part.samples}
            for part in (splits.train, splits.validation, splits.test)
        ]
    else:
        contents = [{row.numpy().tobytes() for batch in batches(part) for row in batch} for part in parts(read(case))]
    train, validation, test = contents
    most = 1e-3 * len(train) if task.causal else 0

    assert test
    assert len(train & validation) + len((train | validation) & test) <= most


@pytest.mark.slow
def test_targets_are_among_the_outputs(case: Case) -> None:
    found, task = read(case), tasks.load(str(case.task))
    if task.metric == "word_error_rate":
        pytest.skip("its targets are letters")

    for samples in parts(found):
        asked = samples.targets[samples.targets != IGNORED]
        assert samples.targets.dtype == torch.int64
        assert samples.targets.shape[1:] in ((), (case.seq_len,))
        assert asked.min() >= 0
        assert asked.max() < found.outputs
        assert (samples.targets != IGNORED).view(len(samples), -1).any(dim=1).all()


@pytest.mark.slow
def test_a_task_of_classes_trains_on_all_of_them(case: Case) -> None:
    found = read(case)
    if found.sizes.by_token:
        pytest.skip("something is asked at each token")

    assert found.train.targets.unique().tolist() == list(range(found.outputs))


@pytest.mark.slow
def test_inputs_have_the_shape_that_is_told(case: Case) -> None:
    found = read(case)
    inputs, _ = found.test.inputs(torch.arange(4))

    if case.model is not None:
        assert (found.vocabulary, found.features) == (0, 0)
        assert len(inputs) == 4
    elif found.vocabulary:
        assert found.features == 0
        assert (inputs.dtype, tuple(inputs.shape)) == (torch.int64, (4, case.seq_len))
        assert all(0 <= int(ids.min()) <= int(ids.max()) < found.vocabulary for ids in batches(found.test))
    else:
        assert (inputs.dtype, tuple(inputs.shape)) == (torch.float32, (4, case.seq_len, found.features))
        assert all(bool(batch.isfinite().all()) for batch in batches(found.test))


@pytest.mark.slow
def test_a_mask_says_what_is_there_where_samples_are_padded(case: Case) -> None:
    found, task = read(case), tasks.load(str(case.task))
    number = min(len(found.test), 256)
    _, mask = found.test.inputs(torch.arange(number))

    assert (mask is not None) == task.padded
    if mask is not None:
        assert (mask.dtype, tuple(mask.shape)) == (torch.bool, (number, case.seq_len))
        assert mask[:, 0].all()
        assert (mask.int().diff(dim=1) <= 0).all()  # what is lacking is at the end
        assert not mask.all()


@pytest.mark.slow
def test_a_sample_is_the_same_whatever_it_is_read_with(case: Case) -> None:
    test = read(case).test
    together, alone = test.inputs(torch.tensor([2, 0]))[0], test.inputs(torch.tensor([0]))[0]

    assert torch.equal(together[1:], alone)


class Undecided(nn.Module):
    """Takes all outputs for equally likely, and hears nothing."""

    def __init__(self, found: Data) -> None:
        super().__init__()
        self.found, self.weight = found, nn.Parameter(torch.zeros(1))

    def forward(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor:
        tokens = inputs.shape[1:2] if self.found.sizes.by_token else ()
        return torch.zeros(len(inputs), *tokens, self.found.outputs)

    def transcribe(self, features: Tensor) -> list[str]:
        return [""] * len(features)


@pytest.mark.slow
def test_who_is_undecided_scores_what_that_is_worth(case: Case) -> None:
    found, task = read(case), tasks.load(str(case.task))
    few = found.test.spread(16)
    scores = task.evaluate(Undecided(found), few)
    # of equal logits the first class is taken
    worth = {
        "accuracy": float((few.targets == 0).sum() / (few.targets != IGNORED).sum()),
        "perplexity": float(found.outputs),
        "bits_per_character": math.log2(found.outputs or 1),
        "word_error_rate": 1.0,
    }

    assert len(scores.scores) == len(scores.weights) == len(few)
    assert task.value(scores) == pytest.approx(worth[task.metric], rel=1e-6)  # float32


@pytest.mark.slow
def test_baselines_are_better_than_nothing_and_not_perfect(case: Case) -> None:
    found, task = read(case), tasks.load(str(case.task))
    baselines = task.baselines(case)
    best, worst = {
        "accuracy": (1.0, 0.0),
        "perplexity": (1.0, float(found.outputs)),
        "bits_per_character": (0.0, math.log2(found.outputs or 1)),
        "word_error_rate": (0.0, 1.0),
    }[task.metric]

    assert baselines
    assert baselines.keys() <= {"majority", "linear"}
    assert all(min(best, worst) < value <= max(best, worst) for value in baselines.values())
    if len(baselines) == 2:
        assert abs(best - baselines["linear"]) < abs(best - baselines["majority"])
