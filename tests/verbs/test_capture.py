"""The verb `capture` in a process of its own: a stranger's model becomes the input of a suite, or is told why not."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.units import bytes_text

Bench = Callable[..., subprocess.CompletedProcess[str]]

STRANGE = Path(__file__).with_name("strange_models.py")
INPUT = r"captured_[a-z0-9_]+_layer\d+_[0-9a-f]{8}"
SUITE = """\
suite: mine
measure: {{budget: 5m, rounds: [2, 2], precision: 0.5}}
sweeps:
  attention:
    operator: [sdpa, linformer]
    num_heads: 3
    head_dim: 7
    seq_len: [16, 32]
    rank: 4
    threads: 1
    input: [{input}]
"""
TRANSFORMERS = """\
import torch
import transformers
from tokenizers import Tokenizer, models, pre_tokenizers

words = Tokenizer(models.WordLevel({"[UNK]": 0, "the": 1, "word": 2}, "[UNK]"))
words.pre_tokenizer = pre_tokenizers.Whitespace()
transformers.PreTrainedTokenizerFast(tokenizer_object=words, unk_token="[UNK]").save_pretrained("Tiny-Llama")
heads = {"num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 6, "hidden_size": 24}
config = transformers.LlamaConfig(vocab_size=3, intermediate_size=8, num_hidden_layers=2, **heads)
torch.manual_seed(0)
transformers.AutoModel.from_config(config, dtype=torch.bfloat16).save_pretrained("Tiny-Llama")
"""


@pytest.fixture
def text(tmp_path: Path) -> str:
    (tmp_path / "john.txt").write_text("In the beginning was the word.")
    return "john.txt"


@pytest.fixture
def captured(bench: Bench, text: str) -> list[str]:
    """The inputs that a capture of a stranger's encoder makes; the file is in the data folder."""
    done = bench("capture", "strange_models:encoder", "--text", text)
    assert done.returncode == 0, done.stderr
    return re.findall(INPUT, done.stdout)


@pytest.mark.slow
def test_what_is_told_are_inputs_and_the_words_that_they_fit(bench: Bench, text: str, tmp_path: Path) -> None:
    done = bench("capture", "strange_models:encoder", "--text", text)
    (path,) = (tmp_path / "captures").iterdir()

    first, second = re.findall(INPUT, done.stdout)
    assert first.startswith("captured_encoder_n16_layer0_")
    assert second.startswith("captured_encoder_n16_layer1_")
    assert done.stdout == (
        f"{{input: {first}, num_heads: 3, head_dim: 7, seq_len: 16}}  # attentions.0\n"
        f"{{input: {second}, num_heads: 3, head_dim: 7, seq_len: 16}}  # attentions.1\n"
        f"in {path}, {bytes_text(path.stat().st_size)}\n"
    )


@pytest.mark.slow
def test_a_capture_goes_through_a_suite_into_its_table(bench: Bench, captured: list[str], tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(SUITE.format(input=", ".join(captured)))
    done = bench("run", "mine.yaml", "--no-report")
    assert done.returncode == 0, done.stdout + done.stderr

    (run,) = (tmp_path / "results").glob("mine-*")
    rows = list(csv.DictReader(io.StringIO(bench("export", str(run), "--to", "csv").stdout)))
    measured = [row for row in rows if row["seq_len"] == "16"]
    assert {row["input"] for row in measured} == set(captured)
    assert {(row["status"], row["modality"]) for row in measured} == {("ok", "language")}
    assert all(float(row["output_rel_error"]) > 0 for row in measured if row["operator"] == "linformer")
    assert {row["status"] for row in rows if row["seq_len"] == "32"} == {"unsupported"}
    assert json.loads((run / "run.json").read_text())["data"][captured[0]]["fed_with"]["file"] == "john.txt"


@pytest.mark.slow
def test_a_length_that_a_capture_does_not_have_is_told_by_a_plan(
    bench: Bench, captured: list[str], tmp_path: Path
) -> None:
    (tmp_path / "mine.yaml").write_text(SUITE.format(input=captured[0]))

    rows = json.loads(bench("plan", "mine.yaml", "--format", "json").stdout)
    reasons = {row["reason"] for row in rows if row["seq_len"] == 32}
    assert reasons == {f"seq_len 32 asked for; {captured[0]} has 16"}


@pytest.mark.slow
def test_a_file_can_be_carried_to_another_machine(bench: Bench, text: str) -> None:
    kept = ("--half", "--layers", "1", "--output", "a.safetensors")
    made = bench("capture", "strange_models:encoder", "--text", text, *kept).stdout.splitlines()
    before = bench("capture", "--list").stdout
    added = bench("capture", "--add", "a.safetensors").stdout

    assert made[-1] == "before suites can take it: python -m bench capture --add a.safetensors"
    assert before == ""
    assert added == bench("capture", "--list").stdout == f"{made[0]}\n"


@pytest.mark.slow
def test_other_weights_are_another_input(bench: Bench, text: str, tmp_path: Path) -> None:
    shutil.copy(STRANGE, tmp_path / "same_models.py")
    (tmp_path / "other_models.py").write_text(STRANGE.read_text().replace("manual_seed(0)", "manual_seed(1)"))
    first, same, other = (
        re.findall(INPUT, bench("capture", f"{name}_models:encoder", "--text", text).stdout)
        for name in ("strange", "same", "other")
    )

    assert first == same
    assert not set(first) & set(other)


@pytest.mark.slow
def test_attention_by_hand_ends_with_a_message_and_no_file(bench: Bench, tmp_path: Path) -> None:
    done = bench("capture", "strange_models:by_hand")

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "error: strange_models:by_hand: none of its attentions can be seen; its own code takes a softmax over n × n "
        "scores 1 times; call torch.nn.functional.scaled_dot_product_attention or nn.MultiheadAttention in it\n"
    )
    assert not (tmp_path / "captures").exists()


@pytest.mark.slow
def test_a_folder_of_transformers_is_captured(bench: Bench, text: str, tmp_path: Path) -> None:
    """A causal model in bfloat16, 4 query heads over 2 of keys, and a tokenizer, as save_pretrained left them."""
    pytest.importorskip("transformers")
    pytest.importorskip("tokenizers")
    subprocess.run([sys.executable, "-c", TRANSFORMERS], cwd=tmp_path, capture_output=True, check=True)
    done = bench("capture", "Tiny-Llama", "--text", text)

    found = re.findall(INPUT, done.stdout)
    words = "num_heads: 4, head_dim: 6, seq_len: 7, num_kv_heads: 2, causal: true"  # six words and a full stop
    assert [name[:-8] for name in found] == [f"captured_tiny_llama_n7_layer{index}_" for index in range(2)]
    assert done.stdout.splitlines()[:-1] == [
        f"{{input: {name}, {words}}}  # layers.{index}.self_attn" for index, name in enumerate(found)
    ]


ONE = "bench capture: one of MODEL, --add and --list is needed; bench capture minilm --text FILE"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], ONE),
        (["minilm", "--list"], ONE),
        (
            ["minilm", "--name", "../x"],
            "--name: '../x' is no name for a capture; a letter, then letters, digits and _, in lower case, "
            "at most 40",
        ),
        (["minilm", "--seq-len", "0"], "--seq-len: 0 is no number of tokens; --seq-len 512"),
        (["minilm", "--layers", "0,x"], "--layers: '0,x' is no list of numbers; --layers 0,5"),
    ],
)
def test_a_mistake_is_told_with_its_remedy(bench: Bench, words: list[str], told: str) -> None:
    done = bench("capture", *words)

    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"error: {told}\n")
