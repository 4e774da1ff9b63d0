from __future__ import annotations

import numpy as np
import pandas as pd

from bench.analysis.adapters import adapter_findings, layer_findings

PROJECTION = {"family": "adapter", "scope": "projection", "num_heads": float("nan"), "head_dim": float("nan")}
PLAIN = {"baseline": "full n=512 ", "peak_tensor_bytes": 1536.0}


def cases(make_row, *ratios):
    rows = [make_row("full", 512, baseline="full n=512 ", **PROJECTION)]
    for operator, rank, ratio, width in ratios:
        ends = {"latency_ratio_ci_low": ratio - width, "latency_ratio_ci_high": ratio + width}
        rows.append(make_row(operator, 512, **PROJECTION, **PLAIN, rank=rank, latency_ratio=ratio, **ends))
    return pd.DataFrame(rows)


def test_unmerged_is_told_beside_merged(make_row):
    table = cases(make_row, ("lora", 4.0, 1.1, 0.02), ("lora", 64.0, 1.5, 0.02), ("lora_merged", 4.0, 1.0, 0.03))
    (finding,) = adapter_findings(table)

    assert finding.headline == (
        "Against full: lora: slower in 2 of 2 cases; lora_merged: no difference seen in 1 case."
    )
    assert finding.details == (
        "lora: time 1.1 [1.08, 1.12] at d=512 r=4, to 1.5 [1.48, 1.52] at d=512 r=64; "
        "peak memory 1.5 × the baseline's.",
        "lora_merged: time 1 [0.97, 1.03] (no difference seen (±3 %)) at d=512 r=4; "
        "peak memory 1.5 × the baseline's.",
    )


def test_without_any_interval_nothing_is_claimed(make_row):
    table = cases(make_row, ("lora", 4.0, 1.1, np.nan), ("lora", 64.0, 1.5, np.nan), ("dora", 4.0, 2.0, np.nan))
    (finding,) = adapter_findings(table)

    assert finding.headline == (
        "There are too few rounds to say what differs from full; lora has the lowest ratio, 1.1."
    )
    assert finding.details[0] == (
        "lora: time 1.1 at d=512 r=4, to 1.5 at d=512 r=64, in too few rounds for an interval; "
        "peak memory 1.5 × the baseline's."
    )


def test_an_adapter_of_too_few_rounds_is_told_apart_from_one_without_a_difference(make_row):
    table = cases(
        make_row,
        ("lora", 4.0, 1.1, 0.02),
        ("lora", 64.0, 1.5, np.nan),
        ("dora", 4.0, 2.0, np.nan),
        ("vera", 4.0, 1, 1),
    )
    (finding,) = adapter_findings(table)

    assert finding.headline == (
        "Against full: lora: slower in 1 of 1 case (1 more in too few rounds); dora: too few rounds to say; "
        "vera: not decided in 1 of 1 case."
    )


def test_many_adapters_of_which_the_same_is_said_are_counted(make_row):
    names = ("lora", "rslora", "dora", "vera")
    (finding,) = adapter_findings(cases(make_row, *((name, 4.0, 1.5, 0.02) for name in names)))

    assert finding.headline == "Against full: lora, rslora and 2 others: slower in 1 of 1 case."
    assert len(finding.details) == 4


def test_implementations_of_several_packages_are_told_apart(make_row):
    table = cases(make_row, ("lora", 4.0, 1.1, 0.02), ("lora", 64.0, 1.5, 0.02))
    (finding,) = adapter_findings(table.assign(provider=["bench", "bench", "peft"]))

    assert [detail.partition(":")[0] for detail in finding.details] == ["lora", "lora [peft]"]


def test_a_layer_of_its_own_is_told_against_exact_attention_and_without_an_error(make_row):
    rows = [make_row("sdpa", n, scope="layer") for n in (256, 512)]
    for n, ratio in ((256, 1.2), (512, 0.8)):
        ends = {"latency_ratio": ratio, "latency_ratio_ci_low": ratio, "latency_ratio_ci_high": ratio}
        rows.append(make_row("mla", n, family="layer", scope="layer", rank=32.0, peak_tensor_bytes=512.0, **ends))
    (finding,) = layer_findings(pd.DataFrame(rows))

    assert (finding.topic, finding.where) == ("layer", "layer/forward, cpu, fp32, 8×64, iid")
    assert finding.headline == "Against sdpa: mla: slower in 1 and faster in 1 of 2 cases."
    assert finding.details == (
        "mla: time 0.8 [0.8, 0.8] at n=512 r=32, to 1.2 [1.2, 1.2] at n=256 r=32; peak memory 0.5 × the baseline's.",
        "Each has weights of its own and approximates nothing: there is no error to hold beside its time.",
    )


def test_a_table_without_adapters_has_no_finding(make_row):
    assert list(adapter_findings(pd.DataFrame([make_row("sdpa", 128)]))) == []
