from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bench.analysis.series import contexts, measured, own_cases, questions, rounds_by_case, series_label, series_of


def test_the_axis_is_no_part_of_the_context(make_row):
    table = pd.DataFrame([make_row("sdpa", 128), make_row("sdpa", 256)])

    assert len(list(contexts(table))) == 2
    assert len(list(contexts(table, "seq_len"))) == 1


def test_heads_move_with_the_hidden_size(make_row):
    table = pd.DataFrame([make_row("sdpa", 128), make_row("sdpa", 128, num_heads=4.0, hidden_size=256.0)])

    assert len(list(contexts(table, "hidden_size"))) == 1


def test_a_title_says_only_what_differs(make_row):
    table = pd.DataFrame([make_row("sdpa", 128), make_row("sdpa", 128, phase="train", input="smooth")])
    titles = [context.title for context, _ in contexts(table, "seq_len")]

    assert titles == ["core/forward, iid", "core/train, smooth"]


def test_a_name_says_all(make_row):
    context, _ = next(contexts(pd.DataFrame([make_row("sdpa", 128)]), "seq_len"))

    assert context.name == "core/forward, cpu, fp32, 8×64, iid"


def test_the_same_operator_at_two_ranks_is_two_series_but_one_over_rank(make_row):
    table = pd.DataFrame([make_row("linformer", 128, rank=16.0), make_row("linformer", 128, rank=32.0)])

    assert [label for label, _ in series_of(table, "seq_len")] == ["linformer r=16", "linformer r=32"]
    assert [label for label, _ in series_of(table, "rank")] == ["linformer"]


@pytest.mark.parametrize(
    ("changes", "label"),
    [
        ({}, "linformer"),
        ({"rank": 64.0}, "linformer r=64"),
        ({"provider": "linformer"}, "linformer [linformer]"),
        ({"options": "ridge=0.01"}, "linformer ridge=0.01"),
        ({"options": pd.NA, "compiled": np.True_}, "linformer compiled"),
    ],
)
def test_a_label_says_what_tells_a_case_from_its_neighbours(make_row, changes, label):
    assert series_label(make_row("linformer", 128, **changes)) == label


def test_a_status_without_a_latency_is_not_measured(make_row):
    table = pd.DataFrame([make_row("sdpa", 128), make_row("sdpa", 256, status="oom", latency_median_s=np.nan)])

    assert measured(table).tolist() == [True, False]


def test_rounds_without_a_value_are_left_out(planted):
    _, rounds = planted({128: 0.5}, rounds=3)
    rounds.loc[rounds["round"] == 1, "log_ratio"] = np.nan

    assert rounds_by_case(rounds, "log_ratio")["r", "linformer-128-"].tolist() == [0.5, 0.5]


def test_fewer_key_and_value_heads_are_part_of_the_name(make_row):
    table = pd.DataFrame([make_row("sdpa", 128, num_kv_heads=kv) for kv in (8.0, 2.0)])

    assert [context.name for context, _ in contexts(table, "seq_len")] == [
        "core/forward, cpu, fp32, 8×64, iid",
        "core/forward, cpu, fp32, 8×64, 2 kv heads, iid",
    ]


def test_cases_that_differ_in_provider_only_are_one_question(make_row):
    rows = [
        make_row("linformer", 128, rank=r, provider=who)
        for who, r in (("bench", 4.0), ("lucid", 4.0), ("lucid", 8.0))
    ]
    asked = questions(pd.DataFrame(rows)).tolist()

    assert asked[0] == asked[1] != asked[2]


def test_a_package_s_case_beside_ours_is_no_operator_of_its_own(make_row):
    rows = [make_row("linformer", n, provider=who) for who, n in (("bench", 64), ("lucid", 64), ("lucid", 128))]

    assert own_cases(pd.DataFrame(rows))[["provider", "seq_len"]].to_numpy().tolist() == [
        ["bench", 64],
        ["lucid", 128],
    ]


def test_a_model_and_a_task_are_part_of_the_name(make_task_row):
    rows = [make_task_row("sdpa", 0.9, model=model) for model in (None, "minilm")]

    assert [context.name for context, _ in contexts(pd.DataFrame(rows), "seq_len")] == [
        "model/forward, cpu, fp32, 8×64, iid, digits",
        "model/forward, cpu, fp32, 8×64, iid, minilm, digits",
    ]


@pytest.mark.parametrize(
    ("column", "value"),
    [("learning_rate", 0.01), ("seconds", 60.0), ("recover_steps", 50.0), ("seeds", 5.0)],
)
def test_how_a_network_was_trained_is_part_of_the_context_and_told_where_it_differs(make_task_row, column, value):
    table = pd.DataFrame([make_task_row("sdpa", 0.9), make_task_row("sdpa", 0.8, **{column: value})])
    names = [context.name for context, _ in contexts(table, "rank")]

    assert len(names) == 2
    assert names[1].endswith(f", {column} {value:g}")
    assert questions(table).nunique() == 2


def test_a_layer_that_is_replaced_alone_is_a_series_of_the_same_context(make_task_row):
    table = pd.DataFrame([make_task_row("nystrom", 0.9, rank=8.0, layer=layer) for layer in (float("nan"), 3.0)])
    ((_, cases),) = contexts(table)

    assert [label for label, _ in series_of(cases, "seq_len")] == ["nystrom r=8", "nystrom r=8, layer 3"]
    assert series_label(table.iloc[1], "layer") == "nystrom r=8"
    assert questions(table).nunique() == 2


def test_over_the_width_what_comes_out_moves_in_proportion(make_row):
    def projection(width, out):
        return make_row("lora", 64, scope="projection", hidden_size=float(width), out_features=float(out), rank=8.0)

    rows = pd.DataFrame([projection(256, 256), projection(512, 512), projection(256, 1024), projection(512, 2048)])
    found = [(context.title, cases["out_features"].tolist()) for context, cases in contexts(rows, "hidden_size")]

    assert [out for _, out in found] == [[256.0, 512.0], [1024.0, 2048.0]]
    assert [("out 4 × d" in title) for title, _ in found] == [False, True]
