"""A table as a run of a real suite gives it, from scaling laws instead of a stopwatch; the same at every call."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bench.analysis.history import History, Step
from bench.case import Case
from bench.column import COLUMNS
from bench.report.build import build

_LABELS = {
    "full_naive": "full (naive)",
    "sdpa": "SDPA",
    "linformer": "Linformer",
    "nystrom": "Nyström",
    "performer": "Performer",
    "linear_elu": "elu+1",
    "svd_oracle": "SVD oracle",
    "uniform": "uniform",
    "seed_as_written": "seed as written",
    "seed_fixed": "seed fixed",
    "full": "plain layer",
    "lora": "LoRA",
    "lora_merged": "LoRA merged",
    "dora": "DoRA",
}
_RANKED = {"linformer", "nystrom", "performer", "svd_oracle", "lora", "dora", "lora_merged"}
_BASELINES = {"attention": "sdpa", "adapter": "full"}
_ROUNDS = 8


def _cases() -> Iterator[Case]:
    core = ["sdpa", "full_naive", "linformer", "nystrom", "performer", "linear_elu", "svd_oracle", "uniform"]
    captured = {"scope": "core", "num_heads": 12, "head_dim": 32, "hidden_size": 384, "input": "captured_minilm"}
    for phase, n, operator in itertools.product(["forward", "train"], [128, 256, 512], core):
        for rank in [32, 64, 128] if operator in _RANKED else [None]:
            yield Case(operator=operator, phase=phase, seq_len=n, rank=rank, **captured)
    long = {"scope": "core", "num_heads": 8, "head_dim": 64, "hidden_size": 512, "input": "smooth"}
    for device, n, operator in itertools.product(["cpu", "cuda"], [1024, 2048, 4096], core):
        yield Case(operator=operator, device=device, seq_len=n, rank=64 if operator in _RANKED else None, **long)
    layer = {**long, "scope": "layer"}
    names = ["sdpa", "seed_as_written", "seed_fixed", "linformer"]
    for phase, n, operator in itertools.product(["forward", "train"], [256, 512, 1024, 2048], names):
        yield Case(operator=operator, phase=phase, seq_len=n, rank=64 if operator in _RANKED else None, **layer)
    for phase, n in itertools.product(["forward", "train"], [256, 512]):
        yield Case(operator="linformer", provider="lucid", phase=phase, seq_len=n, rank=64, **layer)
    adapters = ["full", "lora", "lora_merged", "dora"]
    for phase, width, operator in itertools.product(["forward", "train"], [256, 768, 3072], adapters):
        for rank in [4, 16, 64] if operator in _RANKED else [None]:
            shape = {"scope": "projection", "seq_len": 512, "hidden_size": width}
            if operator != "lora_merged" or phase == "forward":
                yield Case(operator=operator, phase=phase, rank=rank, **shape)


def _seconds(case: Case) -> float:
    n, d, r, h = case.seq_len, case.hidden_size, case.rank or 0, case.num_heads or 1
    square, width = h * n * n, h * n * (case.head_dim or d)
    laws = {
        "sdpa": 4e-5 + 7e-11 * square * 32,
        "full_naive": 6e-5 + 1.4e-10 * square * 32,
        "linformer": 1.3e-4 + 4e-11 * width * r * 2,
        "nystrom": 6e-4 + 6e-11 * width * r * 2 + 1e-10 * h * r**3 * 12,
        "performer": 3e-4 + 9e-11 * width * r * 2,
        "linear_elu": 1e-4 + 4e-11 * width * 64,
        "svd_oracle": 2e-3 + 1e-9 * h * n**3 * 2,
        "uniform": 2e-5 + 1e-11 * width * 8,
        "seed_as_written": 7e-5 + 1.2e-10 * square * 24,
        "seed_fixed": 7e-5 + 1.2e-10 * square * 24,
        "full": 2e-5 + 2.5e-11 * n * d * d,
        "lora_merged": 2e-5 + 2.5e-11 * n * d * d,
        "lora": 6e-5 + 2.5e-11 * n * d * d + 1e-10 * n * d * r,
        "dora": 2e-4 + 2.5e-11 * n * d * d + 3e-10 * (n + d) * d * r,
    }
    layer = 1e-10 * n * d * d if case.scope == "layer" else 0.0
    return (laws[case.operator] + layer) * (3.1 if case.phase == "train" else 1.0)


def _peak(case: Case) -> float:
    n, d, r, h = case.seq_len, case.hidden_size, case.rank or 0, case.num_heads or 1
    square = {"full_naive": 2, "svd_oracle": 4, "seed_as_written": 2 / h, "seed_fixed": 2 / h}.get(case.operator, 0)
    return 4 * (square * h * n * n + (2 * h * n + d) * r + 2 * n * d) * (2 if case.phase == "train" else 1)


def _error(case: Case) -> float:
    bound = {32: 0.40, 64: 0.22, 128: 0.09}.get(case.rank or 0, np.nan)
    errors = {
        "sdpa": 3e-16,
        "full_naive": 1e-16,
        "linformer": 1.5 * bound,
        "nystrom": 1.25 * bound,
        "performer": 3.1 * bound**0.5,
        "linear_elu": 0.74,
        "svd_oracle": bound,
        "uniform": 0.81,
        "seed_as_written": 0.66,
        "seed_fixed": 2e-16,
    }
    return errors.get(case.operator, np.nan)


def _status(case: Case) -> tuple[str, str]:
    if case.device == "cuda":
        return "skipped", "no CUDA device here; run on a machine with one"
    if case.operator == "svd_oracle" and case.seq_len > 512:
        return "unsupported", "an oracle is timed up to n = 512"
    if case.operator == "full_naive" and case.seq_len == 4096:
        return "oom", "asked for 1.1 GiB, 1 GiB allowed"
    if case.operator == "performer" and case.seq_len == 4096:
        return "timeout", "no answer in 30 s"
    return "ok", ""


def _logs(case: Case) -> np.ndarray:
    rng = np.random.default_rng(int(case.case_hash, 16))
    return np.log(_seconds(case)) + 0.02 * rng.standard_normal(_ROUNDS)


def _row(case: Case, baseline: Case) -> dict[str, Any]:
    status, reason = _status(case)
    family = "adapter" if case.operator in ("full", "lora", "lora_merged", "dora") else "attention"
    row: dict[str, Any] = {
        "run": "2026-11-24T10-00-00-nlp",
        "machine": "example",
        "suite": "nlp",
        "started_utc": "2026-11-24T10:00:00Z",
        **{name: getattr(case, name) for name in Case.__dataclass_fields__ if name != "options"},
        "options": None,
        "case_id": case.case_id,
        "case_hash": case.case_hash,
        "provider": "torch" if case.operator == "sdpa" else case.provider,
        "rank_kind": "landmarks" if case.rank else "none",
        "num_kv_heads": case.num_heads,
        "status": status,
        "reason": reason or None,
        "baseline": baseline.case_id,
        "group": f"{case.scope}/{case.phase} n={case.seq_len} d={case.hidden_size} {case.device} {case.input}",
        "family": family,
        "label": _LABELS[case.operator],
        "warnings": "",
        "attention_rel_error": _error(case) if case.scope == "core" else np.nan,
        "output_rel_error": 0.8 * _error(case),
        "input_entropy": 0.61 if case.scope == "core" else np.nan,
        "input_stable_rank": 7.3 if case.scope == "core" else np.nan,
        "eckart_young_error": {32: 0.40, 64: 0.22, 128: 0.09}.get(case.rank or 0, np.nan),
    }
    if case.operator == "performer":
        row |= {"attention_rel_error_p10": 0.8 * _error(case), "attention_rel_error_p90": 1.3 * _error(case)}
    if status == "ok":
        logs, ratios = _logs(case), _logs(case) - _logs(baseline)
        row |= {
            "rounds": _ROUNDS,
            "samples": 12 * _ROUNDS,
            "stop": "precision",
            "latency_median_s": np.exp(np.median(logs)),
            "latency_ci_low_s": np.exp(np.sort(logs)[0] - 0.03),
            "latency_ci_high_s": np.exp(np.sort(logs)[-1] + 0.03),
            "latency_ratio": np.exp(np.median(ratios)),
            "latency_ratio_ci_low": np.exp(np.sort(ratios)[0]),
            "latency_ratio_ci_high": np.exp(np.sort(ratios)[-1]),
            "peak_tensor_bytes": _peak(case),
            "peak_rss_bytes": 3e8 + _peak(case),
            "flops_formula": 1e10 * _seconds(case),
            "flops_per_s": 1e10,
        }
    return row


def make_table() -> pd.DataFrame:
    """Gives one row a case, with the columns of the table and those of the metrics."""
    cases = list(_cases())
    rows = []
    for case in cases:
        names = {"adapter" if case.scope == "projection" else "attention"}
        baseline = next(c for c in cases if c.group_key == case.group_key and c.operator == _BASELINES[names.pop()])
        rows.append(_row(case, baseline))
    table = pd.DataFrame(rows)
    missing = [column.name for column in COLUMNS if column.name not in table]
    table = pd.concat([table, pd.DataFrame(np.nan, index=table.index, columns=missing)], axis=1)
    kinds = {"text": "string", "flag": "boolean", "number": "float64"}
    return table.astype({column.name: kinds[column.kind] for column in COLUMNS})


def make_rounds(table: pd.DataFrame) -> pd.DataFrame:
    """Gives one row a measured case and round."""
    rows = []
    cases = {case.case_id: case for case in _cases()}
    for row in table[table["status"] == "ok"].itertuples():
        logs, base = _logs(cases[str(row.case_id)]), _logs(cases[str(row.baseline)])
        for index, (mine, other) in enumerate(zip(logs, base, strict=True)):
            times = {"round": index, "latency_s": np.exp(mine), "log_ratio": mine - other}
            rows.append({"run": row.run, "case_hash": row.case_hash, "group": row.group, **times})
    return pd.DataFrame(rows)


RUN_INFO: dict[str, Any] = {
    "suite": "nlp",
    "about": "Real text through MiniLM's q, k, v, and what low rank does to it.",
    "started_utc": "2026-11-24T10:00:00Z",
    "machine": {"cpu_model": "Example CPU", "cores": 2, "memory_bytes": 8 * 2**30, "gpus": []},
    "versions": {"python": "3.11.9", "torch": "2.13.0", "bench": "0.1.0"},
    "settings": {"budget_s": 600, "precision": 0.02, "rounds": [5, 40], "seed": 0},
    "peaks": {"cpu/float32/2": {"flops_per_s": 1.1e11, "bytes_per_s": 1.4e10}},
    "paces_s": {"cpu/2": 0.0021},
    "columns": [
        {"name": "attention_rel_error", "about": "Relative Frobenius error of the matrix.", "kind": "number"}
    ],
    "cases": [{"case_hash": "0"}],
    "wall_s": 571.0,
    "warnings": ["Other programs took processor time in 3 % of the rounds."],
}


@pytest.fixture(scope="session")
def table() -> pd.DataFrame:
    return make_table()


@pytest.fixture(scope="session")
def rounds(table: pd.DataFrame) -> pd.DataFrame:
    return make_rounds(table)


@pytest.fixture(scope="session")
def run_info() -> dict[str, Any]:
    return RUN_INFO


@pytest.fixture(scope="session")
def report(table: pd.DataFrame, rounds: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Gives the folder of a report on that table, in which one operator's names are hostile."""
    hostile = table.copy()
    hostile.loc[0, ["case_id", "baseline", "label"]] = ["<script>x</script>", "<script>x</script>", "=1+1<b>"]
    return build(hostile, rounds, RUN_INFO, tmp_path_factory.mktemp("reports") / "run").parent


