"""A case: its id for people, its hash for machines, and which others it may be compared with."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from bench.case import Case

CASE = Case(
    operator="linformer", seq_len=1024, hidden_size=512, num_heads=8, head_dim=64, rank=64, options=(("ridge", 0.5),)
)

# A value other than CASE's for each field.
OTHER: dict[str, Any] = {
    "operator": "sdpa",
    "provider": "torch",
    "scope": "layer",
    "phase": "train",
    "device": "cuda",
    "dtype": "float64",
    "adapter_dtype": "float32",
    "batch_size": 2,
    "seq_len": 512,
    "num_heads": 4,
    "num_kv_heads": 2,
    "head_dim": 128,
    "hidden_size": 256,
    "out_features": 128,
    "rank": 32,
    "options": (("ridge", 0.25),),
    "causal": True,
    "mask": "padding",
    "input": "smooth",
    "compiled": True,
    "threads": 1,
    "seed": 1,
    "model": "bert",
    "layers": 2,
    "task": "recall",
    "layer": 1,
    "steps": 10,
    "seconds": 2.5,
    "seeds": 3,
    "learning_rate": 0.001,
    "recover_steps": 20,
}


def test_the_id_is_that_of_the_design() -> None:
    plain = CASE.replace(options=())

    assert plain.case_id == "linformer[bench] core/forward n=1024 d=512 r=64 fp32 cpu"


def test_what_is_not_default_follows_the_id() -> None:
    case = CASE.replace(batch_size=2, causal=True, threads=1)

    assert case.case_id == (
        "linformer[bench] core/forward n=1024 d=512 r=64 fp32 cpu batch_size=2 ridge=0.5 causal=true threads=1"
    )


def test_every_field_is_covered_here() -> None:
    assert OTHER.keys() == {field.name for field in dataclasses.fields(Case)}


@pytest.mark.parametrize("field", OTHER)
def test_the_hash_changes_with_every_field(field: str) -> None:
    assert CASE.replace(**{field: OTHER[field]}).case_hash != CASE.case_hash


@pytest.mark.parametrize("field", sorted(OTHER.keys() - {"num_heads"}))  # hidden_size and head_dim say that one
def test_the_id_tells_every_field_apart(field: str) -> None:
    assert CASE.replace(**{field: OTHER[field]}).case_id != CASE.case_id


def test_a_value_that_is_written_out_is_the_same_case_as_one_left_at_its_default() -> None:
    assert Case(operator="sdpa", seq_len=8, hidden_size=8).case_hash == (
        Case(operator="sdpa", seq_len=8, hidden_size=8, dtype="float32", causal=False).case_hash
    )


@pytest.mark.parametrize("field", OTHER)
def test_a_group_holds_what_differs_in_operator_provider_rank_options_layer_and_compiled(field: str) -> None:
    same = CASE.replace(**{field: OTHER[field]}).group_key == CASE.group_key

    assert same == (field in {"operator", "provider", "rank", "options", "compiled", "adapter_dtype", "layer"})


@pytest.mark.parametrize("case", [CASE, CASE.replace(**OTHER), Case(operator="sdpa", seq_len=8, hidden_size=8)])
def test_json_and_back_is_the_same_case(case: Case) -> None:
    assert Case.from_json(case.to_json()) == case


def test_without_kv_heads_there_are_as_many_as_query_heads() -> None:
    assert (CASE.kv_heads, CASE.replace(num_kv_heads=2).kv_heads) == (8, 2)


def test_an_option_that_is_not_set_has_the_default_that_is_asked_for() -> None:
    assert (CASE.option("ridge", 9.0), CASE.option("alpha", 9.0)) == (0.5, 9.0)


@pytest.mark.parametrize(
    ("words", "application"),
    [
        ({}, ""),
        ({"task": "recall", "steps": 5}, "trained"),
        ({"task": "recall", "model": "minilm"}, "swapped"),
        ({"task": "recall", "model": "minilm", "recover_steps": 5}, "swapped"),
        ({"task": "recall", "model": "minilm", "seconds": 5.0}, "adapted"),
    ],
)
def test_what_is_done_with_a_task_follows_from_model_and_steps(words: dict[str, Any], application: str) -> None:
    assert CASE.replace(**words).application == application
