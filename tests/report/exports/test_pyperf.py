from __future__ import annotations

import importlib.util

import pytest

FORMAT = "pyperf"

pytestmark = pytest.mark.skipif(importlib.util.find_spec("pyperf") is None, reason="pyperf is not installed")


def test_pyperf_reads_a_run_for_each_round(files, small):
    import pyperf

    read = {each.get_name(): each for each in pyperf.BenchmarkSuite.load(str(files[0])).get_benchmarks()}
    timed = small.table[small.table["status"] == "ok"]
    rounds = small.rounds.groupby("case_hash")["latency_s"]

    assert set(read) == set(timed["case_id"])
    for row in timed.itertuples():
        assert read[row.case_id].median() == pytest.approx(row.latency_median_s, rel=1e-12)
        assert read[row.case_id].get_values() == tuple(rounds.get_group(row.case_hash))
        assert read[row.case_id].get_nrun() == row.rounds


def test_parameters_and_machine_are_metadata(files):
    import pyperf

    metadata = pyperf.BenchmarkSuite.load(str(files[0])).get_benchmarks()[0].get_metadata()

    assert (metadata["bench_seq_len"], metadata["bench_phase"], metadata["bench_causal"]) == (16, "forward", False)
    assert (metadata["cpu_model_name"], metadata["commit"]) == ("Example CPU", "1234567890" * 4)


def test_pyperf_compares_two_runs(tool, files):
    done = tool("pyperf", "compare_to", "--table", *files)

    assert done.returncode == 0, done.stderr
    assert done.stdout.count("1.50x slower") == 8  # seven cases and their geometric mean


@pytest.mark.parametrize("words", [["show"], ["stats"], ["metadata"], ["check"], ["dump"]])
def test_pyperf_prints_it(tool, files, words):
    done = tool("pyperf", *words, files[0])

    assert done.stderr == ""
    assert "linformer[bench] core/forward n=16 d=16 r=4 fp32 cpu head_dim=8" in done.stdout
