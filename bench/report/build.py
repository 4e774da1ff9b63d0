"""Builds a report: a table in, a folder out, with one page that needs nothing else.

Beside `index.html` stand `summary.md`, `table.csv`, `crossover.csv`, `scaling.csv`, `claims.csv`, the comparisons
behind the claims in `comparisons.csv`, and under `figures/` each picture as PNG, SVG and CSV.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from bench.analysis.claims import comparisons, verdicts
from bench.analysis.crossover import crossovers
from bench.analysis.scaling import scaling
from bench.analysis.verdict import findings
from bench.errors import StoreError
from bench.report.cells import write_csv
from bench.report.markdown import summary
from bench.report.page import page
from bench.report.pictures import draw_all

__all__ = ["build"]


def build(
    table: pd.DataFrame,
    rounds: pd.DataFrame,
    run_info: Mapping[str, Any] | Sequence[Mapping[str, Any]],
    directory: Path,
) -> Path:
    """Builds the report of one or several runs.

    Args:
        table: one row a case, of `bench.load`.
        rounds: columns `run case_hash round latency_s log_ratio`.
        run_info: what `run.json` says, of one run or of several.
        directory: the report's folder; made where it is not there.

    Returns:
        The path of `index.html`.

    Raises:
        StoreError: the folder cannot be written.
    """
    run_infos = [run_info] if isinstance(run_info, Mapping) else list(run_info)
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        found = f"cannot be made ({error.strerror})"
        raise StoreError(str(directory), found, "name another folder with --output") from error
    crossed, grown = crossovers(table, rounds), scaling(table, rounds)
    verdict = findings(table, rounds, crossed)
    compared = comparisons(table, rounds)
    judged = verdicts(table, compared)
    pictures = draw_all(table, rounds, directory)
    frames = {"table": table, "crossover": crossed, "scaling": grown, "claims": judged, "comparisons": compared}
    for name, frame in frames.items():
        write_csv(frame, directory / f"{name}.csv")
    title = " and ".join(dict.fromkeys(str(info.get("suite", "run")) for info in run_infos))
    (directory / "summary.md").write_text(summary(title, table, verdict, crossed, judged), encoding="utf-8")
    index = directory / "index.html"
    text = page(
        table,
        run_infos=run_infos,
        findings=verdict,
        crossovers=crossed,
        exponents=grown,
        claims=judged,
        pictures=pictures,
    )
    index.write_text(text, encoding="utf-8")
    return index
