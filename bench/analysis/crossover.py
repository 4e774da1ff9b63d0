"""From which length on is an operator faster than the baseline of its group?

Goes in: ratios to the baseline over seq_len, one set a round. Comes out: for every line an answer, never silence:
a length with its interval, or why there is none. Between measured lengths the log ratio is a straight line over
ln n; beyond them nothing is claimed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from bench.analysis.resample import FEWEST_ROUNDS, interval, median_draws
from bench.analysis.series import contexts, measured, moods_by_case, own_cases, rounds_by_case, series_of

__all__ = ["ANSWERS", "Crossover", "crossing", "crossovers", "find_crossover"]

ANSWERS = {
    "from": "wins from a length on",
    "everywhere": "wins at every measured length",
    "never": "wins at no measured length",
    "until": "wins only at shorter lengths",
    "undecided": "none in range: the rounds do not decide",
    "absent": "none in range: fewer than two measured lengths",
    "untimed": "none in range: nothing was timed",
}
"""answer -> what it says."""

_TOO_FEW = "(too few rounds for an interval)"


@dataclasses.dataclass(frozen=True, slots=True)
class Crossover:
    """The answer for one line."""

    answer: str
    """A key of `ANSWERS`."""
    seq_len: float
    """The crossing, by the medians; NaN unless the answer is `from` or `until`."""
    low: float
    """Lower end of its 95 % interval; 0 where it may lie below the range, NaN where rounds are too few."""
    high: float
    """Upper end; infinite where it may lie beyond the range."""
    smallest: float
    """The smallest measured length; NaN without any."""
    largest: float
    """The largest measured length; NaN without any."""

    @property
    def text(self) -> str:
        """The answer in words: ``from n = 1240 [1100, 1400]``."""
        span = f"{self.smallest:.0f}–{self.largest:.0f}"
        if self.answer == "untimed":
            return "none in range: nothing was timed"
        if self.answer == "absent":
            only = (
                "no length was measured" if np.isnan(self.smallest) else f"only n = {self.smallest:.0f} was measured"
            )
            return f"none in range: {only}"
        if self.answer in ("from", "until"):
            word = "from" if self.answer == "from" else "only up to"
            return f"{word} n = {self.seq_len:.0f} {self._interval()}"
        if self.answer == "undecided":
            return f"none in range: no difference that the rounds agree on in {span}"
        few = f" {_TOO_FEW}" if np.isnan(self.low) else ""
        if self.answer == "everywhere":
            return f"everywhere in range ({span}){few}"
        doubt = f"; may be from n = {self.low:.0f} on" if self.low <= self.largest else few
        return f"never in range ({span}){doubt}"

    def _interval(self) -> str:
        if np.isnan(self.low):
            return _TOO_FEW
        low = f"< {self.smallest:.0f}" if self.low < self.smallest else f"{self.low:.0f}"
        high = f"> {self.largest:.0f}" if self.high > self.largest else f"{self.high:.0f}"
        return f"[{low}, {high}]"


_UNTIMED = Crossover("untimed", np.nan, np.nan, np.nan, np.nan, np.nan)


def crossing(lengths: ArrayLike, log_ratios: ArrayLike) -> NDArray[np.float64]:
    """Gives the length from which on the log ratio stays below 0, for one or many draws of it.

    Args:
        lengths: [points], ascending.
        log_ratios: [points] or [draws, points].

    Returns:
        One length a draw: 0 where all are below 0, infinite where the last is not.
    """
    x = np.log(np.asarray(lengths, dtype=float))
    y = np.atleast_2d(np.asarray(log_ratios, dtype=float))
    loses = y >= 0
    last_loss = np.where(loses.any(axis=1), y.shape[1] - 1 - loses[:, ::-1].argmax(axis=1), -1)
    found = np.zeros(len(y))
    found[last_loss == y.shape[1] - 1] = np.inf
    inside = np.flatnonzero((last_loss >= 0) & (last_loss < y.shape[1] - 1))
    left = last_loss[inside]
    above, below = y[inside, left], y[inside, left + 1]
    found[inside] = np.exp(x[left] + (x[left + 1] - x[left]) * above / (above - below))
    return found


def find_crossover(
    lengths: Sequence[float],
    medians: Sequence[float],
    rounds: Sequence[ArrayLike],
    *,
    moods: Sequence[float] = (),
    seed: int = 0,
) -> Crossover:
    """Gives the answer for one line.

    Args:
        lengths: measured lengths, ascending; failed ones left out.
        medians: ln of the ratio at each.
        rounds: ln of the ratio at each, one a round.
        moods: standard deviation of each median that its rounds do not show; absent: none.
        seed: of the resampling.
    """
    n = np.asarray(lengths, dtype=float)
    if len(n) < 2:
        edge = float(n[0]) if len(n) else np.nan
        return Crossover("absent", np.nan, np.nan, np.nan, edge, edge)
    rng = np.random.default_rng(seed)
    y = np.asarray(medians, dtype=float)
    falls, rises = float(crossing(n, y)[0]), float(crossing(n, -y)[0])
    enough = min(np.size(values) for values in rounds) >= FEWEST_ROUNDS
    draws = np.full((1, len(n)), np.nan)
    if enough:
        each = zip(rounds, moods or [0.0] * len(n), strict=True)
        draws = np.stack([median_draws(values, rng, extra_sd=mood) for values, mood in each], axis=1)
    low, high = interval(crossing(n, draws)) if enough else (np.nan, np.nan)
    if low == 0 and np.isinf(high):
        answer, at = "undecided", np.nan
    elif np.isfinite(falls) and falls > 0:
        answer, at = "from", falls
    elif falls == 0:
        answer, at = ("everywhere", np.nan) if high == 0 or not enough else ("from", float(n[0]))
    elif 0 < rises < np.inf:
        answer, at = "until", rises
        low, high = interval(crossing(n, -draws)) if enough else (np.nan, np.nan)
    else:
        answer, at = "never", np.nan
    return Crossover(answer, at, low, high, float(n[0]), float(n[-1]))


def crossovers(table: pd.DataFrame, rounds: pd.DataFrame, *, seed: int = 0) -> pd.DataFrame:
    """Gives the answer for every line of a context that was asked for at two lengths or more.

    Other packages' lines beside which ours stands have none: they are compared with ours.

    Args:
        table: one row a case.
        rounds: columns `run case_hash round latency_s log_ratio`.
        seed: of the resampling.

    Returns:
        Columns `context series operator baseline answer seq_len ci_low ci_high smallest largest text unmeasured`;
        `unmeasured` names the lengths without a ratio and why.
    """
    ratios, moods = rounds_by_case(rounds, "log_ratio"), moods_by_case(rounds)
    found: list[dict[str, Any]] = []
    for context, rows in contexts(own_cases(table), "seq_len"):
        if not measured(rows).any() or rows["seq_len"].nunique() < 2:
            continue
        for label, line in series_of(rows, "seq_len"):
            if (line["case_id"] == line["baseline"]).any():
                continue
            keys = list(zip(line["run"].astype(str), line["case_hash"].astype(str), strict=True))
            line = line.assign(
                rounds=pd.Series([ratios.get(key) for key in keys], index=line.index, dtype=object),
                mood=[moods.get(key, 0.0) for key in keys],
            )
            usable = measured(line) & line["latency_ratio"].notna() & line["rounds"].notna()
            good = line[usable]
            logs = np.log(good["latency_ratio"].to_numpy(dtype=float))
            lengths, drawn = good["seq_len"].tolist(), good["rounds"].tolist()
            result = _UNTIMED
            if measured(line).any():
                result = find_crossover(lengths, logs.tolist(), drawn, moods=good["mood"].tolist(), seed=seed)
            found.append(
                {
                    "context": context.name,
                    "series": label,
                    "operator": line["operator"].iloc[0],
                    "baseline": _baseline_label(rows),
                    "answer": result.answer,
                    "seq_len": result.seq_len,
                    "ci_low": result.low,
                    "ci_high": result.high,
                    "smallest": result.smallest,
                    "largest": result.largest,
                    "text": result.text,
                    "unmeasured": _unmeasured(line[~usable]),
                }
            )
    columns = ["context", "series", "operator", "baseline", "answer", "seq_len", "ci_low", "ci_high"]
    return pd.DataFrame(found, columns=[*columns, "smallest", "largest", "text", "unmeasured"])


def _baseline_label(rows: pd.DataFrame) -> str:
    is_baseline = rows["case_id"] == rows["baseline"]
    return str(rows.loc[is_baseline, "label"].iloc[0]) if is_baseline.any() else ""


def _unmeasured(rows: pd.DataFrame) -> str:
    words = []
    for n, status in zip(rows["seq_len"], rows["status"], strict=True):
        words.append(f"{n:.0f}: {'no baseline' if status in ('ok', 'throttled') else status}")
    return ", ".join(words)
