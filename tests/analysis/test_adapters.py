from __future__ import annotations

import pandas as pd

from bench.analysis.adapters import adapter_findings


def cases(make_row, *ratios):
    base = {"family": "adapter", "scope": "projection", "num_heads": float("nan"), "head_dim": float("nan")}
    rows = [make_row("full", 512, baseline="full n=512 ", **base)]
    for operator, rank, ratio, width in ratios:
        ends = {"latency_ratio_ci_low": ratio - width, "latency_ratio_ci_high": ratio + width}
        more = {"rank": rank, "latency_ratio": ratio, "baseline": "full n=512 ", "peak_tensor_bytes": 1536.0}
        rows.append(make_row(operator, 512, **base, **more, **ends))
    return pd.DataFrame(rows)


def test_unmerged_is_told_beside_merged(make_row):
    table = cases(make_row, ("lora", 4.0, 1.1, 0.02), ("lora", 64.0, 1.5, 0.02), ("lora_merged", 4.0, 1.0, 0.03))
    (finding,) = adapter_findings(table)

    assert finding.headline == (
        "Against full: lora is slower in 2 of 2 cases; lora_merged shows no difference in 1 of 1 cases."
    )
    assert finding.details == (
        "lora: time 1.1 [1.08, 1.12] at d=512 r=4, to 1.5 [1.48, 1.52] at d=512 r=64; peak memory 1.5 × the layer's.",
        "lora_merged: time 1 [0.97, 1.03] (no difference seen (±3 %)) at d=512 r=4; peak memory 1.5 × the layer's.",
    )


def test_a_table_without_adapters_has_no_finding(make_row):
    assert list(adapter_findings(pd.DataFrame([make_row("sdpa", 128)]))) == []
