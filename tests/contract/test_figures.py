"""What every figure of the catalogue must be; a stranger's is held to the same."""

from __future__ import annotations

import matplotlib
import pandas as pd
import pytest

from bench.case import Case
from bench.column import COLUMNS
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
ERRORS = {"linformer": 0.3, "uniform": 0.8, "sdpa": 0.0, "full": float("nan"), "lora": float("nan")}


def cases() -> list[Case]:
    """Gives three lengths, ranks and widths of two attentions, and an adapter; the last attention fails."""
    core = [
        Case(operator=o, seq_len=n, num_heads=2, head_dim=d // 2, hidden_size=d)
        for o in ("sdpa", "uniform")
        for n in (64, 128, 256)
        for d in (32, 64)
    ]
    ranked = [
        Case(operator="linformer", seq_len=n, rank=r, num_heads=2, head_dim=d // 2, hidden_size=d)
        for n in (64, 128, 256)
        for r in (8, 16)
        for d in (32, 64)
    ]
    return core + ranked + [case.replace(provider="lucid") for case in ranked]


def record(case: Case) -> dict[str, object]:
    failed = case.operator == "linformer" and case.seq_len == 256
    seconds = float("nan") if failed else 1e-6 * case.seq_len * (case.rank or 20)
    baseline = case.replace(operator="sdpa", rank=None)
    ratio = seconds / (20e-6 * case.seq_len)
    return {
        **{name: getattr(case, name) for name in Case.__dataclass_fields__ if name != "options"},
        **{"run": "r", "case_id": case.case_id, "case_hash": case.case_hash, "baseline": baseline.case_id},
        **{"group": "g", "family": "attention", "label": case.operator, "status": "oom" if failed else "ok"},
        **{"latency_median_s": seconds, "latency_ci_low_s": 0.9 * seconds, "latency_ci_high_s": 1.1 * seconds},
        **{"latency_ratio": ratio, "latency_ratio_ci_low": 0.9 * ratio, "latency_ratio_ci_high": 1.1 * ratio},
        **{"peak_tensor_bytes": 1e9 * seconds, "attention_rel_error": ERRORS[case.operator]},
    }


def task_cases() -> list[Case]:
    """Gives a pretrained model with its attention replaced, in all layers or one, and fine-tuned; some fail."""
    shape = {"scope": "model", "model": "minilm", "task": "films", "seq_len": 64, "hidden_size": 64, "head_dim": 32}
    swapped = [("sdpa", None), ("linformer", 4), ("linformer", 16), ("uniform", None), ("linformer", 32)]
    adapted = [("full", None), ("lora", 4), ("lora", 16), ("lora", 32)]
    replaced = [Case(operator=o, rank=r, num_heads=2, **shape) for o, r in swapped]
    alone = [
        Case(operator="linformer", rank=r, layer=layer, num_heads=2, **shape) for r in (4, 32) for layer in (0, 1)
    ]
    tuned = [Case(operator=o, rank=r, num_heads=2, steps=100, phase="train", **shape) for o, r in adapted]
    return replaced + alone + tuned


def task_record(case: Case) -> dict[str, object]:
    adapted, last = case.application == "adapted", case.rank == 32 and case.layer != 0
    value = float("nan") if last else 0.7 + 0.005 * (case.rank or 20)
    baseline = case.replace(operator="full" if adapted else "sdpa", rank=None, layer=None)
    curve = "0:0:0.5 50:1:0.6" if last else "0:0:0.5 50:1:0.7 100:2:0.8"
    return {
        **record(case.replace(operator="uniform", rank=None)),
        **{name: getattr(case, name) for name in Case.__dataclass_fields__ if name != "options"},
        **{"case_id": case.case_id, "case_hash": case.case_hash, "baseline": baseline.case_id},
        **{"family": "adapter" if adapted else "attention", "label": case.operator, "application": case.application},
        **{"task_status": "diverged" if last and adapted else "timeout" if last else "ok", "task_reason": None},
        **{"task_metric": "accuracy", "task_value": value, "task_value_ci_low": value - 0.01},
        **{"task_value_ci_high": value + 0.01, "task_majority": 0.72, "task_linear": 0.2, "task_value_before": 0.71},
        **{"task_curve": curve if adapted else None, "trainable_parameters_counted": 1000.0 * (case.rank or 1000)},
        **{"layer_rel_errors": None if last or adapted else "0 0" if case.operator == "sdpa" else "0.1 0.4"},
    }


def typed(rows: list[dict[str, object]]) -> pd.DataFrame:
    """Gives a table of rows, its columns of the kinds that a run's have."""
    kinds = {"text": "string", "flag": "boolean", "number": "float64"}
    frame = pd.DataFrame(rows)
    return frame.astype({column.name: kinds[column.kind] for column in COLUMNS if column.name in frame})


@pytest.fixture(scope="module")
def task_table() -> pd.DataFrame:
    return typed([task_record(case) for case in task_cases()]).assign(options=pd.NA)


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    frame = typed([record(case) for case in cases()])
    return frame.assign(eckart_young_error=frame["rank"].map({8.0: 0.3, 16.0: 0.1}), options=pd.NA)


@pytest.fixture(scope="module")
def rounds() -> pd.DataFrame:
    measured = [record(case) for case in cases() if record(case)["status"] == "ok"]
    every = [
        {**row, "round": number, "latency_s": row["latency_median_s"]} for row in measured for number in range(6)
    ]
    columns = ["run", "case_hash", "group", "round", "latency_s", "log_ratio"]
    return pd.DataFrame([{**row, "log_ratio": 0.0} for row in every])[columns]


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
