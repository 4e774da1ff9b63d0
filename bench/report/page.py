"""Puts the page together: what the template prints, as plain values.

Goes in: the table, the findings, the pictures, and what is known of the runs. Comes out: the text of `index.html`,
one file that needs nothing else and reaches nowhere.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import jinja2
import pandas as pd

from bench.analysis.finding import TOPICS, Finding
from bench.analysis.series import measured
from bench.attempt import FAILURES
from bench.column import COLUMNS
from bench.report import style
from bench.report.cells import cell_text
from bench.report.claims import told_claims
from bench.report.pictures import FOLDER, Picture
from bench.units import duration_text, plural_text

__all__ = ["Sheet", "page", "sheet"]

_SECTIONS = {
    "crossover": ("From which length on", ("ratio_over_seq_len",)),
    "latency": ("Latency", ("latency_over_seq_len", "latency_over_rank", "latency_over_hidden_size")),
    "memory": ("Memory", ("memory_over_seq_len", "memory_over_rank", "memory_over_hidden_size")),
    "error": ("Error", ("error_over_seq_len", "error_over_rank", "error_over_hidden_size")),
    "tradeoff": ("Error against latency", ("error_over_latency",)),
    "tasks": (
        "Accuracy on tasks",
        (
            *("task_value_over_rank", "task_value_by_layer", "task_value_over_latency"),
            *("learning_curve", "adapters_accuracy", "error_by_layer"),
        ),
    ),
    "packages": ("Beside other packages", ("beside_packages",)),
    "cases": ("Every case against its baseline", ("ratio_by_group",)),
}

_ENVIRONMENT = (
    *("run", "suite", "state", "started_utc", "wall_s", "commit", "bench_commit"),
    *("machine", "versions", "settings", "peaks", "paces_s", "pace", "data"),
)
"""What is printed of a `run.json`; its plan and its columns are in the table."""


@dataclasses.dataclass(frozen=True, slots=True)
class Sheet:
    """A table as it is printed."""

    headings: tuple[tuple[str, str, bool], ...]
    """Name, tool-tip, and whether its cells are numbers."""
    rows: tuple[tuple[str, tuple[str, ...]], ...]
    """The row's class (``failed``, ``absent`` or empty) and its cells."""
    same: tuple[tuple[str, str], ...] = ()
    """Columns that say the same in every row: name and value."""
    empty: tuple[str, ...] = ()
    """Columns that are absent in every row."""


def sheet(table: pd.DataFrame, about: Mapping[str, str]) -> Sheet:
    """Gives the whole table for print: columns that say nothing, or the same in every row, are named apart.

    Args:
        table: one row a case.
        about: column -> one sentence.
    """
    cells = {name: [cell_text(name, value) for value in table[name].astype(object)] for name in table.columns}
    empty = tuple(name for name, texts in cells.items() if not any(texts))
    constant = {name: texts[0] for name, texts in cells.items() if len(set(texts)) == 1 and texts[0]}
    constant = constant if len(table) > 1 else {}
    first = ["run", "case_id", "status", "latency_median_s", "latency_ratio"]
    order = [*first, *(name for name in cells if name not in first)]
    names = [name for name in order if name in cells and name not in empty and name not in constant]
    headings = tuple((name, about.get(name, ""), pd.api.types.is_numeric_dtype(table[name])) for name in names)
    kinds = [_kind(status) for status in table["status"]]
    rows = tuple((kind, tuple(cells[name][i] for name in names)) for i, kind in enumerate(kinds))
    return Sheet(headings, rows, tuple(constant.items()), empty)


def _kind(status: str) -> str:
    if status in ("ok", "throttled"):
        return ""
    return "failed" if status in FAILURES or status == "interrupted" else "absent"


