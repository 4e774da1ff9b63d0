"""Tables whose answers were put into them: one operator beside a baseline, at some lengths, in some rounds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

Planted = tuple[pd.DataFrame, pd.DataFrame]


def row(operator: str, n: int, **changes: Any) -> dict[str, Any]:
    """Gives the columns of a measured attention case at scope core."""
    return {
        "run": "r",
        "case_id": f"{operator} n={n} {changes.get('rank', '')}",
        "case_hash": f"{operator}-{n}-{changes.get('rank', '')}",
        "operator": operator,
        "provider": "bench",
        "label": operator,
        "family": "attention",
        "scope": "core",
        "phase": "forward",
        "device": "cpu",
        "dtype": "float32",
        "batch_size": 1.0,
        "num_heads": 8.0,
        "head_dim": 64.0,
        "hidden_size": 512.0,
        "seq_len": float(n),
        "rank": np.nan,
        "input": "iid",
        "status": "ok",
        "reason": None,
        "baseline": f"sdpa n={n} ",
        "latency_median_s": 1e-3,
        "latency_ratio": 1.0,
        "latency_ratio_ci_low": 1.0,
        "latency_ratio_ci_high": 1.0,
        "peak_tensor_bytes": 1024.0,
        "attention_rel_error": np.nan,
        **changes,
    }


def task_row(operator: str, value: float, difference: float = 0.0, **changes: Any) -> dict[str, Any]:
    """Gives the columns of a case that did a task; its interval reaches 0.02 to each side, its difference's 0.01."""
    reach = changes.pop("reach", 0.0 if operator in ("sdpa", "full") else 0.01)
    return row(operator, 64, **changes) | {
        **{"scope": "model", "task": "digits", "application": "trained", "model": None},
        **{"layers": 2.0, "layer": np.nan},
        **{"steps": 100.0, "seconds": np.nan, "recover_steps": np.nan, "learning_rate": np.nan, "seeds": 3.0},
        **{"task_status": "ok", "task_reason": None, "task_metric": "accuracy", "task_steps": 100.0},
        **{"task_value": value, "task_value_ci_low": value - 0.02, "task_value_ci_high": value + 0.02},
        "task_difference": difference,
        "task_difference_ci_low": difference - reach,
        "task_difference_ci_high": difference + reach,
        **dict.fromkeys(("task_step", "task_step_ci_low", "task_step_ci_high"), np.nan),
        **dict.fromkeys(("task_majority", "task_linear", "task_value_before", "second_task_difference"), np.nan),
        **dict.fromkeys(("checkpoint_bytes", "step0_rel_error", "merge_rel_error"), np.nan),
        **{"task_seeds": 3.0, "task_diverged": 0.0},
        **changes,
    }


@pytest.fixture
def make_row() -> Callable[..., dict[str, Any]]:
    return row


@pytest.fixture
def make_task_row() -> Callable[..., dict[str, Any]]:
    return task_row


@pytest.fixture
def done(make_row) -> Callable[..., dict[str, Any]]:
    """Gives a function: operator and changes -> a row of a case that was trained on a task."""

    def make(operator: str, **changes: Any) -> dict[str, Any]:
        ranked = {} if operator == "sdpa" else {"rank": 8.0}
        facts = {"scope": "model", "modality": "language", "task": "films", "application": "trained", "steps": 100.0}
        facts |= {"layers": 2.0, "learning_rate": np.nan, "task_status": "ok", "task_metric": "accuracy"}
        facts |= {"task_value": 0.8, "task_value_ci_low": 0.78, "task_value_ci_high": 0.82, "task_majority": 0.5}
        facts |= {"task_difference": 0.0, "task_difference_ci_low": 0.0, "task_difference_ci_high": 0.0}
        facts |= {"task_seeds": 3.0, "task_diverged": 0.0, "task_linear": 0.6}
        return make_row(operator, 64, **{**ranked, **facts, **changes})

    return make


@pytest.fixture
def planted() -> Callable[..., Planted]:
    """Gives a function: (length -> ln ratio of `linformer` to `sdpa`, spread, rounds, seed) -> table and rounds."""

    def plant(logs: Mapping[int, float], *, sd: float = 0.0, rounds: int = 8, seed: int = 0) -> Planted:
        rng = np.random.default_rng(seed)
        rows: list[dict[str, Any]] = []
        told: list[dict[str, Any]] = []
        for n, log in logs.items():
            drawn = log + sd * rng.standard_normal(rounds)
            ends = [float(np.exp(end)) for end in (drawn.min(), drawn.max())]
            centre = float(np.exp(np.median(drawn)))
            ratios = {"latency_ratio": centre, "latency_ratio_ci_low": ends[0], "latency_ratio_ci_high": ends[1]}
            rows += [row("sdpa", n), row("linformer", n, latency_median_s=1e-3 * centre, **ratios)]
            told += _rounds(f"sdpa-{n}-", np.zeros(rounds)) + _rounds(f"linformer-{n}-", drawn)
        return pd.DataFrame(rows), pd.DataFrame(told)

    return plant


def _rounds(case_hash: str, logs: Sequence[float]) -> list[dict[str, Any]]:
    return [
        {"run": "r", "case_hash": case_hash, "round": i, "latency_s": 1e-3 * np.exp(log), "log_ratio": log}
        for i, log in enumerate(logs)
    ]
