"""What a task says for itself where its member says nothing else."""

from __future__ import annotations

import math

import pytest

from bench.case import Case
from bench.measure import tasks
from bench.measure.tasks._base import METRICS, Task
from bench.measure.tasks._data import Scores


def of_metric(metric: str) -> Task:
    task = Task()
    task.metric = metric
    return task


@pytest.mark.parametrize("metric", ["accuracy", "bits_per_character", "word_error_rate"])
def test_a_metric_is_the_weighted_mean_of_scores(metric: str) -> None:
    assert of_metric(metric).value(Scores([1.0, 0.0, 4.0], [1.0, 2.0, 5.0])) == 5 / 8


def test_perplexity_is_the_exponential_of_the_mean_nats_a_token() -> None:
    assert of_metric("perplexity").value(Scores([math.log(2) * 3, math.log(8)], [3.0, 1.0])) == pytest.approx(8**0.5)


def test_a_perplexity_that_no_number_holds_is_infinite() -> None:
    assert of_metric("perplexity").value(Scores([1e4], [1.0])) == math.inf


def test_a_length_that_the_model_cannot_read_has_no_meaning(swapped: Case) -> None:
    reason = Task().unsupported(swapped.replace(seq_len=33))

    assert reason == "seq_len 33 asked for; tiny has up to 32 tokens"
    assert Task().unsupported(swapped) is None


@pytest.mark.parametrize("name", tasks.names())
def test_every_task_has_a_metric_that_can_be_told(name: str) -> None:
    assert tasks.load(name).metric in METRICS
