"""A case as other tools take it: its parameters, its measures with their rounds, and all else that is known of it.

Goes in: a run's table, its rounds and its `run.json`. Comes out: one `Exported` a case in the table's order, those
without a latency too, since a format says for itself what it has room for. Absent is absent, never 0; every text is
one harmless line.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.analysis.scaling import peak_bytes
from bench.analysis.series import measured, rounds_by_case
from bench.attempt import FAILURES
from bench.case import Case
from bench.report.exports._text import one_line

__all__ = ["Exported", "Measure", "Scalar", "exported"]

Scalar = str | int | float | bool
Floats = NDArray[np.float64]

_AXES = tuple(field.name for field in dataclasses.fields(Case))
_ELSEWHERE = {"run", "machine", "commit", "started_utc", "suite", "case_id", "case_hash", "group", "status", "reason"}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One number of a case that is worth a curve of its own."""

    name: str
    """`latency`, `latency_ratio` or `peak_bytes`."""
    unit: str
    """`s`, `1` or `B`."""
    value: float
    """As in the table."""
    low: float | None = None
    """Lower end of its interval; absent where the rounds are too few or the number is exact."""
    high: float | None = None
    """Upper end of the same."""
    samples: tuple[float, ...] = ()
    """One number a round, in the order of measuring; none where the number is exact."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """One case."""

    case_id: str
    """The case, for people; unique in its run."""
    case_hash: str
    """The case, for machines."""
    group: str
    """The cases it may be compared with."""
    status: str
    """One of `bench.attempt.STATUSES`."""
    reason: str
    """Why there is no latency; empty where there is one."""
    parameters: dict[str, Scalar]
    """The fields of its `Case` as measured: `seq_len`, `rank`, …; absent ones are left out."""
    identity: dict[str, Any]
    """The fields of its `Case` that are not at their default: what `case_hash` is made of."""
    facts: dict[str, Scalar]
    """Every other column of the table that is present."""
    measures: dict[str, Measure]
    """By name, `latency` first; empty where there is no latency."""

    @property
    def measured(self) -> bool:
        """Whether it has a latency."""
        return "latency" in self.measures

    @property
    def failed(self) -> bool:
        """Whether its status is a failure; a case that is unsupported, skipped or interrupted did not fail."""
        return self.status in FAILURES

    @property
    def latency(self) -> Measure:
        """Its latency; only where it is measured."""
        return self.measures["latency"]


def exported(table: pd.DataFrame, rounds: pd.DataFrame, run_info: Mapping[str, Any]) -> list[Exported]:
    """Gives the cases of one run.

    Args:
        table: one row a case.
        rounds: columns `run case_hash round latency_s log_ratio`.
        run_info: what `run.json` holds.
    """
    identities = {entry["case_hash"]: entry["case"] for entry in run_info["cases"]}
    seconds, logs = _by_hash(rounds, "latency_s"), _by_hash(rounds, "log_ratio")
    facts = [name for name in table.columns if name not in _ELSEWHERE and name not in _AXES]
    found = []
    for (_, row), timed, peak in zip(table.iterrows(), measured(table), peak_bytes(table), strict=True):
        case_hash = str(row["case_hash"])
        ratios = np.exp(logs.get(case_hash, np.empty(0)))
        found.append(
            Exported(
                case_id=one_line(str(row["case_id"])),
                case_hash=case_hash,
                group=one_line(str(row["group"])),
                status=str(row["status"]),
                reason=str(_plain(row["reason"]) or ""),
                parameters=_present(row, _AXES),
                identity=identities[case_hash],
                facts=_present(row, facts),
                measures=_measures(row, seconds[case_hash], ratios, peak) if timed else {},
            )
        )
    return found


def _by_hash(rounds: pd.DataFrame, column: str) -> dict[str, Floats]:
    """Gives case_hash -> values; of one run, whose folder may have been renamed since its table was written."""
    return {case_hash: values for (_, case_hash), values in rounds_by_case(rounds, column).items()}


def _measures(row: pd.Series[Any], seconds: Floats, ratios: Floats, peak: float) -> dict[str, Measure]:
    found = [_measure("latency", "s", row, ("latency_median_s", "latency_ci_low_s", "latency_ci_high_s"), seconds)]
    if row["case_id"] != row["baseline"] and not math.isnan(row["latency_ratio"]):  # a baseline's is 1 by definition
        columns = ("latency_ratio", "latency_ratio_ci_low", "latency_ratio_ci_high")
        found.append(_measure("latency_ratio", "1", row, columns, ratios))
    if not math.isnan(peak):
        found.append(Measure(name="peak_bytes", unit="B", value=float(peak)))
    return {measure.name: measure for measure in found}


def _measure(name: str, unit: str, row: pd.Series[Any], columns: tuple[str, str, str], samples: Floats) -> Measure:
    value, low, high = (float(row[column]) for column in columns)
    return Measure(
        name=name,
        unit=unit,
        value=value,
        low=None if math.isnan(low) else low,
        high=None if math.isnan(high) else high,
        samples=tuple(float(sample) for sample in samples),
    )


def _present(row: pd.Series[Any], names: Sequence[str]) -> dict[str, Scalar]:
    found = {name: _plain(row[name]) for name in names if name in row}
    return {name: value for name, value in found.items() if value is not None}


def _plain(value: Any) -> Scalar | None:
    """Gives a cell as JSON takes it; a whole number as one, and what is not finite as its name."""
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, str):
        return one_line(value) or None
    number = float(value)
    if not math.isfinite(number):
        return str(number)
    return int(number) if number.is_integer() else number
