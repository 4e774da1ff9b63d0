"""What figures of tasks show, and how what has no value is told."""

from __future__ import annotations

import matplotlib
import pandas as pd
import pytest

from bench.report import figures, style


def drawn(name, table, rounds):
    """Gives the figure of a table, and all words on it."""
    member = figures.load(name)
    with matplotlib.rc_context(style.rc(name)):
        figure = member.draw(member.data(table, rounds))
    return figure, {text.get_text() for ax in figure.axes for text in ax.texts}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("task_value_over_rank", {"× linformer r=32: timeout", "× lora r=32: diverged"}),
        ("task_value_by_layer", {"× linformer r=32, layer 1: timeout"}),
        ("task_value_over_latency", {"× linformer r=32: timeout", "× lora r=32: diverged"}),
        ("adapters_accuracy", {"× diverged"}),
        ("error_by_layer", {"× linformer r=32: timeout"}),
    ],
)
def test_a_case_without_a_value_is_named_with_what_became_of_its_task(task_table, rounds, name, words):
    assert words <= drawn(name, task_table, rounds)[1]


def test_a_case_that_was_not_tried_is_no_failure(task_table, rounds):
    skipped = task_table.assign(task_status=task_table["task_status"].replace("timeout", "skipped"))

    assert "– linformer r=32: skipped" in drawn("task_value_over_rank", skipped, rounds)[1]


def test_a_case_that_took_no_latency_is_named_with_its_own_status(task_table, rounds):
    failed = task_table.copy()
    failed.loc[failed["rank"] == 4, ["status", "latency_median_s"]] = ["oom", float("nan")]

    assert "× linformer r=4: oom" in drawn("task_value_over_latency", failed, rounds)[1]


def test_a_majority_within_the_axis_is_a_rule_and_a_linear_model_beyond_it_a_number(task_table, rounds):
    assert {"majority class", "↓ linear baseline 0.2"} <= drawn("task_value_over_rank", task_table, rounds)[1]


def test_adapters_stand_by_their_trained_weights_below_what_trains_none(task_table, rounds):
    data = figures.load("adapters_accuracy").data(task_table, rounds)
    names = ["majority class", "linear baseline", "before training"]

    assert data["series"].tolist() == [*names, "lora r=4", "lora r=16", "lora r=32", "full"]
    assert data.loc[data["case_id"].isna(), "task_value"].tolist() == [0.72, 0.2, 0.71]
    assert "0.780 [0.770, 0.790]  16k" in drawn("adapters_accuracy", task_table, rounds)[1]


def test_a_curve_that_diverged_ends_in_a_cross(task_table, rounds):
    figure, _ = drawn("learning_curve", task_table, rounds)
    crosses = [line.get_xdata()[0] for ax in figure.axes for line in ax.lines if line.get_marker() == "x"]

    assert crosses == [1.0]


def test_a_case_without_a_curve_is_named(task_table, rounds):
    without = task_table.assign(task_curve=task_table["task_curve"].where(task_table["rank"] != 32))

    assert "× lora r=32: diverged" in drawn("learning_curve", without, rounds)[1]


def test_an_exact_operator_has_no_error_by_layer(task_table, rounds):
    errors = task_table["layer_rel_errors"].where(task_table["operator"] != "uniform", "0 1e-15")
    data = figures.load("error_by_layer").data(task_table.assign(layer_rel_errors=errors), rounds)

    assert set(data["operator"]) == {"linformer"}


def test_what_one_replaced_layer_reaches_stands_over_the_layers_and_not_over_the_ranks(task_table, rounds):
    over_rank = figures.load("task_value_over_rank").data(task_table, rounds)
    by_layer = figures.load("task_value_by_layer").data(task_table, rounds)

    assert set(over_rank["case_id"]) == set(task_table.loc[task_table["layer"].isna(), "case_id"])
    assert by_layer.groupby("rank")["layer"].apply(list).to_dict() == {4: [0, 1], 32: [0, 1]}
    assert by_layer.loc[by_layer["layer"].isna(), "operator"].tolist() == ["sdpa", "sdpa"]  # one a rank


def test_one_replaced_layer_is_no_point_of_a_line_over_ranks(task_table, rounds):
    data = figures.load("latency_over_rank").data(task_table, rounds)

    assert set(data["case_id"]) & set(task_table.loc[task_table["layer"].notna(), "case_id"]) == set()
    assert set(data["rank"].dropna()) == {4, 16, 32}


def test_a_replaced_layer_has_a_panel_of_latency_apart_with_its_number_at_the_mark(task_table, rounds):
    data = figures.load("task_value_over_latency").data(task_table, rounds)
    layers = data.groupby("title")["layer"].apply(lambda layer: set(layer.dropna()))
    words = drawn("task_value_over_latency", task_table[task_table["operator"] != "lora"], rounds)[1]

    assert {title.rpartition(", ")[2]: found for title, found in layers.items() if found} == {"one layer": {0, 1}}
    assert {"0", "1"} <= words


def test_a_title_tells_only_what_distinguishes_the_panels(task_table, rounds):
    away = task_table.assign(device="cuda", status="skipped", task_status="skipped", task_value=float("nan"))
    longer = task_table.assign(seq_len=128.0, batch_size=2.0)
    batched = task_table.assign(batch_size=4.0)
    every = pd.concat([task_table, away, longer, batched], ignore_index=True)
    data = figures.load("task_value_over_rank").data(every, rounds)

    assert [title for title in data["title"].unique() if "fine-tuned" not in title] == [
        "films, minilm with its attention replaced, nothing trained, n=64, batch_size 1",
        "films, minilm with its attention replaced, nothing trained, n=128",
        "films, minilm with its attention replaced, nothing trained, n=64, batch_size 4",
    ]


def test_each_task_and_way_of_doing_it_has_a_panel(task_table, rounds):
    titles = figures.load("task_value_over_rank").data(task_table, rounds)["title"].unique()

    assert list(titles) == [
        "films, minilm with its attention replaced, nothing trained, n=64",
        "films, minilm fine-tuned for 100 steps, n=64",
    ]
