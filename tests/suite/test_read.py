from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.errors import UsageError
from bench.suite.expand import expand
from bench.suite.group import group, with_baselines
from bench.suite.model import Suite, Sweep
from bench.suite.read import read

ROOT = Path(__file__).parents[2]
SUITES = [*(ROOT / "suites").glob("*.yaml"), ROOT / "tests/suite/examples/design.yaml"]


@pytest.mark.parametrize("path", SUITES, ids=lambda path: path.name)
def test_every_committed_suite_is_valid(path):
    planned = with_baselines(expand(read(path)))

    assert group(planned) or all(each.status != "planned" for each in planned)


def test_measure_is_read(suite_of):
    suite = suite_of("suite: s\nmeasure: {budget: 5m, rounds: [3, 9]}\nsweeps: {a: {operator: sdpa}}")

    assert (suite.measure.budget, suite.measure.rounds) == (300.0, (3, 9))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("{operatr: sdpa}", "s.yaml:3:9: unknown word 'operatr'; did you mean 'operator'?"),
        ("{operator: [sdpa, linfomer]}", "s.yaml:3:26: unknown operator 'linfomer'; did you mean 'linformer'?"),
        ("{operator: linfomer}", "s.yaml:3:19: unknown operator 'linfomer'; did you mean 'linformer'?"),
        (
            "{input: captured_minilm_frst}",
            "s.yaml:3:16: unknown input 'captured_minilm_frst'; did you mean 'captured_minilm_first'?",
        ),
        ("{dtype: fp32}", "s.yaml:3:16: unknown dtype 'fp32'; valid: bfloat16, float16, float32, float64"),
        ("{scope: cor}", "s.yaml:3:16: unknown scope 'cor'; did you mean 'core'?"),
        ("{phase: backward}", "s.yaml:3:16: unknown phase 'backward'; valid: decode, forward, train"),
        ("{device: gpu}", "s.yaml:3:17: unknown device 'gpu'; did you mean 'cpu'?"),
        ("{mask: causal}", "s.yaml:3:15: unknown mask 'causal'; valid: none, padding"),
        ("{seq_len: '128'}", "s.yaml:3:18: 'seq_len' is '128'; it must be a whole number"),
        ("{seq_len: [128, 1.5]}", "s.yaml:3:24: 'seq_len' is 1.5; it must be a whole number"),
        ("{seq_len: 0}", "s.yaml:3:18: 'seq_len' is 0; it must be 1 or more"),
        ("{seq_len: true}", "s.yaml:3:18: 'seq_len' is True; it must be a whole number"),
        ("{seq_len: []}", "s.yaml:3:18: 'seq_len' is an empty list; it must hold one or more"),
        ("{seq_len: }", "s.yaml:3:17: 'seq_len' is empty; it must be a whole number"),
        ("{seq_len: {a: 1}}", "s.yaml:3:18: 'seq_len' is a map of 1; it must be a whole number"),
        ("{causal: 1}", "s.yaml:3:17: 'causal' is 1; it must be true or false"),
        (
            "{seconds: 10 minutes}",
            "s.yaml:3:18: 'seconds' is '10 minutes'; "
            "it must be a span such as 90s, 10m or 1.5h, or a number of seconds",
        ),
        ("{operator: lora, options: {alfa: 8}}", "s.yaml:3:35: unknown option 'alfa' of lora; did you mean 'alpha'?"),
        (
            "{operator: sdpa, options: [{alpha: 8}]}",
            "s.yaml:3:36: unknown option 'alpha' of sdpa; sdpa has no options",
        ),
        (
            "{operator: multi_lora_loop, options: {adapters: 0}}",
            "s.yaml:3:56: option 'adapters' of multi_lora_loop is 0; it must be 1 or more",
        ),
        (
            "{operator: multi_lora_loop, options: {adapters: 2.5}}",
            "s.yaml:3:56: option 'adapters' of multi_lora_loop is 2.5; it must be a whole number",
        ),
        ("{operator: lora, options: {alpha: x}}", "s.yaml:3:42: 'alpha' is 'x'; it must be a number"),
        ("[sdpa]", "s.yaml:3:8: 'one' is a list of 1; it must be a map of words"),
    ],
)
def test_a_wrong_word_is_told_with_its_place_and_the_nearest_right_one(sweep_of, words, message):
    with pytest.raises(UsageError) as told:
        sweep_of(words)

    assert str(told.value) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "s.yaml:1:1: 'the file' is empty; it must be a map of words"),
        ("sweeps: {a: {operator: sdpa}}", "s.yaml:1:1: the word 'suite' is missing; suite: …"),
        ("suite: s\nsweeps: {}", "s.yaml:2:9: 'sweeps' is an empty map; it must hold one or more"),
        (
            "suite: 7\nsweeps: {a: {operator: sdpa}}",
            "s.yaml:1:8: 'suite' is 7; it must be a text (quote it if it is one)",
        ),
        (
            "suite: ../x\nsweeps: {a: {operator: sdpa}}",
            "s.yaml:1:8: 'suite' is '../x'; it must be a name of small letters, digits, '.', '_' and '-'",
        ),
        (
            "suite: s\nsweeps: {A b: {operator: sdpa}}",
            "s.yaml:2:10: the name 'A b'; it must be a name of small letters, digits, '.', '_' and '-'",
        ),
        (
            "suite: s\nmeasure: {round: 3}\nsweeps: {a: {}}",
            "s.yaml:2:11: unknown word 'round'; did you mean 'rounds'?",
        ),
        (
            "suite: s\nmeasure: {rounds: [9, 3]}\nsweeps: {a: {}}",
            "s.yaml:2:19: 'rounds' is a list of 2; "
            "it must be the least, then the most; the first is above the second",
        ),
        (
            "suite: s\nmeasure: {precision: 2}\nsweeps: {a: {}}",
            "s.yaml:2:22: 'precision' is 2; it must be less than 1",
        ),
        (
            "suite: s\nmeasure: {rounds: [9]}\nsweeps: {a: {}}",
            "s.yaml:2:19: 'rounds' is a list of 1; it must hold one more",
        ),
        (
            "suite: s\nmeasure: {rounds: [1, 2, 3]}\nsweeps: {a: {}}",
            "s.yaml:2:19: 'rounds' is a list of 3; it must hold at most 2",
        ),
        ("suite: s\nmeasure: {budget: 0}\nsweeps: {a: {}}", "s.yaml:2:19: 'budget' is 0; it must be more than 0"),
        (
            "suite: s\nfixed: {options: {alpha: 8}}\nsweeps: {a: {operator: sdpa}}",
            "s.yaml:2:19: unknown option 'alpha' of sdpa; sdpa has no options",
        ),
    ],
)
def test_a_file_that_is_no_suite_is_told(suite_of, text, message):
    with pytest.raises(UsageError) as told:
        suite_of(text)

    assert str(told.value) == message


