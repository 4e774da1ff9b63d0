"""Which cases of a group are worth having: nothing else is both faster and nearer to exact attention.

Goes in: one group's rows and its rounds. Comes out: whether a case is on the front by its medians, and the
probability that it is, when rounds are drawn anew and a random operator's error lies in its own spread.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from bench.analysis.resample import DRAWS

__all__ = ["front_probability", "on_front"]

_Z90 = float(stats.norm.ppf(0.9))


def on_front(costs: ArrayLike) -> NDArray[np.bool_]:
    """Gives which points no other point beats: none is at most equal in every cost and less in one.

    Args:
        costs: [..., points, costs], less is better, none absent. Equal points are both on the front.

    Returns:
        [..., points].
    """
    x = np.asarray(costs, dtype=float)
    mine, other = x[..., :, None, :], x[..., None, :, :]
    beaten = (other <= mine).all(axis=-1) & (other < mine).any(axis=-1)
    return np.asarray(~beaten.any(axis=-1))


def front_probability(
    group: pd.DataFrame, rounds: pd.DataFrame, *, error: str = "attention_rel_error", seed: int = 0
) -> pd.Series[float]:
    """Gives the probability that each case of a group is on the front of latency and error.

    Rounds are drawn for all cases together, since a round's cases were alive together. The error of a random operator
    is drawn as a log-normal with its 10th and 90th percentile; other errors are numbers without a spread.

    Args:
        group: measured rows of one group of one run, with `latency_median_s` and the error's column.
        rounds: columns `run case_hash round latency_s log_ratio`.
        error: the error's column; `<error>_p10` and `<error>_p90` are read where they are.
        seed: of the draws.

    Returns:
        One number a row of `group`; 0 or 1 where the case has neither rounds nor a spread.
    """
    rng = np.random.default_rng(seed)
    latency = np.log(group["latency_median_s"].to_numpy(dtype=float)) + _latency_noise(group, rounds, rng)
    centre = np.log(np.maximum(group[error].to_numpy(dtype=float), np.finfo(float).tiny))
    spread = np.zeros(len(group))
    if f"{error}_p10" in group and f"{error}_p90" in group:
        low, high = (group[f"{error}_{end}"].to_numpy(dtype=float) for end in ("p10", "p90"))
        known = (low > 0) & (high > low)
        spread[known] = np.log(high[known] / low[known]) / (2 * _Z90)
    errors = centre + spread * rng.standard_normal((DRAWS, len(group)))
    return pd.Series(on_front(np.stack([latency, errors], axis=-1)).mean(axis=0), index=group.index)


def _latency_noise(group: pd.DataFrame, rounds: pd.DataFrame, rng: np.random.Generator) -> NDArray[np.float64]:
    """Gives [draws, cases]: by how much the log median moves when the rounds are drawn anew."""
    mine = rounds[rounds["case_hash"].isin(group["case_hash"]) & rounds["run"].isin(group["run"])]
    table = mine.pivot_table(index="round", columns="case_hash", values="log_ratio")
    table = table.reindex(columns=group["case_hash"]).sort_index()
    logs = table.fillna(table.median()).fillna(0.0).to_numpy(dtype=float)  # an absent round says nothing new
    if not len(logs):
        return np.zeros((DRAWS, len(group)))
    drawn = logs[rng.integers(0, len(logs), size=(DRAWS, len(logs)))]
    return np.asarray(np.median(drawn, axis=1) - np.median(logs, axis=0))
