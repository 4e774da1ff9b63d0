from __future__ import annotations

import pytest

from bench.errors import UsageError
from bench.machine.fingerprint import cores
from bench.suite.expand import expand, providers
from bench.suite.read import read

CORE = "operator: sdpa, num_heads: 2, head_dim: 8, seq_len: 16"


def cases(suite, **narrowed):
    return [each.case for each in expand(suite, **narrowed)]


def test_a_sweep_is_the_product_of_its_lists(sweep_of):
    suite = sweep_of(
        "{operator: [sdpa, full_naive], num_heads: 2, head_dim: 8, seq_len: [16, 32], phase: [forward, train]}"
    )

    assert {(case.operator, case.seq_len, case.phase) for case in cases(suite)} == {
        (operator, n, phase)
        for operator in ("sdpa", "full_naive")
        for n in (16, 32)
        for phase in ("forward", "train")
    }


def test_the_design_s_example_has_the_cases_that_it_describes(root):
    planned = expand(read(root / "tests/suite/examples/design.yaml"))
    by_sweep = {name: sum(each.sweep == name for each in planned) for name in ("attention", "long", "projections")}

    assert by_sweep == {
        # phases, devices, lengths; two without a rank, sdpa by four providers, two of them refused; three with,
        # performer by two
        "attention": 2 * 2 * 3 * (5 + 4 * 3),
        "long": 3 * 2,
        "projections": 2 * 3 * (2 + 2 * 3),  # phases, widths; full and lora_merged have no rank, lora and dora have
    }


def test_a_rank_goes_to_operators_that_have_one(sweep_of):
    suite = sweep_of("{operator: [sdpa, linformer], num_heads: 2, head_dim: 8, seq_len: 16, rank: [2, 4]}")

    assert [(case.operator, case.rank) for case in cases(suite)] == [
        ("sdpa", None),
        ("linformer", 2),
        ("linformer", 4),
    ]


def test_options_go_to_operators_that_declare_them(sweep_of):
    words = (
        "{scope: projection, operator: [full, lora], hidden_size: 8, seq_len: 16, rank: 2, options: {alpha: [4, 8]}}"
    )

    assert [(case.operator, case.options) for case in cases(sweep_of(words))] == [
        *(("full", ()), ("lora", (("alpha", 4.0),)), ("lora", (("alpha", 8.0),))),
    ]


def test_an_option_at_its_default_is_the_case_without_it(sweep_of):
    words = "{scope: projection, operator: lora, hidden_size: 8, seq_len: 16, rank: 2, options: [{}, {alpha: 16}]}"

    assert [case.options for case in cases(sweep_of(words))] == [()]


def test_equal_cases_are_kept_once_with_the_first_sweep(suite_of):
    suite = suite_of(f"suite: s\nsweeps:\n  a: {{{CORE}}}\n  b: {{{CORE.replace('16', '[16, 32]')}}}\n")

    assert [(each.sweep, each.case.seq_len) for each in expand(suite)] == [("a", 16), ("b", 32)]


def test_a_word_of_the_sweep_wins_over_fixed(suite_of):
    suite = suite_of(f"suite: s\nfixed: {{seq_len: 8, batch_size: 3}}\nsweeps: {{a: {{{CORE}}}}}")

    assert [(case.seq_len, case.batch_size) for case in cases(suite)] == [(16, 3)]


def test_words_of_fixed_without_a_meaning_in_a_sweep_are_left_out(suite_of):
    suite = suite_of(
        "suite: s\nfixed: {num_heads: 12, head_dim: 32, causal: true, rank: 4, out_features: 7, hidden_size: 64}\n"
        "sweeps:\n  a: {scope: projection, operator: full, seq_len: 8}\n  b: {operator: sdpa, "
        "num_heads: 2, head_dim: 8, seq_len: 8}"
    )

    assert [(c.num_heads, c.head_dim, c.hidden_size, c.causal, c.rank, c.out_features) for c in cases(suite)] == [
        *((None, None, 64, False, None, 7), (2, 8, 16, True, None, None)),
    ]


def test_the_suite_s_seed_is_every_case_s(suite_of):
    suite = suite_of(f"suite: s\nmeasure: {{seed: 5}}\nsweeps: {{a: {{{CORE}}}}}")

    assert [cases(suite)[0].seed, cases(suite, seed=7)[0].seed] == [5, 7]


def test_devices_of_the_command_line_replace_the_suite_s(sweep_of):
    suite = sweep_of(f"{{{CORE}, device: [cpu, cuda]}}")

    assert [case.device for case in cases(suite, devices=["cuda"])] == ["cuda"]


def test_threads_are_of_cpu_cases(sweep_of):
    suite = sweep_of(f"{{{CORE}, device: [cpu, cuda], threads: [997, 998]}}")

    assert [(case.device, case.threads) for case in cases(suite)] == [("cpu", 997), ("cpu", 998), ("cuda", None)]


def test_as_many_threads_as_cores_is_what_happens_unasked(sweep_of):
    suite = sweep_of(f"{{{CORE}, threads: {cores()}}}")

    assert [case.threads for case in cases(suite)] == [None]


def test_an_adapter_s_dtype_is_of_adapters(sweep_of):
    words = f"{{{CORE.replace('sdpa', '[sdpa, lora]')}, scope: layer, rank: 2, adapter_dtype: [float32, float64]}}"

    assert [(case.operator, case.adapter_dtype) for case in cases(sweep_of(words))] == [
        *(("sdpa", None), ("lora", None), ("lora", "float64")),
    ]


