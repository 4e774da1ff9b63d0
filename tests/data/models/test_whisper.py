"""The network is Whisper tiny.en: its size, its hidden states, its scores, and it writes down what was said."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from bench.data.models import whisper
from bench.data.models._whisper import Whisper
from bench.data.sets import prompts

pytestmark = pytest.mark.slow

Peer = Callable[[Any], Any]
Excess = Callable[..., float]


@pytest.fixture(scope="module")
def network(fetched: None) -> Whisper:
    return whisper.load()


@pytest.fixture(scope="module")
def clips(from_debian: None) -> list[tuple[Any, str]]:
    """Single words, the numbers first, and five sentences of a book, with what is said."""
    pytest.importorskip("soundfile")
    return prompts.clips()


@pytest.fixture(scope="module")
def sentences(clips: list[tuple[Any, str]]) -> list[tuple[Any, str]]:
    return clips[-5:]


def tone(seconds: float) -> Any:
    """A rising tone: features of every band, without any recording."""
    time = np.arange(round(16_000 * seconds)) / 16_000
    return (0.5 * np.sin(2 * np.pi * (200 + 100 * time) * time)).astype(np.float32)


def test_it_has_the_published_number_of_parameters(network: Whisper) -> None:
    """With the biases of k, which are zero and which OpenAI's has not: 12 · 384 more than its 37,760,256."""
    convolutions = (3 * 80 + 1) * 384 + (3 * 384 + 1) * 384
    attention, norm = 4 * (384 + 1) * 384, 2 * 384
    ff = (384 + 1) * 1536 + (1536 + 1) * 384
    encoder = convolutions + 1500 * 384 + 4 * (attention + ff + 2 * norm) + norm
    decoder = (51864 + 448) * 384 + 4 * (2 * attention + ff + 3 * norm) + norm

    assert sum(p.numel() for p in network.parameters()) == encoder + decoder == 37_764_864


def test_biases_of_k_are_zero(network: Whisper) -> None:
    biases = [weight for name, weight in network.named_parameters() if name.endswith(".k.bias")]

    assert (len(biases), max(bias.abs().max().item() for bias in biases)) == (12, 0.0)


def test_positions_of_the_encoder_are_sines(network: Whisper) -> None:
    """Vaswani et al., arXiv 1706.03762, section 3.5, with openai/whisper's timescales and its order of channels."""
    timescales = torch.exp(-torch.arange(192, dtype=torch.float64) * np.log(10_000) / 191)
    angles = torch.arange(1500, dtype=torch.float64)[:, None] * timescales
    expected = torch.cat((angles.sin(), angles.cos()), 1)

    assert (network.positions.weight - expected).abs().max() < 2**-11  # stored in half precision


@torch.no_grad()
def test_hidden_states_and_scores_are_those_of_transformers(network: Whisper, peer_of: Peer, excess: Excess) -> None:
    features, _ = whisper.encode([tone(20.0)], 1500)
    written = torch.tensor([[50257, 50362, 383, 3290, 318]])
    theirs = peer_of(network)(features, decoder_input_ids=written)

    def hidden(each: Any) -> torch.Tensor:
        return each(features.to(each.norm.weight.dtype))

    def scores(each: Any) -> torch.Tensor:
        return each.decoder(written, each.decoder.listen(hidden(each)))

    assert excess(network, hidden, theirs.encoder_last_hidden_state) < 2
    assert excess(network, scores, theirs.last_hidden_state @ network.decoder.tokens.weight.T) < 2


def test_features_are_those_of_transformers() -> None:
    transformers = pytest.importorskip("transformers")
    waveform = tone(3.0)
    theirs = transformers.WhisperFeatureExtractor(feature_size=80)(
        waveform, sampling_rate=16_000, return_tensors="pt"
    ).input_features
    ours, mask = whisper.encode([waveform], 1500)

    assert mask is None
    assert (ours.shape, ours.dtype) == ((1, 80, 3000), torch.float32)
    # Theirs come from a Fourier transform in float32, off by some 4 · 6e-8 of the loudest amplitude. At the floor,
    # 8 decades of power below, that is 2.4e-3 of an amplitude, 2e-3 of the logarithm and a quarter of it here.
    assert (ours - theirs).abs().max() < 5e-4


def test_a_clip_is_cut_or_filled_up_with_silence() -> None:
    features, _ = whisper.encode([tone(1.0), tone(5.0)], 100)

    assert features.shape == (2, 80, 200)
    assert whisper.encode([tone(2.0)], 100)[0].shape == (1, 80, 200)


def test_sentences_come_out_as_transformers_writes_them(network: Whisper, sentences: list[tuple[Any, str]]) -> None:
    """Of 71 words it mishears two (ill disposed) and leaves out one that the transcript has twice."""
    features, _ = whisper.encode([waveform for waveform, _ in sentences], 1500)

    # transformers 5.23.0: WhisperFeatureExtractor and WhisperModel with these weights; the likeliest token each time
    assert network.transcribe(features) == [
        "And Mr. John Dashwood had then leisure to consider how much there might be prudently in his power to do for "
        "them.",
        "He was not an old-sposed young man.",
        "Unless to be rather cold-hearted and rather selfish is to be ill-disposed.",
        "Had he married a more amiable woman, he might have been made still more respectable than he was.",
        "He might even have been made amiable himself.",
    ]


def test_spoken_numbers_come_out_as_words_or_digits(network: Whisper, clips: list[tuple[Any, str]]) -> None:
    spoken = clips[:11]  # zero to ten
    features, _ = whisper.encode([waveform for waveform, _ in spoken], 1500)
    heard = [prompts.normal_words(text) for text in network.transcribe(features)]

    assert heard == [[text] for _, text in spoken]


def test_nothing_is_written_but_prose(network: Whisper) -> None:
    """Brackets and quotation marks are `non_speech_tokens` of openai/whisper's tokenizer.py; 50257 on are special."""
    never = {network.dictation.text([token]) for token in network.dictation.never}

    assert never >= {"(", "[", '"', " ("}
    assert {*range(50257, 51864)} <= set(network.dictation.never)
    assert network.dictation.never_first == (220, network.dictation.end)  # a space; the end


@torch.no_grad()
def test_a_clip_is_written_the_same_whatever_its_batch_mates(
    network: Whisper, sentences: list[tuple[Any, str]]
) -> None:
    features, _ = whisper.encode([waveform for waveform, _ in sentences[:3]], 500)

    together = network.transcribe(features)
    assert together == [network.transcribe(each[None])[0] for each in features]


def test_it_hears_up_to_30_seconds() -> None:
    assert whisper.unsupported_length(1500) is None
    assert whisper.unsupported_length(1501) == "seq_len 1501 asked for; whisper has up to 1500 tokens, 50 a second"
