"""`bench doctor`, as a user starts it."""

from __future__ import annotations

import json

import pytest

from bench.machine import checks


def test_a_quick_look_tells_every_check_and_judges_nothing(bench):
    done = bench("doctor", "--quick", "--watch", "0.1")

    assert (done.returncode, done.stderr) == (0, "")
    assert all(f" {name} " in done.stdout for name in checks.names() if name != "gpu")
    assert done.stdout.endswith("noise floor: not measured (--quick)\n")


def test_json_has_what_a_program_needs(bench):
    found = json.loads(bench("doctor", "--quick", "--watch", "0.1", "--format", "json").stdout)

    assert found.keys() == {"machine", "watched_s", "findings", "noise_floor", "noise_floor_absent"}
    assert found["findings"][0].keys() == {"check", "state", "found", "means", "remedy"}


def test_looking_needs_no_torch(bench):
    done = bench("doctor", "--quick", "--watch", "0.1", python=("-X", "importtime"))

    assert "bench.machine" in done.stderr
    assert "torch" not in {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}


@pytest.mark.slow
def test_the_noise_floor_is_measured_with_one_thread_and_with_all(bench):
    found = json.loads(bench("doctor", "--watch", "0.1", "--pairs", "6", "--format", "json").stdout)

    assert {each["threads"] for each in found["noise_floor"]} == {1, found["machine"]["cores"]}
    assert all(each["spread"] > 0 and each["pairs"] == 6 for each in found["noise_floor"])


def test_too_few_pairs_are_a_usage_error(bench):
    done = bench("doctor", "--pairs", "3")

    assert (done.returncode, done.stderr) == (2, "error: --pairs: 3 is too little; --pairs 6 or more\n")
