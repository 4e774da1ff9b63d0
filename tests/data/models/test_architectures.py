"""Each architecture, small and with random weights, is transformers' own to the rounding of float64."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from bench.data.models._attention import Rotary, SelfAttention
from bench.data.models._bert import Bert
from bench.data.models._dictation import Decoder, Dictation
from bench.data.models._llama import Llama
from bench.data.models._network import Network
from bench.data.models._vit import VisionTransformer
from bench.data.models._whisper import Whisper

pytestmark = pytest.mark.slow  # importing transformers takes seconds

Peer = Callable[[Network], Any]

# Sums of up to 64 products of values of order one, through a few layers, eps 2.2e-16.
FLOAT64 = 1e-13

SHAPE: dict[str, Any] = {"hidden_size": 16, "num_heads": 4, "ff_size": 64, "layers": 3}


def random(network: Network) -> Any:
    """Gives the network in float64, all its weights drawn, so that none is at a value that hides it."""
    generator = torch.Generator().manual_seed(0)
    for weight in network.parameters():
        weight.data = torch.randn(weight.shape, generator=generator, dtype=torch.float64) * 0.3
    return network.double().eval()


def ids(*shape: int) -> torch.Tensor:
    return torch.randint(0, 40, shape, generator=torch.Generator().manual_seed(1))


def draw(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def difference(ours: torch.Tensor, theirs: torch.Tensor) -> float:
    """Gives the largest difference over the largest value."""
    assert ours.shape == theirs.shape
    return float((ours - theirs).abs().max() / theirs.abs().max())


@pytest.fixture
def bert() -> Any:
    return random(Bert(vocabulary=40, max_seq_len=12, **SHAPE))


@pytest.fixture
def llama() -> Any:
    return random(Llama(vocabulary=40, max_seq_len=32, num_kv_heads=2, theta=100_000.0, **SHAPE))


@pytest.fixture
def vit() -> Any:
    return random(VisionTransformer(patch=2, grid=4, **SHAPE))


@pytest.fixture
def whisper() -> Any:
    dictation = Dictation(prompt=(1, 2), end=0, never=(), never_first=(), text=str)
    decoder = Decoder(max_tokens=10, vocabulary=40, **SHAPE)
    network = random(Whisper(mels=5, max_seq_len=6, decoder=decoder, dictation=dictation, **SHAPE))
    for module in network.modules():
        if isinstance(module, SelfAttention):
            module.k.bias.data.zero_()  # transformers has none
    return network


@torch.no_grad()
def test_bert_is_that_of_transformers(bert: Any, peer_of: Peer) -> None:
    mask = torch.tensor([[True] * 9, [True] * 5 + [False] * 4])
    theirs = peer_of(bert)(ids(2, 9), attention_mask=mask.long()).last_hidden_state

    assert difference(bert(ids(2, 9), mask)[mask], theirs[mask]) < FLOAT64


class Angles(nn.Module):
    """Stands for the sines and cosines of transformers, which takes them in float32 whatever the dtype."""

    def __init__(self, rotary: Rotary) -> None:
        super().__init__()
        self.rotary = rotary

    def forward(self, x: torch.Tensor, position_ids: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        cos, sin = (table[position_ids].repeat(1, 1, 2) for table in (self.rotary.cos, self.rotary.sin))
        return cos, sin


def unrounded(peer: Any, rotary: Rotary) -> Any:
    """Gives transformers' Llama without what it does in float32 whatever the dtype: angles, norms, eager softmax."""
    peer.set_attn_implementation("sdpa")
    peer.model.rotary_emb = Angles(rotary)
    for module in list(peer.modules()):
        for name, norm in list(module.named_children()):
            if type(norm).__name__ == "LlamaRMSNorm":
                exact = nn.RMSNorm(norm.weight.shape, norm.variance_epsilon)
                exact.weight = norm.weight
                setattr(module, name, exact)
    return peer


@torch.no_grad()
def test_llama_is_that_of_transformers(llama: Any, peer_of: Peer) -> None:
    theirs = unrounded(peer_of(llama), llama.attentions[0].rotary)(ids(2, 9)).logits

    assert difference(llama.logits(llama(ids(2, 9))), theirs) < FLOAT64


def test_angles_are_those_of_transformers_to_its_rounding() -> None:
    llama = pytest.importorskip("transformers.models.llama")
    parameters = {"rope_type": "default", "rope_theta": 100_000.0}
    config = llama.LlamaConfig(hidden_size=64, num_attention_heads=1, rope_parameters=parameters)
    positions = torch.arange(8192)
    theirs = llama.modeling_llama.LlamaRotaryEmbedding(config)(torch.zeros(1), positions[None])
    rotary = Rotary(64, 8192, 100_000.0)
    angles = torch.outer(positions.double(), 100_000.0 ** (-torch.arange(0, 64, 2, dtype=torch.float64) / 64))

    # Float32: a power, its reciprocal and a product round the angle by half an ulp (2**-24) each, the power by one
    # more; a sine and a cosine are then rounded on either side.
    allowed = 4 * 2**-24 * angles + 2 * 2**-24
    for ours, table in zip((rotary.cos, rotary.sin), theirs, strict=True):
        assert ((ours.double() - table[0, :, :32]).abs() <= allowed).all()


@torch.no_grad()
def test_vit_is_that_of_transformers(vit: Any, peer_of: Peer) -> None:
    images = draw(2, 3, 8, 8)

    assert difference(vit(images), peer_of(vit)(images).last_hidden_state) < FLOAT64


@torch.no_grad()
@pytest.mark.parametrize("side", [3, 6])
def test_positions_at_another_size_are_those_of_transformers(vit: Any, peer_of: Peer, side: int) -> None:
    """A side of 3 or 6 patches where 4 were learnt; transformers interpolates in float32 whatever the dtype."""
    theirs = peer_of(vit).embeddings.interpolate_pos_encoding(torch.zeros(1, 1 + side**2, 16), 2 * side, 2 * side)

    # sums of 16 products whose weights, in absolute value, add up to less than 2; each product rounded twice
    assert difference(vit._positions(side), theirs[0]) < 2 * 16 * 2**-24


@torch.no_grad()
def test_whispers_encoder_is_that_of_transformers(whisper: Any, peer_of: Peer) -> None:
    features = draw(2, 5, 12)

    assert difference(whisper(features), peer_of(whisper).encoder(features).last_hidden_state) < FLOAT64


@torch.no_grad()
def test_whispers_decoder_is_that_of_transformers(whisper: Any, peer_of: Peer) -> None:
    features, written = draw(2, 5, 12), ids(2, 7)
    ours = whisper.decoder(written, whisper.decoder.listen(whisper(features)))
    theirs = peer_of(whisper)(features, decoder_input_ids=written).last_hidden_state

    assert difference(ours, theirs @ whisper.decoder.tokens.weight.T) < FLOAT64


@torch.no_grad()
def test_a_token_at_a_time_scores_as_all_at_once(whisper: Any) -> None:
    hidden, written = whisper(draw(2, 5, 12)), ids(2, 7)
    at_once = whisper.decoder(written, whisper.decoder.listen(hidden))
    caches = whisper.decoder.listen(hidden)
    one_by_one = [whisper.decoder(token, caches) for token in written.split(1, dim=1)]

    assert difference(torch.cat(one_by_one, 1), at_once) < FLOAT64
