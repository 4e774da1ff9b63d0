"""The networks of transformers with the weights of ours: what ours are held against."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from bench.data.models import _bert
from bench.data.models._bert import Bert
from bench.data.models._llama import Llama
from bench.data.models._network import Network
from bench.data.models._vit import VisionTransformer
from bench.data.models._whisper import Whisper

LLAMA = {
    "tokens": "model.embed_tokens",
    "norm": "model.norm",
    "layers.{}.attention_norm": "model.layers.{}.input_layernorm",
    **{f"attentions.{{}}.{part}": f"model.layers.{{}}.self_attn.{part}_proj" for part in "qkvo"},
    "layers.{}.norm": "model.layers.{}.post_attention_layernorm",
    **{f"layers.{{}}.{part}": f"model.layers.{{}}.mlp.{part}_proj" for part in ("gate", "up", "down")},
}

VIT = {
    "patches": "embeddings.patch_embeddings.projection",
    "norm": "layernorm",
    "layers.{}.attention_norm": "encoder.layer.{}.norm1",
    **{f"attentions.{{}}.{part}": f"encoder.layer.{{}}.attention.{part}_proj" for part in "qkvo"},
    "layers.{}.attention_scale": "encoder.layer.{}.layer_scale1",
    "layers.{}.norm": "encoder.layer.{}.norm2",
    "layers.{}.up": "encoder.layer.{}.mlp.fc1",
    "layers.{}.down": "encoder.layer.{}.mlp.fc2",
    "layers.{}.scale": "encoder.layer.{}.layer_scale2",
}

HALVES = {"": "encoder", "decoder.": "decoder"}
IN_HALVES = {
    "positions": "embed_positions",
    "norm": "layer_norm",
    "layers.{}.attention_norm": "layers.{}.self_attn_layer_norm",
    "layers.{}.norm": "layers.{}.final_layer_norm",
    "layers.{}.up": "layers.{}.fc1",
    "layers.{}.down": "layers.{}.fc2",
}
ATTENTIONS = {
    "attentions.{}": "encoder.layers.{}.self_attn",
    "decoder.layers.{}.attention": "decoder.layers.{}.self_attn",
    "decoder.layers.{}.hearing": "decoder.layers.{}.encoder_attn",
}
PROJECTIONS = {"q": "q_proj", "k": "k_proj", "v": "v_proj", "o": "out_proj"}
WHISPER = {
    "conv1": "encoder.conv1",
    "conv2": "encoder.conv2",
    "decoder.tokens": "decoder.embed_tokens",
    "decoder.layers.{}.hearing_norm": "decoder.layers.{}.encoder_attn_layer_norm",
    **{f"{half}{own}": f"{HALVES[half]}.{theirs}" for half in HALVES for own, theirs in IN_HALVES.items()},
    **{f"{at}.{own}": f"{ATTENTIONS[at]}.{theirs}" for at in ATTENTIONS for own, theirs in PROJECTIONS.items()},
}


def renamed(network: nn.Module, table: dict[str, str]) -> dict[str, Tensor]:
    """Gives a network's weights under the names of the other's modules, each ``{}`` the number of a layer."""
    state = {}
    for name, tensor in network.state_dict().items():
        stem, _, last = name.rpartition(".")
        number = re.search(r"(?<=\.)\d+", stem)
        plain = stem if number is None else f"{stem[: number.start()]}{{}}{stem[number.end() :]}"
        found = table.get(plain, plain).format(*([number[0]] if number else []))
        state[f"{found}.{last}" if found else last] = tensor
    return state


def _common(network: Any) -> dict[str, Any]:
    attention, layer = network.attentions[0], network.layers[0]
    return {
        "hidden_size": attention.q.in_features,
        "num_hidden_layers": len(network.layers),
        "num_attention_heads": attention.q.out_features // attention.head_dim,
        "intermediate_size": layer.up.out_features,
        "attn_implementation": "eager",
    }


def _bert_peer(transformers: Any, network: Bert) -> Any:
    config = transformers.BertConfig(
        **_common(network),
        vocab_size=network.tokens.num_embeddings,
        max_position_embeddings=network.positions.num_embeddings,
        layer_norm_eps=1e-12,
    )
    peer = transformers.BertModel(config, add_pooling_layer=False)
    inside = {own: f"encoder.layer.{{}}.{theirs}" for theirs, own in _bert._INSIDE.items()}
    outside = {own: theirs for theirs, own in _bert._OUTSIDE.items()}
    peer.load_state_dict(renamed(network, inside | outside))
    return peer


def _llama_peer(transformers: Any, network: Llama) -> Any:
    attention: Any = network.attentions[0]
    config = transformers.LlamaConfig(
        **_common(network),
        vocab_size=network.tokens.num_embeddings,
        num_key_value_heads=attention.k.out_features // attention.head_dim,
        max_position_embeddings=len(attention.rotary.cos),
        rms_norm_eps=1e-5,
        rope_parameters={"rope_type": "default", "rope_theta": 100_000.0},
        tie_word_embeddings=True,
    )
    peer = transformers.LlamaForCausalLM(config)
    peer.load_state_dict(renamed(network, LLAMA) | {"lm_head.weight": network.tokens.weight})
    return peer


def _vit_peer(transformers: Any, network: VisionTransformer) -> Any:
    common = _common(network)
    ratio = common.pop("intermediate_size") // common["hidden_size"]
    patch = network.patches.kernel_size[0]
    config = transformers.Dinov2Config(
        **common, mlp_ratio=ratio, patch_size=patch, image_size=network.grid * patch, layer_norm_eps=1e-6
    )
    peer = transformers.Dinov2Model(config)
    state = {
        re.sub(r"(layer_scale[12])\.weight", r"\1.lambda1", name): tensor
        for name, tensor in renamed(network, VIT).items()
    }
    state["embeddings.cls_token"] = state.pop("cls")[None, None]
    state["embeddings.position_embeddings"] = state.pop("positions")[None]
    state["embeddings.mask_token"] = peer.embeddings.mask_token  # of pretraining; it stands in no input here
    peer.load_state_dict(state)
    return peer


def _whisper_peer(transformers: Any, network: Whisper) -> Any:
    common = _common(network)
    sides = {
        f"{side}_{theirs}": common[own]
        for side in ("encoder", "decoder")
        for theirs, own in (
            ("layers", "num_hidden_layers"),
            ("attention_heads", "num_attention_heads"),
            ("ffn_dim", "intermediate_size"),
        )
    }
    config = transformers.WhisperConfig(
        **sides,
        d_model=common["hidden_size"],
        attn_implementation="eager",
        num_mel_bins=network.conv1.in_channels,
        vocab_size=network.decoder.tokens.num_embeddings,
        max_source_positions=network.positions.num_embeddings,
        max_target_positions=network.decoder.positions.num_embeddings,
        pad_token_id=0,
        bos_token_id=0,
        eos_token_id=0,
        decoder_start_token_id=0,
    )
    peer = transformers.WhisperModel(config)
    state = {name: tensor for name, tensor in renamed(network, WHISPER).items() if not name.endswith("k_proj.bias")}
    peer.load_state_dict(state)
    return peer


PEERS: dict[type[nn.Module], Callable[[Any, Any], Any]] = {
    Bert: _bert_peer,
    Llama: _llama_peer,
    VisionTransformer: _vit_peer,
    Whisper: _whisper_peer,
}


@pytest.fixture(scope="session")
def peer_of() -> Callable[[Network], Any]:
    """Gives transformers' network with the weights and in the dtype of one of ours."""
    transformers = pytest.importorskip("transformers")

    def build(network: Network) -> Any:
        dtype = next(network.parameters()).dtype
        # made in it, since a cast would round what it computes from its configuration
        before = torch.get_default_dtype()
        torch.set_default_dtype(dtype)
        try:
            return PEERS[type(network)](transformers, network).eval()
        finally:
            torch.set_default_dtype(before)

    return build


@pytest.fixture(scope="session")
def excess() -> Callable[..., float]:
    """Gives ``(network, output, expected) -> ratio``: what two programs differ by, over what one rounds.

    The difference of ``output(network)``, in float32, from what is expected, divided by its difference from the
    same in float64; root mean squares. Two right programs that round independently of each other are 1.4 apart.
    """

    def ratio(network: Any, output: Callable[[Any], Tensor], expected: Tensor) -> float:
        found, exact = output(network), output(copy.deepcopy(network).double())
        return float((found - expected).double().square().mean().sqrt() / (found - exact).square().mean().sqrt())

    return ratio
