"""What every figure of the catalogue must be; a stranger's is held to the same."""

from __future__ import annotations

import matplotlib
import pandas as pd
import pytest

from bench.report import figures, style

NAMES = figures.names()
OF_TASKS = (
    "task_value_over_rank",
    "task_value_by_layer",
    "task_value_over_latency",
    "learning_curve",
    "adapters_accuracy",
    "error_by_layer",
)


@pytest.mark.parametrize("name", NAMES)
def test_a_figure_says_what_it_is_and_why_it_may_be_missing(name):
    member = figures.load(name)

    assert all(isinstance(words, str) and words for words in (member.title, member.about, member.absent))


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_table_gives_an_empty_frame(table, task_table, rounds, name):
    shown = task_table if name in OF_TASKS else table

    assert figures.load(name).data(shown.iloc[:0], rounds).empty


@pytest.mark.parametrize("name", NAMES)
def test_each_row_that_a_legend_names_has_an_operator(table, task_table, rounds, name):
    data = figures.load(name).data(task_table if name in OF_TASKS else table, rounds)

    assert "label" not in data or data["operator"].notna().all()


@pytest.mark.parametrize("name", NAMES)
def test_what_is_drawn_comes_from_the_data_alone(table, task_table, rounds, name):
    member = figures.load(name)
    data = member.data(task_table if name in OF_TASKS else table, rounds)
    before = data.copy()
    with matplotlib.rc_context(style.rc(name)):
        figure = member.draw(data)

    assert len(figure.axes) == data["panel"].nunique()
    pd.testing.assert_frame_equal(data, before)


@pytest.mark.parametrize("name", [n for n in NAMES if n.startswith(("latency", "memory", "ratio"))])
def test_a_failed_case_is_in_the_data_with_its_status_and_without_a_number(table, rounds, name):
    data = figures.load(name).data(table, rounds)
    failed = data[data["status"] == "oom"]
    value = "latency_ratio" if name == "ratio_by_group" else "value"

    assert len(failed) > 0
    assert failed[value].isna().all()


@pytest.mark.parametrize("name", [n for n in NAMES if n.startswith(("latency", "memory", "ratio_over"))])
def test_a_failed_case_is_drawn_as_a_cross_with_its_status(table, rounds, name):
    member = figures.load(name)
    with matplotlib.rc_context(style.rc(name)):
        figure = member.draw(member.data(table, rounds))
    crosses = [line for ax in figure.axes for line in ax.lines if line.get_marker() == "x"]
    words = {text.get_text() for ax in figure.axes for text in ax.texts}

    assert crosses
    assert words == {"oom"}


@pytest.mark.parametrize("name", [n for n in NAMES if n.startswith(("latency", "memory", "ratio_over"))])
def test_an_operator_is_drawn_in_its_own_colour(table, rounds, name):
    member = figures.load(name)
    with matplotlib.rc_context(style.rc(name)):
        figure = member.draw(member.data(table, rounds))
    colors = {str(line.get_color()) for ax in figure.axes for line in ax.lines}

    assert colors <= {style.INK, *(style.look(operator).color for operator in ("sdpa", "uniform", "linformer"))}
    assert style.look("linformer").color in colors


@pytest.mark.parametrize(
    ("error", "name", "face"), [(1e-7, "linformer [lucid]", False), (0.5, "linformer [lucid] ≠", True)]
)
def test_a_package_that_computes_something_else_is_drawn_hollow_and_marked(table, rounds, error, name, face):
    member = figures.load("beside_packages")
    data = member.data(table.assign(agreement_rel_error=error), rounds)
    with matplotlib.rc_context(style.rc("beside_packages")):
        figure = member.draw(data)
    dots = [line for ax in figure.axes for line in ax.lines if line.get_marker() not in ("None", None, "")]

    assert set(data["series"]) == {name}
    assert {line.get_markerfacecolor() == "none" for line in dots} == {face}
