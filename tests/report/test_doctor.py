"""What is printed of a machine."""

from __future__ import annotations

import json
import math

from bench.case import Case
from bench.machine.finding import Finding
from bench.report.doctor import findings_text, floor_json, floors_text
from bench.stats.interval import Estimate
from bench.stats.noise_floor import NoiseFloor

CASE = Case(operator="sdpa", provider="torch", seq_len=256, hidden_size=512, num_heads=8, head_dim=64, threads=2)
FLOOR = NoiseFloor(spread=0.01, pair_s=0.4, ratio=Estimate(1.001, 0.995, 1.007, 20))
FINDINGS = [
    Finding(check="clock", state="ok", found="tsc"),
    Finding(check="swap", state="bad", found="pages moved", means="a call may wait", remedy="sudo swapoff -a"),
]


def test_the_worst_stands_first_with_what_it_means_and_what_to_do():
    assert findings_text(FINDINGS).splitlines() == [
        "bad     swap        pages moved",
        "        means       a call may wait",
        "        do          sudo swapoff -a",
        "ok      clock       tsc",
        "1 bad, 1 ok",
    ]


def test_the_noise_floor_ends_in_a_sentence():
    text = floors_text([(CASE, FLOOR, "")], cases=15)

    # 300 s / (15 × 0.4 s) = 50 pairs; t(0.975, 49) = 2.0096; 2.0096 × 0.01 × sqrt(pi / 3 / 50) = 0.002908
    assert "a change below 0.29 % cannot be seen in 5 minutes" in text.splitlines()[-1]


def test_a_case_that_failed_is_told_and_has_no_row():
    text = floors_text([(CASE, None, "oom: too large")], cases=15)

    assert text.splitlines()[-1].endswith("oom: too large")
    assert len(text.splitlines()) == 3


def test_a_time_too_short_for_an_interval_is_a_dash():
    slow = NoiseFloor(spread=0.01, pair_s=4.0, ratio=FLOOR.ratio)

    # 60 s / (15 × 4 s) = 1 pair, 300 s: 5 pairs; six are needed
    assert floors_text([(CASE, slow, "")], cases=15).splitlines()[2].split()[-4:-2] == ["-", "-"]


def test_what_is_absent_is_null_in_json():
    few = NoiseFloor(spread=0.01, pair_s=4.0, ratio=Estimate(1.0, math.nan, math.nan, 3))
    found = json.loads(json.dumps(floor_json(few, cases=15), allow_nan=False))

    assert (found["ratio_ci_low"], found["smallest_change_by_minutes"]["1"]) == (None, None)
