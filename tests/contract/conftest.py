"""Tables for figures: attentions and an adapter at several lengths, ranks and widths; tasks; some of them fail."""

from __future__ import annotations

import pandas as pd
import pytest

from bench.case import Case
from bench.column import COLUMNS

ERRORS = {"linformer": 0.3, "uniform": 0.8, "sdpa": 0.0, "full": float("nan"), "lora": float("nan")}


def cases() -> list[Case]:
    """Gives three lengths, ranks and widths of two attentions, and an adapter; the last attention fails."""
    core = [
        Case(operator=o, seq_len=n, num_heads=2, head_dim=d // 2, hidden_size=d)
        for o in ("sdpa", "uniform")
        for n in (64, 128, 256)
        for d in (32, 64)
    ]
    ranked = [
        Case(operator="linformer", seq_len=n, rank=r, num_heads=2, head_dim=d // 2, hidden_size=d)
        for n in (64, 128, 256)
        for r in (8, 16)
        for d in (32, 64)
    ]
    return core + ranked + [case.replace(provider="lucid") for case in ranked]


def record(case: Case) -> dict[str, object]:
    failed = case.operator == "linformer" and case.seq_len == 256
    seconds = float("nan") if failed else 1e-6 * case.seq_len * (case.rank or 20)
    baseline = case.replace(operator="sdpa", rank=None)
    ratio = seconds / (20e-6 * case.seq_len)
    return {
        **{name: getattr(case, name) for name in Case.__dataclass_fields__ if name != "options"},
        **{"run": "r", "case_id": case.case_id, "case_hash": case.case_hash, "baseline": baseline.case_id},
        **{"group": "g", "family": "attention", "label": case.operator, "status": "oom" if failed else "ok"},
        **{"latency_median_s": seconds, "latency_ci_low_s": 0.9 * seconds, "latency_ci_high_s": 1.1 * seconds},
        **{"latency_ratio": ratio, "latency_ratio_ci_low": 0.9 * ratio, "latency_ratio_ci_high": 1.1 * ratio},
        **{"peak_tensor_bytes": 1e9 * seconds, "attention_rel_error": ERRORS[case.operator]},
    }


def task_cases() -> list[Case]:
    """Gives a pretrained model with its attention replaced, in all layers or one, and fine-tuned; some fail."""
    shape = {"scope": "model", "model": "minilm", "task": "films", "seq_len": 64, "hidden_size": 64, "head_dim": 32}
    swapped = [("sdpa", None), ("linformer", 4), ("linformer", 16), ("uniform", None), ("linformer", 32)]
    adapted = [("full", None), ("lora", 4), ("lora", 16), ("lora", 32)]
    replaced = [Case(operator=o, rank=r, num_heads=2, **shape) for o, r in swapped]
    alone = [
        Case(operator="linformer", rank=r, layer=layer, num_heads=2, **shape) for r in (4, 32) for layer in (0, 1)
    ]
    tuned = [Case(operator=o, rank=r, num_heads=2, steps=100, phase="train", **shape) for o, r in adapted]
    return replaced + alone + tuned


def task_record(case: Case) -> dict[str, object]:
    adapted, last = case.application == "adapted", case.rank == 32 and case.layer != 0
    value = float("nan") if last else 0.7 + 0.005 * (case.rank or 20)
    baseline = case.replace(operator="full" if adapted else "sdpa", rank=None, layer=None)
    curve = "0:0:0.5 50:1:0.6" if last else "0:0:0.5 50:1:0.7 100:2:0.8"
    return {
        **record(case.replace(operator="uniform", rank=None)),
        **{name: getattr(case, name) for name in Case.__dataclass_fields__ if name != "options"},
        **{"case_id": case.case_id, "case_hash": case.case_hash, "baseline": baseline.case_id},
        **{"family": "adapter" if adapted else "attention", "label": case.operator, "application": case.application},
        **{"task_status": "diverged" if last and adapted else "timeout" if last else "ok", "task_reason": None},
        **{"task_metric": "accuracy", "task_value": value, "task_value_ci_low": value - 0.01},
        **{"task_value_ci_high": value + 0.01, "task_majority": 0.72, "task_linear": 0.2, "task_value_before": 0.71},
        **{"task_curve": curve if adapted else None, "trainable_parameters_counted": 1000.0 * (case.rank or 1000)},
        **{"layer_rel_errors": None if last or adapted else "0 0" if case.operator == "sdpa" else "0.1 0.4"},
    }


def typed(rows: list[dict[str, object]]) -> pd.DataFrame:
    """Gives a table of rows, its columns of the kinds that a run's have."""
    kinds = {"text": "string", "flag": "boolean", "number": "float64"}
    frame = pd.DataFrame(rows)
    return frame.astype({column.name: kinds[column.kind] for column in COLUMNS if column.name in frame})


@pytest.fixture(scope="module")
def task_table() -> pd.DataFrame:
    return typed([task_record(case) for case in task_cases()]).assign(options=pd.NA)


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    frame = typed([record(case) for case in cases()])
    return frame.assign(eckart_young_error=frame["rank"].map({8.0: 0.3, 16.0: 0.1}), options=pd.NA)


@pytest.fixture(scope="module")
def rounds() -> pd.DataFrame:
    measured = [record(case) for case in cases() if record(case)["status"] == "ok"]
    every = [
        {**row, "round": number, "latency_s": row["latency_median_s"]} for row in measured for number in range(6)
    ]
    columns = ["run", "case_hash", "group", "round", "latency_s", "log_ratio"]
    return pd.DataFrame([{**row, "log_ratio": 0.0} for row in every])[columns]
