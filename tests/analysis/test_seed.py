from __future__ import annotations

import numpy as np
import pandas as pd

from bench.analysis.seed import seed_findings


def both(make_row, written_logs, fixed_logs):
    rows, told = [], []
    for operator, logs, error in (("seed_as_written", written_logs, 0.6), ("seed_fixed", fixed_logs, np.nan)):
        ratio = float(np.exp(np.median(logs)))
        ends = {"latency_ratio_ci_low": 0.9 * ratio, "latency_ratio_ci_high": 1.1 * ratio}
        rows.append(make_row(operator, 512, latency_ratio=ratio, output_rel_error=error, **ends))
        case = {"run": "r", "case_hash": rows[-1]["case_hash"]}
        told += [{**case, "group": "g", "round": i, "log_ratio": log} for i, log in enumerate(logs)]
    return pd.DataFrame(rows), pd.DataFrame(told)


def test_rounds_are_paired_before_the_two_are_compared(make_row):
    # the rounds differ tenfold, the pairs by exactly a fifth
    common = np.linspace(0.0, 2.3, 8)
    (finding,) = seed_findings(*both(make_row, common + np.log(1.2), common))

    assert finding.headline == (
        "At n = 512 the seed as written against the seed with its scale fixed: time 1.2 [1.2, 1.2]; "
        "its output is off by 0.6 of the fixed one's norm."
    )


def test_equal_times_show_no_difference(make_row):
    noise = 0.01 * np.array([-1, 1, -1, 1, -1, 1, -1, 1.0])
    (finding,) = seed_findings(*both(make_row, noise, np.zeros(8)))

    assert "time no difference seen (±1 %)" in finding.headline


def test_one_of_them_alone_is_no_comparison(make_row):
    table, rounds = both(make_row, np.zeros(8), np.zeros(8))

    assert list(seed_findings(table[table["operator"] == "seed_fixed"], rounds)) == []
