"""What `run.json` says of a plan: every case, its part, and what is to be done with it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from bench.case import Case
from bench.suite.estimate import alive_bytes
from bench.suite.expand import expand
from bench.suite.group import group, with_baselines
from bench.suite.manifest import MAX_ALIVE, manifest
from bench.suite.model import Suite


@pytest.fixture
def entries_of(sweep_of: Callable[[str], Suite]) -> Callable[[str], dict[str, Any]]:
    """Gives a function: the words of a sweep -> the manifest of its plan."""

    def of(words: str) -> dict[str, Any]:
        planned = with_baselines(expand(sweep_of(words)))
        return manifest(planned, group(planned), suite="small", threads=2, versions={"torch": "2.0", "bench": "0.1"})

    return of


def by_operator(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {entry["row"]["operator"]: entry for entry in found["cases"]}


CORE = "scope: core, num_heads: 2, head_dim: 16"


def test_a_manifest_is_json_from_which_the_cases_can_be_read_back(
    entries_of: Callable[[str], dict[str, Any]],
) -> None:
    found = entries_of(f"{{{CORE}, operator: [sdpa, linformer], seq_len: [32, 64], rank: 8}}")

    assert json.loads(json.dumps(found)) == found
    assert [Case.from_json(e["case"]).case_hash for e in found["cases"]] == [e["case_hash"] for e in found["cases"]]


def test_each_part_has_its_baseline_and_each_case_stands_in_one(entries_of: Callable[[str], dict[str, Any]]) -> None:
    found = entries_of(f"{{{CORE}, operator: [sdpa, linformer], seq_len: [32, 64], rank: 8}}")

    parts = {part["name"]: part["baseline"] for part in found["parts"]}
    assert len(parts) == 2
    for entry in found["cases"]:
        (name,) = entry["parts"]
        assert parts[name] == entry["baseline_hash"]


def test_a_baseline_that_the_suite_did_not_ask_for_is_there(entries_of: Callable[[str], dict[str, Any]]) -> None:
    found = by_operator(entries_of(f"{{{CORE}, operator: linformer, seq_len: 32, rank: 8}}"))

    assert found["linformer"]["baseline_hash"] == found["sdpa"]["case_hash"]
    assert found["linformer"]["row"]["baseline"] == found["sdpa"]["row"]["case_id"]


def test_a_large_group_is_split_with_the_baseline_in_each_part(entries_of: Callable[[str], dict[str, Any]]) -> None:
    ranks = list(range(1, 2 * MAX_ALIVE))
    found = entries_of(f"{{{CORE}, operator: [sdpa, linformer], seq_len: 32, rank: {ranks}}}")

    names = [part["name"] for part in found["parts"]]
    assert len(names) > 1
    assert by_operator(found)["sdpa"]["parts"] == names
    alive = {name: sum(name in entry["parts"] for entry in found["cases"]) for name in names}
    assert max(alive.values()) <= MAX_ALIVE


def test_a_case_without_meaning_keeps_its_reason_and_nothing_is_done_with_it(
    entries_of: Callable[[str], dict[str, Any]],
) -> None:
    entry = by_operator(entries_of(f"{{{CORE}, operator: [sdpa, nystrom], seq_len: 32, rank: 8, causal: true}}"))[
        "nystrom"
    ]

    assert (entry["status"], entry["reason"]) == ("unsupported", "nystrom has no causal form")
    assert [entry[what] for what in ("timed", "accuracy", "hardness")] == [False] * 3


def test_an_oracle_beyond_its_length_is_judged_and_not_timed(entries_of: Callable[[str], dict[str, Any]]) -> None:
    found = entries_of(
        "{scope: core, num_heads: 1, head_dim: 16, operator: [sdpa, svd_oracle], seq_len: 2048, rank: 8}"
    )
    entry = by_operator(found)["svd_oracle"]

    assert (entry["timed"], entry["accuracy"], entry["hardness"]) == (False, True, True)
    assert entry["reason"].startswith("an oracle, timed up to seq_len ")


def test_a_row_says_the_threads_that_a_case_without_them_will_use(
    entries_of: Callable[[str], dict[str, Any]],
) -> None:
    found = entries_of(f"{{{CORE}, operator: sdpa, seq_len: 32, threads: 1}}")
    default = entries_of(f"{{{CORE}, operator: sdpa, seq_len: 32}}")

    assert [f["cases"][0]["row"]["threads"] for f in (found, default)] == [1, 2]


def test_a_row_has_its_provider_s_version(entries_of: Callable[[str], dict[str, Any]]) -> None:
    found = by_operator(entries_of(f"{{{CORE}, operator: [sdpa, linformer], seq_len: 32, rank: 8}}"))

    assert [found[name]["row"]["provider_version"] for name in ("sdpa", "linformer")] == ["2.0", "0.1"]


def test_hardness_is_taken_at_scope_core_only(entries_of: Callable[[str], dict[str, Any]]) -> None:
    found = entries_of("{scope: [core, layer], num_heads: 2, head_dim: 16, operator: sdpa, seq_len: 32}")

    assert {entry["row"]["scope"]: entry["hardness"] for entry in found["cases"]} == {"core": True, "layer": False}


def test_what_is_measured_is_not_said_beforehand(entries_of: Callable[[str], dict[str, Any]]) -> None:
    row = entries_of(f"{{{CORE}, operator: sdpa, seq_len: 32, phase: train}}")["cases"][0]["row"]

    assert not row.keys() & {"status", "reason", "estimated_peak_bytes", "saved_for_backward_bytes"}


def test_a_group_that_memory_cannot_hold_at_once_is_split(sweep_of: Callable[[str], Suite]) -> None:
    planned = with_baselines(expand(sweep_of(f"{{{CORE}, operator: linformer, seq_len: 64, rank: [2, 4, 8, 16]}}")))
    (whole,) = group(planned)
    known = {"suite": "small", "threads": 2, "versions": {}}

    def sizes(memory: int) -> list[int]:
        found = manifest(planned, [whole], **known, memory={"cpu": memory})
        return [sum(part["name"] in entry["parts"] for entry in found["cases"]) for part in found["parts"]]

    assert sizes(alive_bytes(whole.cases)) == [5]
    assert sizes(alive_bytes(whole.cases) - 1) == [3, 3]  # the baseline is in both
    assert sizes(1) == [2, 2, 2, 2]
