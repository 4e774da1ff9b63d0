from __future__ import annotations

import pytest

from bench.case import Case
from bench.suite.expand import expand
from bench.suite.group import Group, baseline, group, group_name, parts, timed, with_baselines
from bench.suite.status import Planned

CORE = Case(operator="linformer", num_heads=2, head_dim=8, hidden_size=16, seq_len=64, rank=4)
LAYER = CORE.replace(operator="lora", scope="layer")
WIDE = Case(operator="lora", scope="projection", hidden_size=16, seq_len=64, rank=4)


def planned(*cases):
    return with_baselines([Planned(case, "a") for case in cases])


def operators_of(cases):
    return [case.operator for case in cases]


@pytest.mark.parametrize(
    ("cases", "operator", "provider"),
    [
        ([CORE], "sdpa", "torch"),
        ([LAYER], "full", "bench"),
        ([LAYER, LAYER.replace(operator="linformer")], "sdpa", "torch"),
        ([WIDE], "full", "bench"),
    ],
)
def test_the_baseline_is_exact_attention_or_the_plain_projection(cases, operator, provider):
    base = baseline(cases)

    assert (base.operator, base.provider) == (operator, provider)


def test_the_baseline_is_of_the_same_group_and_plain():
    base = baseline([WIDE.replace(options=(("alpha", 4.0),), compiled=True, adapter_dtype="float64")])

    assert base == WIDE.replace(operator="full", rank=None)


def test_layers_that_are_replaced_alone_are_held_against_the_model_as_it_is():
    model = {"scope": "model", "model": "minilm", "task": "film_sentences"}
    swapped = [CORE.replace(**model, layer=layer) for layer in (None, 0, 5)]
    (one,) = group(planned(*swapped))

    assert one.baseline == swapped[0].replace(operator="sdpa", provider="torch", rank=None)
    assert one.cases == (one.baseline, *swapped)
    assert "layer" not in one.name.partition("/")[2]


def test_a_baseline_that_nobody_asked_for_is_added_before_its_group():
    added = planned(CORE, CORE.replace(rank=8), CORE.replace(seq_len=128))

    assert [(each.case.operator, each.case.seq_len, each.sweep) for each in added] == [
        *(("sdpa", 64, "a"), ("linformer", 64, "a"), ("linformer", 64, "a")),
        *(("sdpa", 128, "a"), ("linformer", 128, "a")),
    ]


def test_a_baseline_that_is_there_is_not_added():
    asked = [Planned(CORE, "a"), Planned(baseline([CORE]), "b")]

    assert with_baselines(asked) == tuple(asked)


def test_cases_whose_baseline_has_no_meaning_are_unsupported():
    (each,) = planned(CORE.replace(scope="model", phase="decode"))
    told = "phase decode at scope model needs causal: true, or the cache would change with each token"

    assert (each.status, each.reason) == ("unsupported", f"its baseline sdpa is unsupported: {told}")


def test_a_group_holds_its_baseline_first():
    (only,) = group(planned(CORE, CORE.replace(rank=8)))

    assert (operators_of(only.cases), only.baseline) == (["sdpa", "linformer", "linformer"], only.cases[0])


def test_cases_that_are_not_planned_are_in_no_group():
    cases = [*planned(CORE), Planned(CORE.replace(rank=8), "a", "skipped", "no CUDA device")]

    assert [operators_of(each.cases) for each in group(cases)] == [["sdpa", "linformer"]]


def test_groups_come_cheapest_first():
    groups = group(planned(*(CORE.replace(seq_len=n) for n in (256, 64, 128))))

    assert [each.baseline.seq_len for each in groups] == [64, 128, 256]


def test_an_oracle_beyond_its_length_is_not_timed():
    oracle = CORE.replace(operator="svd_oracle")

    assert [timed(oracle.replace(seq_len=n)) for n in (512, 513)] == [True, False]


def test_an_oracle_beyond_its_length_stays_planned_and_is_in_no_group():
    long = CORE.replace(operator="svd_oracle", seq_len=1024)
    cases = planned(long)

    assert ([each.case for each in cases], group(cases)) == ([long], ())


def test_a_group_s_name_reads_well():
    case = CORE.replace(input="captured_minilm", batch_size=3, options=(("x", 1.0),), compiled=True)

    assert group_name(case) == "core/forward n=64 d=16 fp32 cpu batch_size=3 head_dim=8 input=captured_minilm"


def test_names_of_groups_are_unique_within_the_design_s_example(root):
    from bench.suite.read import read

    planned = expand(read(root / "tests/suite/examples/design.yaml"))
    keys = {each.case.group_key for each in planned}

    assert len({group_name(each.case) for each in planned}) == len(keys)


def group_of(others: int) -> Group:
    base = baseline([CORE])
    return Group("g", (base, *(CORE.replace(rank=1 + i) for i in range(others))), base)


def test_a_group_that_may_be_alive_at_once_is_its_only_part():
    assert parts(group_of(3), 4) == (group_of(3),)


@pytest.mark.parametrize(
    ("others", "alive", "sizes"), [(4, 4, [3, 3]), (7, 4, [4, 3, 3]), (5, 2, [2] * 5), (0, 2, [1])]
)
def test_parts_are_of_equal_size(others, alive, sizes):
    assert [len(part.cases) for part in parts(group_of(others), alive)] == sizes


def test_parts_hold_every_case_once_and_the_baseline_first():
    split = parts(group_of(7), 4)

    assert {part.cases[0] for part in split} == {group_of(7).baseline}
    assert sorted(case.rank for part in split for case in part.cases[1:]) == list(range(1, 8))


def test_implementations_of_one_operator_stay_in_one_part():
    base = baseline([CORE])
    providers = ("bench", "lucid", "hugging")
    cases = [CORE.replace(rank=rank, provider=provider) for provider in providers for rank in (1, 2, 3)]
    split = parts(Group("g", (base, *cases), base), 5)

    assert [len(part.cases) for part in split] == [4, 4, 4]
    assert all(len({case.rank for case in part.cases[1:]}) == 1 for part in split)


def test_more_implementations_than_may_be_alive_are_split():
    base = baseline([CORE])
    cases = [CORE.replace(provider=provider) for provider in ("bench", "lucid", "hugging")]

    assert [len(part.cases) for part in parts(Group("g", (base, *cases), base), 3)] == [3, 2]


def test_parts_are_numbered():
    assert [part.name for part in parts(group_of(4), 4)] == ["g (1/2)", "g (2/2)"]


def test_fewer_than_two_alive_are_refused():
    with pytest.raises(ValueError, match="a baseline and one case are two processes, 1 may be alive"):
        parts(group_of(2), 1)
