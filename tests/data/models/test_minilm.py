"""The network is MiniLM: its size, its hidden states and its sense of sentences are those of the published model."""

from __future__ import annotations

import sys

import pytest
import torch

from bench.data.models import minilm
from bench.data.models._bert import Bert
from bench.errors import UsageError


@pytest.fixture(scope="module")
def network(fetched: None) -> Bert:
    return minilm.load()


def test_it_has_the_published_number_of_parameters(network: Bert) -> None:
    embeddings = (30522 + 512 + 2 + 2) * 384  # tokens, positions, segments, norm
    layer = 4 * (384 + 1) * 384 + (384 + 1) * 1536 + (1536 + 1) * 384 + 2 * 2 * 384

    assert sum(p.numel() for p in network.parameters()) == embeddings + 6 * layer == 22_565_376


def test_hidden_states_are_those_of_transformers(network: Bert) -> None:
    ids = torch.tensor(minilm.token_ids(["A man is playing a guitar."]))

    # transformers 5.23.0: BertModel.from_pretrained(FOLDER, attn_implementation="eager"), last_hidden_state[0, :, 0]
    expected = [0.09885308, 0.01203609, -0.07352304, 0.21102777, 0.61942011]
    expected += [-0.07574125, -0.10467549, 0.11858820, 0.15487024]
    # On 512 tokens of the prose the two differ by up to 4.5e-6, with values to 5.5.
    assert network(ids)[0, :, 0].tolist() == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("The movie was wonderful.", "The film was great.", 0.90),
        ("A man is playing a guitar.", "Someone plays an instrument.", 0.67),
        ("A man is playing a guitar.", "The stock market fell sharply today.", -0.05),
    ],
)
def test_sentences_are_as_near_as_their_sense(network: Bert, one: str, other: str, expected: float) -> None:
    ids, mask = minilm.encode([one, other], 32)
    embedded = network.pooled(network(ids, mask), mask)

    assert (embedded[0] @ embedded[1]).item() == pytest.approx(expected, abs=0.01)


def test_an_embedding_has_length_1(network: Bert) -> None:
    ids, mask = minilm.encode(["The movie was wonderful."], 32)

    assert network.pooled(network(ids, mask), mask).norm().item() == pytest.approx(1, abs=1e-6)


@pytest.mark.usefixtures("fetched")
def test_words_become_the_ids_of_transformers() -> None:
    # transformers 5.23.0: AutoTokenizer.from_pretrained(FOLDER)("A man is playing a guitar.")["input_ids"]
    expected = [101, 1037, 2158, 2003, 2652, 1037, 2858, 1012, 102]

    assert minilm.token_ids(["A man is playing a guitar."]) == [expected]


@pytest.mark.usefixtures("fetched")
@pytest.mark.parametrize("seq_len", [16, 512])
def test_a_long_text_is_cut_where_it_is_told(seq_len: int) -> None:
    (ids,) = minilm.token_ids(["word " * 1000], seq_len=seq_len)

    assert (len(ids), ids[0], ids[-1]) == (seq_len, 101, 102)


@pytest.mark.usefixtures("fetched")
def test_a_short_text_is_padded() -> None:
    ids, mask = minilm.encode(["word", "word " * 1000], 8)

    assert ids[0].tolist() == [101, 2773, 102, 0, 0, 0, 0, 0]
    assert mask.sum(1).tolist() == [3, 8]


@pytest.mark.parametrize(("seq_len", "supported"), [(2, False), (3, True), (512, True), (513, False)])
def test_it_reads_up_to_512_tokens(seq_len: int, supported: bool) -> None:
    reason = None if supported else f"seq_len {seq_len} asked for; minilm has 3 to 512 tokens"

    assert minilm.unsupported_length(seq_len) == reason


def test_a_missing_package_is_told_with_what_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tokenizers", None)  # as Python marks a module that is not there

    with pytest.raises(UsageError) as caught:
        minilm.token_ids(["word"])
    assert str(caught.value) == "minilm: tokenizers not installed; pip install tokenizers"