def _audit_row(
    operator: str, provider: str, name: str, holds: bool | None, seen: bool | None, **changes: Any
) -> dict[str, Any]:
    command = f"bench audit --operator {operator} --provider {provider} --property {name}"
    words = {"operator": operator, "provider": provider, "property": name, "command": command, "evidence": None}
    claimed = None if holds is None else "it"
    return {**words, "claimed": claimed, "observed": "…", "holds": holds, "seen": seen, **changes}


@pytest.fixture(scope="session")
def audit_row() -> Callable[..., dict[str, Any]]:
    """Gives a function: operator, provider, property, holds, seen, and changes -> a row of an audit."""
    return _audit_row


@pytest.fixture(scope="session")
def audit_rows() -> list[dict[str, Any]]:
    """A claim that holds, one that is broken, what is not claimed and not so, and a package that is not there."""
    return [
        _audit_row("lora", "bench", "merge", True, True),
        _audit_row("lora", "<b>them</b>", "merge", False, False, observed="changes by | 0.1", evidence="n=3, seed 0"),
        _audit_row("lora", "<b>them</b>", "scale", None, False),
        _audit_row("lora", "absent", "merge", None, None, observed="absent is not installed; pip install it"),
    ]


@pytest.fixture(scope="session")
def audit_seed() -> dict[str, Any]:
    """What an audit says of the article: one error, and one row of its worked example."""
    shown = {"number": "K2", "says": "dim=1", "right": "dim=-1", "shown": "rows are off by 0.86", "values": {}}
    numbers = {"diagonal": 0.471083, "off_diagonal": 0.264458, "row_sum": 1.0, "singular_value_2": 0.206625}
    return {"exhibits": [shown], "worked_example": [{"variant": "right", "entropy_nats": None, **numbers}]}


