"""The page of an audit: what does not hold first, then who has which property, then every row.

Goes in: what `audit.json` says. Comes out: a folder with `index.html`, which needs nothing else, `summary.md` and
`audit.csv`. Nothing is measured here and torch is not needed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd

from bench.errors import StoreError
from bench.report import style
from bench.report.cells import write_csv
from bench.report.markdown import escape

__all__ = ["MARKS", "Matrix", "build_audit", "mark_of", "matrix", "violations"]

Row = Mapping[str, Any]

MARKS = {"y": "seen to hold", "n": "not so, and not claimed", "✗": "claimed, and not so", "–": "nothing to judge"}
"""Mark -> what it says."""

_COLUMNS = ("operator", "provider", "property", "claimed", "observed", "holds", "evidence", "device")


@dataclasses.dataclass(frozen=True, slots=True)
class Matrix:
    """Who has which property."""

    properties: tuple[str, ...]
    lines: tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...]
    """Operator, provider, and for each property its mark and what was observed; empty where it has no meaning."""


def violations(rows: Sequence[Row]) -> list[Row]:
    """Gives the rows whose claim does not hold."""
    return [row for row in rows if row["holds"] is False]


def matrix(rows: Sequence[Row]) -> Matrix:
    """Gives operators by properties, in the order of the rows."""
    properties = tuple(sorted({str(row["property"]) for row in rows}))
    cells = {
        (row["operator"], row["provider"], row["property"]): (mark_of(row), str(row["observed"])) for row in rows
    }
    who = dict.fromkeys((str(row["operator"]), str(row["provider"])) for row in rows)
    lines = tuple((o, p, tuple(cells.get((o, p, name), ("", "")) for name in properties)) for o, p in who)
    return Matrix(properties, lines)


def mark_of(row: Row) -> str:
    """Gives a row's cell of the matrix, a key of `MARKS`."""
    if row["holds"] is False:
        return "✗"
    return {True: "y", False: "n", None: "–"}[row["seen"]]


def build_audit(audit: Mapping[str, Any], directory: Path) -> Path:
    """Builds the report of a stored audit.

    Args:
        audit: what `audit.json` says.
        directory: the report's folder; made where it is not there.

    Returns:
        The path of `index.html`.

    Raises:
        StoreError: the folder cannot be written.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        found = f"cannot be made ({error.strerror})"
        raise StoreError(str(directory), found, "name another folder with --reports") from error
    rows: list[Row] = audit["rows"]
    write_csv(pd.DataFrame(rows, columns=[*_COLUMNS, "command"]), directory / "audit.csv")
    (directory / "summary.md").write_text(_summary(audit), encoding="utf-8")
    index = directory / "index.html"
    index.write_text(_page(audit), encoding="utf-8")
    return index


def _page(audit: Mapping[str, Any]) -> str:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("bench.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    rows: list[Row] = audit["rows"]
    return environment.get_template("audit.html").render(
        audit=audit,
        facts=_facts(audit),
        violations=violations(rows),
        matrix=matrix(rows),
        marks=MARKS,
        rows=rows,
        absent=_absent(rows),
        seed=audit.get("seed"),
        light=style.css_variables(dark=False),
        dark=style.css_variables(dark=True),
    )


def _facts(audit: Mapping[str, Any]) -> list[tuple[str, str]]:
    rows: list[Row] = audit["rows"]
    who = {(row["operator"], row["provider"]) for row in rows}
    claims = [row for row in rows if row["claimed"]]
    return [
        ("implementations", str(len(who))),
        ("claims", f"{sum(row['holds'] is True for row in claims)} hold of {len(claims)}"),
        ("do not hold", str(len(violations(rows)))),
        ("could not be judged here", str(sum(row["holds"] is None for row in claims))),
        ("machine", ", ".join(_machine_words(audit))),
        ("torch", str(audit["versions"].get("torch", ""))),
        ("stored", str(audit.get("stored_utc", ""))),
    ]


def _machine_words(audit: Mapping[str, Any]) -> Iterator[str]:
    yield str(audit["machine"].get("cpu_model", ""))
    if audit["asked"].get("device", "cpu") != "cpu":  # before there was a choice it was not stored
        yield from (str(gpu["name"]) for gpu in audit["machine"]["gpus"])


def _absent(rows: Sequence[Row]) -> list[str]:
    """Gives what was told of packages that are not there, once each."""
    return list(dict.fromkeys(str(row["observed"]) for row in rows if "is not installed" in str(row["observed"])))


def _summary(audit: Mapping[str, Any]) -> str:
    rows: list[Row] = audit["rows"]
    broken = violations(rows)
    lines = ["# bench audit", "", *(f"- {name}: {escape(value)}" for name, value in _facts(audit)), ""]
    lines += ["## Claims that do not hold", ""]
    if broken:
        lines += ["| operator | provider | property | claimed | observed | evidence |", "|---|---|---|---|---|---|"]
        names = ("operator", "provider", "property", "claimed", "observed", "evidence")
        lines += ["| " + " | ".join(escape(str(row[name] or "")) for name in names) + " |" for row in broken]
    else:
        lines.append("All claims hold.")
    table = matrix(rows)
    lines += ["", "## Who has which property", "", *(f"- {mark}: {says}" for mark, says in MARKS.items()), ""]
    lines += ["| | " + " | ".join(map(escape, table.properties)) + " |", "|---|" + "---|" * len(table.properties)]
    for operator, provider, cells in table.lines:
        lines.append(f"| {escape(f'{operator}[{provider}]')} | " + " | ".join(mark for mark, _ in cells) + " |")
    if audit.get("seed"):
        lines += ["", "## The article's errors", "", "| | says | right | shown |", "|---|---|---|---|"]
        for each in audit["seed"]["exhibits"]:
            words = (each["number"], each["says"], each["right"], each["shown"])
            lines.append("| " + " | ".join(map(escape, words)) + " |")
    return "\n".join(lines) + "\n"
