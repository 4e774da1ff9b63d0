"""Which rows of a table belong together: the cases of a context, and the cases of one line over an axis.

A *context* is all that must be equal before two cases may stand in one picture; the axis under which it is cut
(seq_len, rank, hidden_size) is left out. A *series* is one operator with its settings, and the layer where one alone
is replaced: the points of a line. Goes in: the table. Comes out: pieces of it, with the names that people read.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.case import DTYPES
from bench.units import plural_text

__all__ = [
    "OWN_PROVIDERS",
    "Context",
    "contexts",
    "implementation",
    "measured",
    "moods_by_case",
    "own_cases",
    "questions",
    "rounds_by_case",
    "series_columns",
    "series_label",
    "series_of",
]

_CONTEXT = (
    "run",
    "scope",
    "phase",
    "device",
    "dtype",
    "batch_size",
    "num_heads",
    "num_kv_heads",
    "head_dim",
    "hidden_size",
    "out_features",
    "seq_len",
    "causal",
    "mask",
    "input",
    "threads",
    "model",
    "task",
    "layers",
    "steps",
    "seconds",
    "recover_steps",
    "learning_rate",
    "seeds",
    "seed",
)
_TOLD_WHERE_VARYING = ("threads", *_CONTEXT[_CONTEXT.index("layers") :])
_SERIES = ("operator", "provider", "rank", "options", "compiled", "adapter_dtype", "graph_replay", "layer")
_MOVES_WITH = {
    "seq_len": {"seq_len"},
    "rank": {"rank"},
    "hidden_size": {"hidden_size", "num_heads", "num_kv_heads", "head_dim"},
    "": set(),
}
OWN_PROVIDERS = ("bench", "torch")
"""Whose implementations are ours, or torch's own call as ours makes it; any other is a package beside them."""


@dataclasses.dataclass(frozen=True, slots=True)
class Context:
    """What the cases of one picture have in common."""

    values: Mapping[str, Any]
    """Column -> value, the axis left out; NaN where absent. `out_features` is counted in widths of what goes in."""
    varying: frozenset[str]
    """The columns in which the contexts of the table differ: only these need to be said in a title."""

    @property
    def name(self) -> str:
        """All that a reader needs: ``core/forward, cpu, fp32, 12×32, smooth``."""
        return ", ".join(self._words(self.values.keys() - {"run"} | (self.varying & {"run"})))

    @property
    def title(self) -> str:
        """Scope and phase, and what tells it from its neighbours."""
        return ", ".join(self._words(self.varying | {"scope", "phase"}))

    def _words(self, wanted: Collection[str]) -> Iterator[str]:
        values = {name: value for name, value in self.values.items() if name in wanted and not _absent(value)}
        yield f"{self.values['scope']}/{self.values['phase']}"
        for name in ("run", "device"):
            if name in values:
                yield str(values[name])
        if "dtype" in values:
            yield DTYPES.get(values["dtype"], (values["dtype"], 0))[0]
        if {"num_heads", "head_dim", "hidden_size"} & values.keys():
            yield from self._shape()
        if values.get("out_features", 1.0) != 1.0:
            yield f"out {values['out_features']:g} × d"
        kv_heads = values.get("num_kv_heads")
        if kv_heads is not None and kv_heads != self.values.get("num_heads"):
            yield plural_text(int(kv_heads), "kv head")
        if "seq_len" in values:
            yield f"n={values['seq_len']:g}"
        if values.get("batch_size", 1) != 1:
            yield f"batch {values['batch_size']:g}"
        if values.get("causal"):
            yield "causal"
        if values.get("mask", "none") != "none":
            yield str(values["mask"])
        if "input" in values:
            yield str(values["input"])
        yield from (str(values[name]) for name in ("model", "task") if name in values)
        for name in _TOLD_WHERE_VARYING:
            if name in values and name in self.varying:
                yield f"{name} {values[name]}" if isinstance(values[name], str) else f"{name} {values[name]:g}"

    def _shape(self) -> Iterator[str]:
        heads, width = self.values.get("num_heads"), self.values.get("head_dim")
        if not _absent(heads) and not _absent(width):
            yield f"{heads:g}×{width:g}"
        elif not _absent(self.values.get("hidden_size")):
            yield f"d={self.values['hidden_size']:g}"


def _absent(value: Any) -> bool:
    return value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value))