def test_all_errors_are_told_in_the_order_of_the_file(sweep_of):
    with pytest.raises(UsageError) as told:
        sweep_of("{dtype: fp8, scope: cor}\nabout: 3")

    assert str(told.value).splitlines() == [
        "s.yaml:3:16: unknown dtype 'fp8'; valid: bfloat16, float16, float32, float64",
        "s.yaml:3:28: unknown scope 'cor'; did you mean 'core'?",
        "s.yaml:4:8: 'about' is 3; it must be a text (quote it if it is one)",
    ]


def test_an_option_of_fixed_may_be_for_any_operator_of_the_suite(suite_of):
    suite = suite_of("suite: s\nfixed: {options: {alpha: 8}}\nsweeps: {a: {operator: sdpa}, b: {operator: lora}}")

    assert suite.fixed.options == ({"alpha": (8,)},)


def refused_or_read(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    try:
        suite = read(path)
    except UsageError:
        return
    assert isinstance(suite, Suite)


ANY_TIME = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)


@ANY_TIME
@given(
    content=st.binary(max_size=80)
    | st.text(alphabet="ab:- []{}&*!|>'\"\\U0#%?,\n\t~1.e", max_size=60).map(str.encode)
)
def test_any_bytes_are_read_or_refused_as_a_user_is_told(tmp_path, content):
    refused_or_read(tmp_path / "any.yaml", content)


LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(["sdpa", "core"])
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
WORDS = st.dictionaries(st.sampled_from([*Sweep.model_fields, "no_word"]), VALUES, max_size=4)


@ANY_TIME
@given(fixed=WORDS, sweeps=st.dictionaries(st.sampled_from(["a", "B", ""]), WORDS, max_size=2))
def test_any_data_are_read_or_refused_as_a_user_is_told(tmp_path, fixed, sweeps):
    content = yaml.safe_dump({"suite": "s", "fixed": fixed, "sweeps": sweeps}, allow_unicode=True)

    refused_or_read(tmp_path / "any.yaml", content.encode("utf-8", "surrogatepass"))
