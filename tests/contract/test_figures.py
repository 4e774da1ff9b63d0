"""What every figure of the catalogue must be; a stranger's is held to the same."""

from __future__ import annotations

import matplotlib
import pandas as pd
import pytest

from bench.case import Case
from bench.column import COLUMNS
from bench.report import figures, style

NAMES = figures.names()
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


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    kinds = {"text": "string", "flag": "boolean", "number": "float64"}
    frame = pd.DataFrame([record(case) for case in cases()])
    known = [column for column in COLUMNS if column.name in frame]
    frame = frame.astype({column.name: kinds[column.kind] for column in known})
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
def test_an_empty_table_gives_an_empty_frame(table, rounds, name):
    assert figures.load(name).data(table.iloc[:0], rounds).empty


@pytest.mark.parametrize("name", NAMES)
def test_what_is_drawn_comes_from_the_data_alone(table, rounds, name):
    member = figures.load(name)
    data = member.data(table, rounds)
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
