from __future__ import annotations

import jsonschema
import pytest

from bench import operators
from bench.case import Case
from bench.suite.model import Suite, Sweep, span_s

SMALL = {"suite": "small", "sweeps": {"one": {"operator": "sdpa"}}}


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90.0), ("10m", 600.0), ("1.5h", 5400.0)])
def test_a_span_is_read_in_seconds(text, seconds):
    assert span_s(text) == seconds


@pytest.mark.parametrize("text", ["", "10", "m", "10 m", "-1s", "1d", "1e3s", "10m "])
def test_what_is_no_span_is_refused(text):
    with pytest.raises(ValueError, match="is no span of time such as"):
        span_s(text)


def test_a_suite_need_not_say_how_to_measure():
    measure = Suite.model_validate(SMALL).measure

    assert (measure.budget, measure.precision, measure.rounds, measure.seed) == (600.0, 0.02, (6, 40), 0)


def test_a_single_value_stands_for_a_list_of_one():
    assert Sweep.model_validate({"rank": 3}) == Sweep.model_validate({"rank": [3]})


def test_given_holds_only_the_words_that_are_there():
    assert Sweep.model_validate({"rank": [4, 8], "operator": "lora"}).given() == {
        "operator": ("lora",),
        "rank": (4, 8),
    }


def test_false_is_given():
    assert Sweep.model_validate({"causal": False}).given() == {"causal": (False,)}


def test_every_field_of_a_case_is_a_word_of_a_sweep():
    beside = {"seed"}  # of measure

    assert set(Case.__dataclass_fields__) - beside <= set(Sweep.model_fields)


def test_every_word_is_described_in_the_schema():
    schema = Suite.model_json_schema()
    described = [schema, *schema["$defs"].values()]

    words = [(name, each) for model in described for name, each in model["properties"].items()]
    assert [name for name, each in words if not {"description", "$ref"} & set(each)] == []


def test_the_schema_lists_the_operators():
    word = Suite.model_json_schema()["$defs"]["Sweep"]["properties"]["operator"]

    assert word["anyOf"][0]["enum"] == list(operators.names())


@pytest.mark.parametrize("rank", [[], "8", 0, True, [8, None], {"a": 1}])
def test_the_schema_refuses_what_is_no_rank(rank):
    suite = {**SMALL, "fixed": {"rank": rank}}

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(suite, Suite.model_json_schema())


def test_a_suite_from_no_file_says_where_by_its_words():
    assert Suite.model_validate(SMALL).where("sweeps", "one", "rank") == "small.sweeps.one.rank"