def test_the_first_provider_of_an_operator_is_its_own():
    assert (providers("sdpa")[0], providers("full_naive")) == ("torch", ("bench",))


def test_all_providers_are_those_that_have_the_operator_at_the_scope(sweep_of):
    core, layer = (
        [case.provider for case in cases(sweep_of(f"{{{CORE}, scope: {scope}, provider: all}}"))]
        for scope in ("core", "layer")
    )

    assert (core, layer) == (["torch", "flash_attn", "torch_functional", "xformers"], ["torch", "torch_mha"])


def test_a_provider_that_is_named_is_told_where_it_lacks_the_scope(sweep_of):
    (planned,) = expand(sweep_of(f"{{{CORE}, scope: core, provider: torch_mha}}"))

    assert (planned.status, planned.reason) == ("unsupported", "sdpa of torch_mha exists at scope layer")


@pytest.mark.parametrize("asked", ["torch", "[torch]"])
def test_providers_filter_the_operators(sweep_of, asked):
    suite = sweep_of(f"{{{CORE.replace('sdpa', '[sdpa, full_naive]')}, provider: {asked}}}")

    assert [case.operator for case in cases(suite)] == ["sdpa"]


@pytest.mark.parametrize("asked", ["", ", provider: [bench, torch]"])
def test_bench_and_torch_are_the_default(sweep_of, asked):
    suite = sweep_of(f"{{{CORE.replace('sdpa', '[sdpa, full_naive]')}{asked}}}")

    assert [(case.operator, case.provider) for case in cases(suite)] == [("sdpa", "torch"), ("full_naive", "bench")]


def test_too_many_cases_are_refused_before_any_is_made(sweep_of):
    lengths = ", ".join(map(str, range(1, 2502)))

    with pytest.raises(UsageError) as told:
        expand(sweep_of(f"{{operator: [sdpa, full_naive], num_heads: [1, 2], head_dim: 8, seq_len: [{lengths}]}}"))

    assert str(told.value) == (
        "s.yaml:3:8: sweep 'one' asks for operator 2 × num_heads 2 × seq_len 2501; that makes 10,004 cases; "
        "at most 10,000"
    )


def test_too_many_cases_of_all_sweeps_are_refused(suite_of):
    words = f"{{operator: sdpa, num_heads: [1, 2], head_dim: 8, seq_len: {list(range(1, 2502))}}}"

    with pytest.raises(UsageError) as told:
        expand(suite_of(f"suite: s\nsweeps:\n  a: {words}\n  b: {words}\n"))

    assert str(told.value) == (
        "s.yaml:4:6: sweep 'b' asks for num_heads 2 × seq_len 2501; "
        "with the sweeps before it that makes 10,004 cases; at most 10,000"
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("{seq_len: 16}", "s.yaml:3:8: sweep 'one' names no operator; operator: sdpa"),
        (
            "{operator: linformer, num_heads: 2, head_dim: 8, seq_len: 16}",
            "s.yaml:3:19: 'linformer' needs a rank and sweep 'one' gives none; rank: 64",
        ),
        (
            f"{{{CORE}, rank: 4}}",
            "s.yaml:3:71: 'rank' has no meaning at scope core for sdpa; remove it, or move it to 'fixed'",
        ),
        (
            f"{{{CORE}, out_features: 4}}",
            "s.yaml:3:79: 'out_features' has no meaning at scope core for sdpa; remove it, or move it to 'fixed'",
        ),
        (
            f"{{{CORE}, steps: 4}}",
            "s.yaml:3:72: 'steps' has no meaning at scope core for sdpa; remove it, or move it to 'fixed'",
        ),
        (
            f"{{{CORE}, adapter_dtype: float64}}",
            "s.yaml:3:80: 'adapter_dtype' has no meaning at scope core for sdpa; remove it, or move it to 'fixed'",
        ),
        (
            "{operator: lora, scope: projection, rank: 4, num_heads: 2}",
            "s.yaml:3:64: 'num_heads' has no meaning at scope projection for lora; remove it, or move it to 'fixed'",
        ),
        (
            f"{{{CORE}, provider: bench}}",
            "s.yaml:3:75: no operator of sweep 'one' is offered by bench; "
            "provider: flash_attn, torch, torch_functional, torch_mha, xformers or all",
        ),
        (
            f"{{{CORE}, provider: [torch, tork]}}",
            "s.yaml:3:83: unknown provider 'tork' of sdpa; did you mean 'torch'?",
        ),
    ],
)
def test_words_that_do_not_go_together_are_told(sweep_of, words, message):
    suite = sweep_of(words)

    with pytest.raises(UsageError) as told:
        expand(suite)

    assert str(told.value) == message


def test_a_misspelt_provider_of_fixed_is_told(suite_of):
    suite = suite_of(f"suite: s\nfixed: {{provider: [torch, pefft]}}\nsweeps: {{a: {{{CORE}}}}}")

    with pytest.raises(UsageError) as told:
        expand(suite)

    assert str(told.value) == "s.yaml:2:27: unknown provider 'pefft' of sdpa; did you mean 'peft'?"


def test_a_provider_of_fixed_that_offers_nothing_is_told_there(suite_of):
    suite = suite_of(f"suite: s\nfixed: {{provider: bench}}\nsweeps: {{a: {{{CORE}}}}}")

    with pytest.raises(UsageError) as told:
        expand(suite)

    found = "no operator of sweep 'a' is offered by bench"
    assert (
        str(told.value)
        == f"s.yaml:2:19: {found}; provider: flash_attn, torch, torch_functional, torch_mha, xformers or all"
    )
