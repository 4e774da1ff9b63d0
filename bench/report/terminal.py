"""The closing table of a run: for each group its baseline, its fastest case and at what error, and what failed."""

from __future__ import annotations

import pandas as pd
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bench.analysis.errors import error_texts
from bench.analysis.series import own_cases, series_label
from bench.analysis.verdict import TRIVIAL
from bench.attempt import FAILURES, NOT_TRIED
from bench.units import plural_text, ratio_text, seconds_text

__all__ = ["closing"]


def closing(table: pd.DataFrame, console: Console) -> None:
    """Prints one line for each group that was timed, and one for each case that failed.

    Other packages' cases beside which ours stands are not looked for the fastest: the report compares them with ours;
    nor is `uniform`, which only averages.

    Args:
        table: of one run.
        console: where to; on a narrow one cells are wrapped.
    """
    shown = Table(title=None, box=None, pad_edge=False, header_style="bold")
    for name in ("group", "baseline", "", "fastest beside it", "takes × the time", "error of A or o"):
        shown.add_column(name, justify="right" if name in ("", "takes × the time", "error of A or o") else "left")
    for group, members in own_cases(table).groupby("group", sort=False):
        timed = members[members["latency_ratio"].notna()]
        base = timed[timed["case_id"] == timed["baseline"]]
        others = timed[(timed["case_id"] != timed["baseline"]) & (timed["operator"] != TRIVIAL)]
        if base.empty or others.empty:
            continue
        best = others.sort_values("latency_ratio").iloc[0]
        ratio = ratio_text(best["latency_ratio"], best["latency_ratio_ci_low"], best["latency_ratio_ci_high"])
        first = base.iloc[0]
        seconds, (error,) = seconds_text(first["latency_median_s"]), error_texts(best.to_frame().T)
        cells = (str(group), first["label"], seconds, series_label(best), ratio, error)
        shown.add_row(*(Text(str(cell)) for cell in cells))
    if shown.row_count:
        console.print(shown)
    for what in ("", "task_"):
        if f"{what}status" in table:  # a run of an earlier bench knew no task
            for _, row in table[table[f"{what}status"].isin(FAILURES)].iterrows():
                console.print(Text(f"{row[f'{what}status']}: {row['case_id']}: {row[f'{what}reason']}"))
    quiet = table[table["status"].isin(NOT_TRIED)]
    for (status, reason), same in quiet.groupby(["status", "reason"], dropna=False, sort=False):
        console.print(Text(f"{status}: {plural_text(len(same), 'case')}: {reason}"))
    counts = table["status"].value_counts()
    console.print(
        Text(
            f"{plural_text(len(table), 'case')}: "
            + ", ".join(f"{count} {status}" for status, count in counts.items())
        )
    )
