from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.case import Case
from bench.suite.estimate import memory_bytes
from bench.units import bytes_text

LARGEST = Case(operator="full_naive", num_heads=2, head_dim=8, hidden_size=16, seq_len=32)

TEXT = """\
  operator           rank  options  FLOPs  forward bytes  parameters  trained  cache    memory  status

core/forward n=16 d=16 fp32 cpu head_dim=8
"""


def rows_of(done):
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_text_has_a_table_a_group_and_the_sums(bench):
    done = bench("plan", "small.yaml")

    assert done.stdout.startswith(TEXT)
    assert done.stdout.splitlines()[-6:] == [
        "  2 skipped: no CUDA device",
        "",
        "10 cases: 6 planned, 4 skipped",
        "2 groups to time, each against its baseline",
        f"memory: at most {bytes_text(memory_bytes(LARGEST))} of tensors, inputs and weights among them, "
        f"for {LARGEST.case_id}",
        "time: uncalibrated; budget 1m 30s",
    ]


def test_the_cache_and_what_is_trained_are_in_the_text(bench, tmp_path):
    (tmp_path / "c.yaml").write_text(
        "suite: c\nsweeps:\n"
        "  cache: {operator: sdpa, num_heads: 2, head_dim: 8, seq_len: 16, phase: decode}\n"
        "  trained: {operator: lora, scope: projection, hidden_size: 8, seq_len: 4, rank: 2, phase: train}\n"
    )
    lines = bench("plan", "c.yaml").stdout.splitlines()

    # k and v of 2 heads, 16 tokens, 8 wide, 4 bytes each; A and B of 8 x 2
    assert (
        "  sdpa[torch]     -        -  1.02k       2.13 KiB           0        0  2 KiB  5.27 KiB  planned" in lines
    )
    assert (
        "  lora[bench]     2        -  1.79k       1.06 KiB          96       32      -  1.28 KiB  planned" in lines
    )


def test_what_a_named_provider_lacks_is_counted(bench, tmp_path):
    sweep = "operator: [lora, olora, loha], scope: projection, hidden_size: 8, seq_len: 4, rank: 2"
    (tmp_path / "p.yaml").write_text(
        f"suite: p\nsweeps: {{a: {{{sweep}, provider: [bench, torch, loralib, lycoris]}}}}\n"
    )
    lines = bench("plan", "p.yaml").stdout.splitlines()

    assert [line for line in lines if "is named for" in line] == [
        "loralib is named for 2 operators that it does not offer, so without a case: loha, olora",
        "lycoris is named for 2 operators that it does not offer, so without a case: lora, olora",
    ]


def test_where_nothing_is_timed_no_time_is_told(bench):
    done = bench("plan", "small.yaml", "--device", "cuda")

    assert done.stdout.splitlines()[-2:] == ["4 cases: 4 skipped", "time: there is nothing to time"]


def test_json_is_a_list_of_rows_with_the_table_s_names(bench):
    rows = rows_of(bench("plan", "small.yaml", "--format", "json", "--device", "cpu"))

    assert [(row["operator"], row["seq_len"], row["rank"], row["status"]) for row in rows] == [
        ("sdpa", 16, None, "planned"),
        ("full_naive", 16, None, "planned"),
        ("sdpa", 32, None, "planned"),
        ("full_naive", 32, None, "planned"),
        ("linformer", 16, 4, "planned"),
        ("linformer", 32, 4, "planned"),
    ]
    assert {row["suite"] for row in rows} == {"small"}
    assert [Path(row["source"]).name for row in rows[:2]] == ["sdpa.py", "full_naive.py"]


def test_where_narrows_the_plan(bench):
    words = ("--where", "seq_len=16,32", "--where", "operator=linformer", "--where", "device=cpu")
    rows = rows_of(bench("plan", "small.yaml", "--format", "json", *words))

    assert [(row["operator"], row["seq_len"]) for row in rows] == [
        *(("sdpa", 16), ("linformer", 16), ("sdpa", 32), ("linformer", 32)),
    ]


