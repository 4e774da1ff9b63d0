"""The network is SmolLM2: its size, its scores and its knowledge of France are those of the file's own weights."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from bench.data.models import smollm2
from bench.data.models._llama import Llama
from bench.data.sets import prose
from bench.errors import UsageError

pytest.importorskip("gguf")
pytestmark = pytest.mark.slow

Peer = Callable[[Any], Any]
Excess = Callable[..., float]


@pytest.fixture(scope="module")
def network(fetched: None) -> Llama:
    return smollm2.load()


@pytest.fixture(scope="module")
def text(fetched: None) -> str:
    return prose.text()[100_000:102_000]


def test_it_has_the_published_number_of_parameters(network: Llama) -> None:
    attention = 2 * 576 * 576 + 2 * 576 * 192
    layer = attention + 3 * 576 * 1536 + 2 * 576

    assert sum(p.numel() for p in network.parameters()) == 49152 * 576 + 30 * layer + 576 == 134_515_008


@torch.no_grad()
def test_the_capital_of_france_is_paris(network: Llama) -> None:
    (asked, (paris,)) = smollm2.token_ids(["The capital of France is", " Paris"])

    assert network.logits(network(torch.tensor([asked])))[0, -1].argmax().item() == paris


@torch.no_grad()
def test_scores_are_those_of_transformers(network: Llama, peer_of: Peer, excess: Excess, text: str) -> None:
    ids = torch.tensor([smollm2.token_ids([text])[0][:256]])
    theirs = peer_of(network)(ids).logits

    # its angles, off by up to 1.5e-5 at these positions, do not show beside what 30 layers round
    assert excess(network, lambda each: each.logits(each(ids)), theirs) < 2


def test_words_become_the_ids_of_transformers(fetched: None, text: str) -> None:
    transformers = pytest.importorskip("transformers")
    path = smollm2.SOURCE.folder() / smollm2.SOURCE.files[0].path
    theirs = transformers.AutoTokenizer.from_pretrained(str(path.parent), gguf_file=path.name)
    texts = [text, "In 2024, 1,234 of 98765 did.", "naïve café — “quoted” 東京 🙂", "  indented\n\n\ttwice  "]

    assert smollm2.token_ids(texts) == [theirs(each)["input_ids"] for each in texts]


@torch.no_grad()
def test_padding_changes_nothing(network: Llama) -> None:
    texts = ["The capital of France is", "A much longer text, which is here so that the other one is padded."]
    ids, mask = smollm2.encode(texts, 24)
    (asked,) = smollm2.token_ids(texts[:1])
    alone = network(torch.tensor([asked]))
    together = network(ids, mask)

    assert torch.allclose(together[0, : len(asked)], alone[0], atol=1e-3)  # of values to 30
    assert torch.allclose(network.pooled(together, mask)[0], alone[0, -1], atol=1e-3)


def test_what_is_decoded_is_kept(network: Llama, tmp_path: Path) -> None:
    """A second folder with the same download decodes to the same weights under the same name."""
    smollm2.SOURCE.folder(tmp_path).symlink_to(smollm2.SOURCE.folder(), target_is_directory=True)
    again = smollm2.load(tmp_path)
    (path,) = (tmp_path / "decoded").glob("*.safetensors")
    made = path.stat()
    smollm2.load(tmp_path)

    assert path == smollm2._decoded(tmp_path)
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (made.st_ino, made.st_mtime_ns)
    assert all(torch.equal(one, other) for one, other in zip(again.parameters(), network.parameters(), strict=True))


def test_it_reads_up_to_8192_tokens() -> None:
    assert smollm2.unsupported_length(8192) is None
    assert smollm2.unsupported_length(8193) == "seq_len 8193 asked for; smollm2 has up to 8192 tokens"


def test_absent_weights_are_told_with_what_to_type(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        smollm2.load(tmp_path)
    assert str(caught.value) == f"smollm2: is not in {tmp_path}; python -m bench data fetch smollm2"
