from __future__ import annotations

import json

from bench.report.verdicts.json import render


def test_every_verdict_is_listed_and_the_exit_codes_follow(every):
    data = json.loads(render(every))

    assert data["exit_codes"] == {"pass": 1, "fail": 1}
    assert len(data["verdicts"]) == len(every.verdicts)
    assert data == {**every.to_json(), "exit_codes": data["exit_codes"]} | {"verdicts": data["verdicts"]}


def test_an_undecided_case_fails_only_where_that_is_asked_for(make_comparison, make_verdict):
    undecided = make_verdict(verdict="inconclusive", reason="straddles_margin")

    assert json.loads(render(make_comparison(undecided)))["exit_codes"] == {"pass": 0, "fail": 4}


def test_a_verdict_keeps_its_numbers_and_leaves_out_what_is_absent(every):
    verdict = json.loads(render(every))["verdicts"][1]

    assert verdict == {
        "case_id": "linformer[bench] core/forward n=64 d=16 fp32 cpu",
        "case_hash": "0123456789abcdef",
        "metric": "latency",
        "verdict": "regressed",
        "reason": "beyond_margin",
        "group": "core/forward n=64 d=16 fp32 cpu",
        "base": 2e-3,
        "head": 2.24e-3,
        "ratio": 1.12,
        "ratio_ci_low": 1.1,
        "ratio_ci_high": 1.15,
        "rounds": 24,
    }


def test_a_name_comes_back_as_it_was(make_comparison, make_verdict, hostile):
    assert json.loads(render(make_comparison(make_verdict(case_id=hostile))))["verdicts"][0]["case_id"] == hostile