def test_the_seed_of_the_command_line_is_every_case_s(bench):
    assert {row["seed"] for row in rows_of(bench("plan", "small.yaml", "--format", "json", "--seed", "7"))} == {7}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["none.yaml"], "error: none.yaml: cannot be read (No such file or directory); the path of a suite file\n"),
        (["small.yaml", "--where", "rank"], "error: --where: 'rank' is no KEY=V[,V]; --where seq_len=128,256\n"),
        (["small.yaml", "--where", "rang=4"], "error: --where rang: unknown word 'rang'; did you mean 'rank'?\n"),
        (
            ["small.yaml", "--plugin", "nobody"],
            "error: --plugin nobody: cannot be imported (ModuleNotFoundError: No module named 'nobody')\n",
        ),
    ],
)
def test_a_mistake_is_told_in_a_line_with_exit_code_2(bench, words, message):
    done = bench("plan", *words)

    assert (done.returncode, done.stdout, done.stderr) == (2, "", message)


MIRROR = "suite: m\nsweeps: {a: {operator: mirror, num_heads: 2, head_dim: 8, seq_len: 16, rank: 4"


def test_an_operator_of_a_plug_in_is_planned(bench, tmp_path):
    (tmp_path / "m.yaml").write_text(f"{MIRROR}, provider: all, options: {{depth: [2, 3]}}}}}}\n")

    rows = rows_of(bench("plan", "m.yaml", "--plugin", "strangers", "--format", "json"))
    assert [(row["operator"], row["provider"], row["options"]) for row in rows] == [
        *(("sdpa", "torch", None), ("mirror", "strangers", None), ("mirror", "strangers", "depth=3")),
    ]


def test_a_plug_in_s_provider_may_stand_in_fixed_beside_a_sweep_without_it(bench, tmp_path):
    plain = "b: {operator: sdpa, num_heads: 2, head_dim: 8, seq_len: 8}"
    suite = MIRROR.replace("sweeps: {", f"fixed: {{provider: [torch, strangers]}}\nsweeps: {{{plain}, ")
    (tmp_path / "m.yaml").write_text(f"{suite}}}}}\n")

    rows = rows_of(bench("plan", "m.yaml", "--plugin", "strangers", "--format", "json"))
    assert [(row["operator"], row["seq_len"]) for row in rows] == [("sdpa", 8), ("sdpa", 16), ("mirror", 16)]


def test_a_fault_in_somebody_elses_operator_is_told_with_its_line(bench, tmp_path):
    faulty = (
        "from strangers import Mirror\nclass Faulty(Mirror):\n    def core_cost(self, case):\n        return 1 / 0\n"
    )
    (tmp_path / "faulty.py").write_text(f"{faulty}MEMBERS = {{'mirror': Faulty()}}\n")
    (tmp_path / "m.yaml").write_text(f"{MIRROR}, provider: all}}}}\n")
    done = bench("plan", "m.yaml", "--plugin", "faulty")

    assert done.returncode == 2
    assert done.stderr == (
        "error: faulty: 'mirror' fails at mirror[strangers] core/forward n=16 d=16 r=4 fp32 cpu head_dim=8 "
        f"(ZeroDivisionError: division by zero, in {tmp_path}/faulty.py:4); mend or remove it\n"
    )


def test_an_operator_of_another_provider_is_not_left_out_in_silence(bench, tmp_path):
    (tmp_path / "m.yaml").write_text(f"{MIRROR}}}}}\n")
    done = bench("plan", "m.yaml", "--plugin", "strangers")

    assert done.stderr == (
        "error: m.yaml:2:24: 'mirror' is offered by strangers, not by bench or torch; provider: all\n"
    )


def test_the_published_adapter_counts_of_a_3b_model_are_planned_without_measuring(bench):
    suite = Path(__file__).parents[2] / "suites/sizing.yaml"
    planned = {(row["operator"], row["rank"]): row for row in rows_of(bench("plan", str(suite), "--format", "json"))}

    # PEFT's MetaMathQA comparison, Llama-3.2-3B, q and v of 28 layers
    published = {("lora", 32): 9175040, ("lora", 64): 18350080, ("dora", 32): 9289728, ("lora_fa", 32): 3670016}
    assert {key: planned[key]["trainable_parameters"] for key in published} == published