@pytest.fixture
def made_history() -> Callable[..., History]:
    """Gives a function: changes -> a series of twelve runs, the fourth of which failed, a step at the seventh."""
    place = np.arange(12)
    values = np.where(place == 3, np.nan, np.where(place < 6, 0.5, 0.6))
    numbers = {"value": values, "low": values * 0.99, "high": values * 1.01, "level": [0.5] * 6 + [0.6] * 6}
    commits = ["a" * 40] * 6 + ["b" * 40] * 5 + [None]
    names = {"run": [f"r{i}" for i in place], "started_utc": [f"2026-01-{i + 1:02}T00:00:00+00:00" for i in place]}
    status = {"status": np.where(place == 3, "oom", "ok"), "reason": "", "done": place != 3}
    step = {"row": 6, "ratio": 1.2, "half_width": 0.011, "before": 0.5, "after": 0.6, "worse": True}
    step |= {"run_before": "r5", "run_after": "r6", "commit_before": commits[5], "commit_after": commits[6]}
    step |= {"started_utc": names["started_utc"][6], "also": ("kernel 6.1 -> 6.8",)}
    case = {"case_id": "linformer[bench] n=8", "case_hash": "h", "operator": "linformer", "machine": "m"}
    told = {"torch": "2.13.0", "metric": "latency_ratio", "state": "changed", "scatter": 0.01}
    runs = pd.DataFrame({**names, "commit": commits, **status, **numbers})
    return lambda **changes: History(**{**case, **told, "runs": runs, "steps": (Step(**step),), **changes})
