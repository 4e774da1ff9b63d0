from __future__ import annotations

import pytest

from bench.errors import UsageError
from bench.suite.expand import expand

SWAP = "scope: model, model: minilm, task: film_sentences, seq_len: 64"
TRAINED = "scope: model, task: recall, seq_len: 64, num_heads: 2, head_dim: 16, layers: 2"


def only(suite):
    (planned,) = expand(suite)
    return planned


def reason(suite) -> str:
    planned = only(suite)
    assert planned.status == "unsupported"
    return planned.reason


def test_a_pretrained_model_gives_its_heads_and_widths_and_the_task_its_mask(sweep_of):
    case = only(sweep_of(f"{{{SWAP}, operator: sdpa}}")).case

    assert (case.num_heads, case.head_dim, case.hidden_size, case.num_kv_heads) == (12, 32, 384, None)
    assert (case.mask, case.causal) == ("padding", False)


@pytest.mark.parametrize(
    ("words", "application", "phase", "batch_size"),
    [
        (f"{SWAP}, operator: linformer, rank: 8", "swapped", "forward", 1),
        (f"{SWAP}, operator: linformer, rank: 8, recover_steps: 20", "swapped", "forward", 32),
        (f"{SWAP}, operator: lora, rank: 8, steps: 20", "adapted", "train", 32),
        (f"{TRAINED}, operator: linformer, rank: 8, seconds: 5s", "trained", "train", 32),
    ],
)
def test_what_is_done_follows_from_model_and_steps(sweep_of, words, application, phase, batch_size):
    case = only(sweep_of(f"{{{words}}}")).case

    assert (case.application, case.phase, case.batch_size) == (application, phase, batch_size)


def test_a_phase_and_a_batch_size_that_are_given_stay(sweep_of):
    case = only(sweep_of(f"{{{TRAINED}, operator: sdpa, steps: 5, phase: forward, batch_size: 4}}")).case

    assert (case.phase, case.batch_size) == ("forward", 4)


def test_a_width_that_the_model_does_not_have_is_an_error(sweep_of):
    with pytest.raises(UsageError) as caught:
        expand(sweep_of(f"{{{SWAP}, operator: sdpa, num_heads: 8}}"))

    assert str(caught.value) == "s.yaml:3:100: num_heads 8 of minilm; 12, or no word"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("operator: sdpa, num_heads: 2, head_dim: 8, seq_len: 16, scope: model, steps: 10", "steps without a task"),
        (f"{TRAINED}, operator: sdpa", "how long is it trained?"),
        (f"{TRAINED}, operator: lora, rank: 4, steps: 5", "adapts a pretrained model"),
        (f"{TRAINED}, operator: svd_oracle, rank: 4, steps: 5", "svd_oracle has the phases forward"),
        (f"{TRAINED}, operator: sdpa, steps: 5, seconds: 5s", "give one"),
        (f"{TRAINED}, operator: sdpa, steps: 5, dtype: bfloat16", "in float32"),
        (f"{SWAP}, operator: lora, rank: 4", "lora is trained: steps: 500"),
        (f"{SWAP}, operator: sdpa, steps: 5", "recovers for recover_steps"),
        (f"{SWAP}, operator: sdpa, layer: 6", "minilm has the layers 0 to 5"),
        (f"{SWAP}, operator: sdpa, layers: 6", "layer: N replaces one of them"),
        (f"{SWAP}, operator: mla, rank: 8", "projections of its own"),
        (f"{SWAP}, operator: agent, rank: 8, recover_steps: 5, phase: decode", "phase forward or train"),
        ("scope: model, model: smollm2, task: film_sentences, seq_len: 64, operator: sdpa", "is not made for"),
        (
            "scope: model, model: smollm2, task: perplexity, seq_len: 64, operator: linformer, rank: 8",
            "no causal form",
        ),
        ("scope: model, model: smollm2, task: perplexity, seq_len: 64, operator: lowrank_qk, rank: 8", "rotates"),
        (
            "scope: model, model: whisper, task: transcripts, seq_len: 1500, operator: lora, rank: 8, steps: 9",
            "labels",
        ),
    ],
)
def test_what_does_not_go_together_has_its_reason(sweep_of, words, expected):
    assert expected in reason(sweep_of(f"{{{words}}}"))


def test_data_that_are_not_there_are_named_with_the_command_that_gets_them(sweep_of, tmp_path, monkeypatch):
    monkeypatch.setenv("BENCH_DATA", str(tmp_path / "empty"))

    planned = only(sweep_of(f"{{{SWAP}, operator: sdpa}}"))

    assert planned.status == "skipped"
    assert planned.reason.endswith("python -m bench data fetch film_sentences")