def page(
    table: pd.DataFrame,
    *,
    run_infos: Sequence[Mapping[str, Any]],
    findings: Sequence[Finding],
    crossovers: pd.DataFrame,
    exponents: pd.DataFrame,
    claims: pd.DataFrame,
    pictures: Sequence[Picture],
) -> str:
    """Gives the text of `index.html`.

    Args:
        table: one row a case.
        run_infos: what `run.json` says of each run.
        findings: of `analysis.verdict.findings`.
        crossovers: of `analysis.crossover.crossovers`.
        exponents: of `analysis.scaling.scaling`.
        claims: of `analysis.claims.claims`.
        pictures: of `pictures.draw_all`.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("bench.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    by_name = {picture.name: picture for picture in pictures}
    told = {name for _, names in _SECTIONS.values() for name in names}
    sections = {
        key: (title, [by_name[n] for n in names if n in by_name]) for key, (title, names) in _SECTIONS.items()
    }
    alone, untimed = _of_one_length(crossovers), _untimed(crossovers)
    return environment.get_template("index.html").render(
        title=" and ".join(dict.fromkeys(str(info.get("suite", "run")) for info in run_infos)) or "run",
        run_infos=[(info.get("suite", ""), info.get("about", ""), list(_facts(info))) for info in run_infos],
        facts=_summary(table, run_infos),
        claims=told_claims(claims),
        topics=[(title, [f for f in findings if f.topic == key]) for key, title in TOPICS.items()],
        crossovers=_by_context(crossovers.drop([*alone.index, *untimed.index])),
        one_length=_series_words(alone),
        untimed=plural_text(len(untimed), "line") if len(untimed) else "",
        exponents=_by_context(exponents),
        sections=sections,
        others=[picture for picture in pictures if picture.name not in told],
        sheet=sheet(table, _about(run_infos)),
        warnings=[*(str(w) for info in run_infos for w in info.get("warnings", ())), *_case_warnings(table)],
        folder=FOLDER,
        light=style.css_variables(dark=False),
        dark=style.css_variables(dark=True),
    )


def _of_one_length(crossovers: pd.DataFrame) -> pd.DataFrame:
    """Gives the lines that were asked for at one length only: nothing is missing there, and nothing crosses."""
    if crossovers.empty:
        return crossovers
    return crossovers[crossovers["text"].str.contains("only n = ", regex=False)]


def _untimed(crossovers: pd.DataFrame) -> pd.DataFrame:
    """Gives the lines that have no latency at any length: why is told elsewhere, and nothing crosses."""
    return crossovers if crossovers.empty else crossovers[crossovers["answer"] == "untimed"]


def _case_warnings(table: pd.DataFrame) -> Iterator[str]:
    """Yields what records warn of, each text once, with the number of its cases and one of them."""
    if "warnings" not in table:
        return
    cases: dict[str, list[str]] = {}
    for row in table[["case_id", "warnings"]].dropna().itertuples(index=False):
        for text in filter(None, str(row.warnings).split("; ")):
            cases.setdefault(text, []).append(str(row.case_id))
    for text, found in sorted(cases.items(), key=lambda each: -len(each[1])):
        such = "" if len(found) == 1 else f"{len(found)} cases, such as "
        yield f"{text} ({such}{found[0]})"


def _series_words(crossovers: pd.DataFrame) -> str:
    if crossovers.empty:
        return ""
    each = crossovers.groupby("context", sort=False)["series"]
    return "; ".join(f"{', '.join(series)} ({context})" for context, series in each)


def _by_context(frame: pd.DataFrame) -> list[tuple[str, list[dict[str, str]]]]:
    if frame.empty:
        return []
    return [
        (str(context), [{str(k): cell_text(str(k), v) for k, v in row.items()} for row in rows.to_dict("records")])
        for context, rows in frame.groupby("context", sort=False)
    ]


def _about(run_infos: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    declared = {c["name"]: c["about"] for info in run_infos for c in info.get("columns", ())}
    return {**{column.name: column.about for column in COLUMNS}, **declared}


def _summary(table: pd.DataFrame, run_infos: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    ok = int(table["status"].isin(["ok", "throttled"]).sum())
    facts = [
        ("cases", f"{ok} measured of {len(table)}"),
        ("groups", str(table.loc[measured(table), "group"].nunique())),
    ]
    for info in run_infos:
        machine = info.get("machine", {})
        words = [str(machine.get("cpu_model", "")), f"{machine['cores']} cores" if machine.get("cores") else ""]
        gpus = [str(gpu["name"]) for gpu in machine.get("gpus", ())] or ["no GPU"]
        facts.append(("machine", ", ".join([*filter(None, words), *gpus])))
        facts.append(("started", cell_text("started_utc", info.get("started_utc"))))
        facts.append(("took", duration_text(info["wall_s"]) if info.get("wall_s") else ""))
    return [(name, value) for name, value in facts if value]


def _facts(info: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in info.items():
        if not prefix and name not in _ENVIRONMENT:
            continue
        if isinstance(value, Mapping):
            yield from _facts(value, f"{prefix}{name} · ")
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            for number, one in enumerate(value):
                yield from _facts(one, f"{prefix}{name} {number} · ")
        elif isinstance(value, list):
            yield f"{prefix}{name}", ", ".join(str(one) for one in value)
        elif value is not None and value != "":
            yield f"{prefix}{name}", cell_text(name, value)