def measured(table: pd.DataFrame) -> pd.Series[bool]:
    """Gives, row by row, whether the case has a latency."""
    return table["status"].isin(["ok", "throttled"]) & table["latency_median_s"].notna()


def questions(table: pd.DataFrame) -> pd.Series[Any]:
    """Gives, row by row, all that two cases share that differ in provider only: then one is the other's rival."""
    names = [name for name in (*_CONTEXT, *_SERIES) if name in table and name != "provider"]
    return table[names].astype(object).where(table[names].notna(), None).agg(tuple, axis=1).map(repr)


def own_cases(table: pd.DataFrame) -> pd.DataFrame:
    """Gives the table without other packages' cases beside which ours stands: these are no operators of their own.

    What only a package offers stays: nothing else speaks of it.
    """
    foreign = ~table["provider"].isin(OWN_PROVIDERS)
    if not foreign.any():
        return table
    asked = questions(table)
    return table[~(foreign & asked.isin(asked[~foreign]))]


def contexts(table: pd.DataFrame, axis: str = "") -> Iterator[tuple[Context, pd.DataFrame]]:
    """Yields each context with its rows, in the table's order.

    Args:
        table: one row a case.
        axis: `seq_len`, `rank` or `hidden_size`, left out of the context; empty leaves nothing out.
    """
    keys = {name: table[name] for name in _CONTEXT if name in table and name not in _MOVES_WITH[axis]}
    if "out_features" in keys:  # as so many widths, which stays where the width is the axis
        keys["out_features"] = table["out_features"] / table["hidden_size"]
    varying = frozenset(name for name, values in keys.items() if values.nunique(dropna=False) > 1)
    for values, rows in table.groupby(list(keys.values()), dropna=False, sort=False):
        yield Context(dict(zip(keys, values, strict=True)), varying), rows


def series_columns(table: pd.DataFrame, axis: str = "") -> list[str]:
    """Gives the columns that name a line, the axis left out."""
    return [name for name in _SERIES if name in table and name != axis]


def series_of(rows: pd.DataFrame, axis: str) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yields each line's label and its rows, ordered by the axis."""
    for _, line in rows.groupby(series_columns(rows, axis), dropna=False, sort=False):
        yield series_label(line.iloc[0], axis), line.sort_values(axis)


def implementation(row: Mapping[str, Any] | pd.Series[Any]) -> str:
    """Gives an operator's label, and whose it is where it is not ours: ``Nyström [transformers]``."""
    own = row["provider"] in OWN_PROVIDERS
    return str(row["label"]) if own else f"{row['label']} [{row['provider']}]"


def series_label(row: Mapping[str, Any] | pd.Series[Any], axis: str = "") -> str:
    """Gives how a case is called among the others of its context: ``Linformer r=64``, ``Linformer r=64, layer 3``."""
    words = [implementation(row)]
    if axis != "rank" and not _absent(row["rank"]):
        words.append(f"r={row['rank']:g}")
    if isinstance(row.get("options"), str) and row["options"]:
        words.append(str(row["options"]))
    if row.get("compiled") is True or row.get("compiled") is np.True_:
        words.append("compiled")
    if not _absent(row.get("adapter_dtype")):
        words.append(str(row["adapter_dtype"]))
    layer = row.get("layer")
    alone = "" if axis == "layer" or _absent(layer) else f", layer {layer:g}"
    return " ".join(words) + alone


def rounds_by_case(rounds: pd.DataFrame, column: str) -> dict[tuple[str, str], NDArray[np.float64]]:
    """Gives (run, case_hash) -> that column's values over rounds, absent rounds left out.

    Args:
        rounds: columns `run case_hash round latency_s log_ratio`.
        column: `latency_s` or `log_ratio`.
    """
    present = rounds[rounds[column].notna()]
    grouped = present.groupby(["run", "case_hash"])[column]
    return {(str(run), str(case)): values.to_numpy(dtype=float) for (run, case), values in grouped}


def moods_by_case(rounds: pd.DataFrame) -> dict[tuple[str, str], float]:
    """Gives (run, case_hash) -> the standard deviation of a median log ratio that its rounds do not show.

    Args:
        rounds: columns `run case_hash`, and `mood_sd` where it is known: else there is none.
    """
    if "mood_sd" not in rounds:
        return {}
    first = rounds.drop_duplicates(["run", "case_hash"])
    keys = zip(first["run"].astype(str), first["case_hash"].astype(str), strict=True)
    return dict(zip(keys, first["mood_sd"].astype(float), strict=True))
