"""The columns that every run has."""

from __future__ import annotations

import re

import pytest

from bench.column import COLUMNS, Column

# The part of the table in the design that is filled without a metric.
DESIGN = """
run machine commit started_utc suite sweep case_id case_hash operator provider provider_version scope phase device
dtype adapter_dtype batch_size num_heads num_kv_heads head_dim hidden_size out_features seq_len rank rank_kind options
causal mask input compiled graph_replay threads model layers seed steps status reason rounds samples stop disturbed
warnings latency_median_s latency_ci_low_s latency_ci_high_s latency_min_s latency_p90_s latency_ratio
latency_ratio_ci_low latency_ratio_ci_high baseline compile_s peak_rss_bytes kv_cache_bytes flops_formula flops_ideal
flops_counter_gap bytes_min bytes_algorithm parameters trainable_parameters flops_per_s roofline_share energy_j
energy_source eckart_young_error input_entropy input_stable_rank task task_accuracy task_accuracy_ci_low
task_accuracy_ci_high
"""


def test_the_table_has_the_columns_of_the_design() -> None:
    assert set(DESIGN.split()) <= {column.name for column in COLUMNS}


@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: column.name)
def test_a_column_is_explained_in_one_sentence_and_typed(column: Column) -> None:
    assert re.fullmatch(r"[^.].*\.", column.about)
    assert column.kind in ("number", "text", "flag")
    assert column.better in ("", "lower", "higher")


@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: column.name)
def test_a_time_ends_in_s_and_a_size_in_bytes(column: Column) -> None:
    if column.about.startswith("Seconds"):
        assert column.name.endswith("_s")
    if column.about.startswith("Bytes"):
        assert "bytes" in column.name
