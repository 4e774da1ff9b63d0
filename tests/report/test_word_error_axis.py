"""The axis of a word error rate: a model that repeats itself does not stretch it, and is told at its edge."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.report.figures._tasks import beyond, reference_rules, value_axis


@pytest.fixture
def ax() -> Axes:
    axes: Axes = Figure().add_subplot()
    axes.set_xlim(0, 1000)
    return axes


def words(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.texts]


def wild(**columns: list[float]) -> pd.DataFrame:
    return pd.DataFrame({"operator": "uniform", "metric": "word_error_rate", **columns})


def test_what_is_worse_than_saying_nothing_does_not_stretch_the_axis(ax):
    value_axis(ax, "word_error_rate", [0.06, 0.1, 5.43, 9.5], room=0.0)

    assert 1.2 < ax.get_ylim()[1] < 1.4


def test_another_metric_keeps_all_its_values(ax):
    value_axis(ax, "bits_per_character", [2.3, 5.43], room=0.0)

    assert ax.get_ylim()[1] > 5.43


def test_what_is_beyond_is_written_at_its_place_with_its_rank(ax):
    ax.set_ylim(0, 1.3)
    beyond(
        ax,
        wild(rank=[250.0, 500.0, np.nan], value=[5.43, 0.1, 4.58], n=[250.0, 500.0, np.nan]),
        "rank",
        "value",
        number="n",
    )

    assert [(text.get_text(), text.get_position()[0]) for text in ax.texts] == [
        ("▲ 5.43 (250)", 250),
        ("▲ 4.58", 1000),
    ]


def test_neighbours_beyond_stand_below_one_another(ax):
    ax.set_ylim(0, 1.3)
    beyond(ax, wild(rank=[100.0, 110.0, 900.0], value=[2.0, 3.0, 4.0]), "rank", "value")
    near, below, away = (text.get_position()[1] for text in ax.texts)

    assert below < near == away


@pytest.mark.parametrize(("metric", "name"), [("word_error_rate", "nothing said"), ("accuracy", "majority class")])
def test_a_rule_is_called_after_what_it_is(ax, metric, name):
    ax.set_ylim(0, 1.3)
    reference_rules(ax, pd.DataFrame({"metric": [metric], "task_majority": [1.0], "task_linear": [np.nan]}))

    assert words(ax) == [name]
