"""The pictures of series, drawn from histories that were made up."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pytest

from bench.errors import StoreError
from bench.report.history import MOST_PANELS, build, data, draw


def test_what_is_drawn_has_one_row_a_run_and_the_step_at_its_place(made_history):
    drawn = data([made_history()])

    assert list(drawn["x"]) == list(range(1, 13))
    assert list(drawn["step"]) == [""] * 6 + ["+20.0 % ± 1.1 %"] + [""] * 5
    assert (drawn["status"][3], math.isnan(drawn["value"][3])) == ("oom", True)


def test_only_so_many_series_are_drawn(made_history):
    assert data([made_history(case_id=f"case {i}") for i in range(MOST_PANELS + 3)])["panel"].nunique() == MOST_PANELS


def test_a_failed_run_is_a_mark_with_its_status(made_history):
    (ax,) = draw(data([made_history()])).axes

    assert "oom" in [text.get_text() for text in ax.texts]
    assert "+20.0 % ± 1.1 %" in [text.get_text().strip() for text in ax.texts]


def test_a_series_without_levels_is_drawn_too(made_history):
    few = made_history()
    few = made_history(state="too_few_runs", steps=(), runs=few.runs.assign(level=math.nan))

    assert len(draw(data([few])).axes) == 1


def test_the_folder_holds_pictures_csv_steps_and_a_summary(tmp_path: Path, made_history):
    summary = build([made_history()], tmp_path / "here", title="latency_ratio")

    names = {"history.png", "history.svg", "history.csv", "steps.csv", "summary.md"}
    assert {path.name for path in summary.parent.iterdir()} == names
    assert len(pd.read_csv(summary.parent / "history.csv")) == 12
    assert pd.read_csv(summary.parent / "steps.csv")["also"][0] == "kernel 6.1 -> 6.8"
    assert "history.png" in summary.read_text(encoding="utf-8")


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path, made_history):
    (tmp_path / "file").write_text("")

    with pytest.raises(StoreError, match=r"cannot be made .*; name another folder with --output"):
        build([made_history()], tmp_path / "file" / "here", title="")
