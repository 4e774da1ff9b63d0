"""A comparison with a verdict of each kind, and a case whose name would be markup or a command anywhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bench.verdict import Comparison, Side, Verdict

GROUP = "core/forward n=64 d=16 fp32 cpu"
HOSTILE = "::error::x|y\x1b[31m<b>\n##[error]`z`"


def verdict(operator: str = "linformer", **changes: Any) -> Verdict:
    plain = {"metric": "latency", "verdict": "unchanged", "reason": "within_margin", "group": GROUP}
    return Verdict(**{"case_id": f"{operator}[bench] {GROUP}", "case_hash": "0123456789abcdef", **plain, **changes})


def comparison(*verdicts: Verdict, **changes: Any) -> Comparison:
    sides = {"base": Side(name="main", commit="1a2b3c4d5e6f7a8b"), "head": Side(name="HEAD", commit="9f8e7d6c5b4a")}
    plain = {"kind": "ab", "suite": "suites/nlp.yaml", "margin": 0.02, "wall_s": 171.0}
    return Comparison(**{**sides, **plain, **changes}, verdicts=verdicts)


@pytest.fixture
def make_verdict() -> Callable[..., Verdict]:
    return verdict


@pytest.fixture
def make_comparison() -> Callable[..., Comparison]:
    return comparison


@pytest.fixture
def hostile() -> str:
    """The name of a case that is a workflow command, a cell's end, an escape of the terminal and a tag."""
    return HOSTILE


@pytest.fixture
def every() -> Comparison:
    """Gives a comparison in which each kind of verdict occurs."""
    times = {"base": 2e-3, "head": 2.24e-3, "ratio": 1.12, "ratio_ci_low": 1.1, "ratio_ci_high": 1.15, "rounds": 24}
    same = {"base": 1e-3, "head": 1.01e-3, "ratio": 1.01, "ratio_ci_low": 0.995, "ratio_ci_high": 1.015, "rounds": 12}
    exact = {"metric": "peak_tensor_bytes", "base": 1048576.0}
    error = {"metric": "output_rel_error", "base": 0.1}
    return comparison(
        verdict("sdpa", **same),
        verdict("linformer", verdict="regressed", reason="beyond_margin", **times),
        verdict("nystrom", verdict="improved", reason="beyond_margin", base=2e-3, head=1e-3, ratio=0.5, rounds=24),
        verdict("performer", verdict="inconclusive", reason="straddles_margin", more_rounds=12, **times),
        verdict("sdpa", **exact, verdict="unchanged", reason="equal", head=1048576.0, ratio=1.0),
        verdict("linformer", **exact, verdict="regressed", reason="more", head=2097152.0, ratio=2.0),
        verdict("linformer", **error, verdict="unchanged", reason="within_tolerance", head=0.101, ratio=1.01),
        verdict(
            "uniform", metric="case", verdict="failed", reason="failed_in_head", detail="head: oom: 2 GiB asked for"
        ),
        verdict("linear_elu", metric="case", verdict="vanished", reason="only_in_base"),
        verdict("flex", metric="case", verdict="new", reason="only_in_head"),
        verdict("mla", metric="case", verdict="changed", reason="definition_changed"),
        differences=("torch is 2.12.0 in main and 2.13.0 in HEAD",),
        notes=("the budget was spent",),
    )
