"""How time and memory grow: the exponent p of ``cost ~ n^p``, fitted on logarithms, with an interval.

Goes in: the table and its rounds. Comes out: one row a line, with the exponent over all measured points and the one
between the last two, which is nearer to the limit because small sizes pay fixed costs.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from bench.analysis.resample import FEWEST_ROUNDS, interval, median_draws
from bench.analysis.series import contexts, measured, rounds_by_case, series_of

__all__ = ["exponent", "peak_bytes", "scaling"]

_FEWEST_POINTS = 3


def exponent(sizes: ArrayLike, costs: ArrayLike) -> NDArray[np.float64]:
    """Gives the least-squares slope of ln(cost) over ln(size), for one cost a size or for many draws of it.

    It assumes one power law over the whole range; a fixed cost at small sizes pulls it down.

    Args:
        sizes: [points], positive.
        costs: [points] or [draws, points], positive.

    Returns:
        A number, or one a draw.
    """
    x = np.log(np.asarray(sizes, dtype=float))
    y = np.log(np.asarray(costs, dtype=float))
    centred = x - x.mean()
    return np.asarray(y @ centred / (centred @ centred))


def peak_bytes(table: pd.DataFrame) -> pd.Series[float]:
    """Gives the peak of a case's memory: the CUDA allocator's where there is one, else that of live tensors."""
    peak = pd.Series(np.nan, index=table.index, dtype=float)
    for column in ("peak_tensor_bytes", "peak_cuda_allocated_bytes"):
        if column in table:
            peak = table[column].astype(float).where(table[column].notna(), peak)
    return peak


def scaling(table: pd.DataFrame, rounds: pd.DataFrame, *, axis: str = "seq_len", seed: int = 0) -> pd.DataFrame:
    """Gives the fitted exponents of every line that has three measured points or more.

    Args:
        table: one row a case.
        rounds: columns `run case_hash round latency_s log_ratio`.
        axis: the size, `seq_len` or `hidden_size`.
        seed: of the resampling.

    Returns:
        Columns `context series operator points smallest largest latency_exponent latency_exponent_ci_low
        latency_exponent_ci_high latency_exponent_tail peak_exponent peak_exponent_tail`. The peak is counted, not
        sampled: it has no interval.
    """
    rng = np.random.default_rng(seed)
    times = rounds_by_case(rounds, "latency_s")
    found: list[dict[str, Any]] = []
    for context, rows in contexts(table, axis):
        for label, line in series_of(rows[measured(rows)], axis):
            if line[axis].nunique() >= _FEWEST_POINTS:
                found.append({"context": context.name, "series": label, **_fit(line, times, axis, rng)})
    columns = ["context", "series", "operator", "points", "smallest", "largest", "latency_exponent"]
    columns += ["latency_exponent_ci_low", "latency_exponent_ci_high", "latency_exponent_tail"]
    return pd.DataFrame(found, columns=[*columns, "peak_exponent", "peak_exponent_tail"])


def _fit(
    line: pd.DataFrame, times: dict[tuple[str, str], NDArray[np.float64]], axis: str, rng: np.random.Generator
) -> dict[str, Any]:
    sizes = line[axis].to_numpy(dtype=float)
    latency = line["latency_median_s"].to_numpy(dtype=float)
    keys = list(zip(line["run"].astype(str), line["case_hash"].astype(str), strict=True))
    low = high = np.nan
    if all(len(times.get(key, ())) >= FEWEST_ROUNDS for key in keys):
        draws = np.stack([median_draws(times[key], rng) for key in keys], axis=1)
        low, high = interval(exponent(sizes, draws))
    peak = peak_bytes(line).to_numpy()
    known = ~np.isnan(peak)
    enough = known.sum() >= _FEWEST_POINTS
    return {
        "operator": line["operator"].iloc[0],
        "points": len(line),
        "smallest": sizes[0],
        "largest": sizes[-1],
        "latency_exponent": float(exponent(sizes, latency)),
        "latency_exponent_ci_low": low,
        "latency_exponent_ci_high": high,
        "latency_exponent_tail": float(exponent(sizes[-2:], latency[-2:])),
        "peak_exponent": float(exponent(sizes[known], peak[known])) if enough else np.nan,
        "peak_exponent_tail": float(exponent(sizes[known][-2:], peak[known][-2:])) if enough else np.nan,
    }
