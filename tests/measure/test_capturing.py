"""A module becomes a file that is read back to the bit; what cannot be an input never becomes an empty one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F

from bench.data import capture as kept_captures
from bench.data import captures, models
from bench.data.models import minilm
from bench.data.sets import prose
from bench.errors import UsageError
from bench.measure import reference
from bench.measure.capturable import Subject, subject
from bench.measure.capturing import Capture, capture
from bench.measure.material import Material
from bench.measure.recording import record


class Layer(nn.Module):
    """A stranger's attention over x itself, 3 heads of 7, causal or not."""

    def __init__(self, causal: bool = False, mask: Tensor | None = None) -> None:
        super().__init__()
        self.causal, self.mask = causal, mask

    def forward(self, x: Tensor) -> Tensor:
        heads = x.unflatten(-1, (3, 7)).transpose(1, 2)
        o = F.scaled_dot_product_attention(heads, heads + 1, heads - 1, self.mask, is_causal=self.causal)
        return o.transpose(1, 2).flatten(2)


class Across(nn.Module):
    """Cross-attention: to four tokens of its own."""

    def forward(self, x: Tensor) -> Tensor:
        return F.scaled_dot_product_attention(x, x[..., :4, :], x[..., :4, :])


class ByHand(nn.Module):
    """Softmax in its own code."""

    def forward(self, x: Tensor) -> Tensor:
        return (x @ x.mT).softmax(-1) @ x


X = torch.randn(2, 6, 21, generator=torch.Generator().manual_seed(0))


def made(module: nn.Module, **words: Any) -> Capture:
    return capture(Subject(model="mine", name="mine", module=module, args=(X,), origin={"model": "mine"}), **words)


def layers(tmp_path: Path, module: nn.Module, **words: Any) -> tuple[captures.Layer, ...]:
    """Gives the layers of a capture, read back from a file."""
    found = made(module, **words)
    captures.keep(found.data, tmp_path / found.file_name)
    return captures.layers_of(tmp_path / found.file_name)


def told(module: nn.Module, **words: Any) -> str:
    with pytest.raises(UsageError) as caught:
        made(module, **words)
    return str(caught.value)


def test_a_capture_is_read_back_to_the_bit(tmp_path: Path) -> None:
    (layer,) = layers(tmp_path, Layer())

    heads = X.unflatten(-1, (3, 7)).transpose(1, 2).contiguous()
    expected = {"q": heads, "k": heads + 1, "v": heads - 1}
    assert layer.read() == {name: tensor.numpy().tobytes() for name, tensor in expected.items()}
    assert (layer.name, layer.num_heads, layer.head_dim, layer.seq_len, layer.batch_size) == ("mine_n6", 3, 7, 6, 2)


def test_safetensors_reads_it_and_so_does_the_header_by_hand(tmp_path: Path) -> None:
    (layer,) = layers(tmp_path, Layer())

    with safe_open(layer.path, framework="pt") as file:
        assert file.metadata().keys() == {"bench"}
    assert load_file(layer.path)["0.k"].numpy().tobytes() == layer.read()["k"]


def test_the_same_module_makes_the_same_file() -> None:
    assert made(nn.Sequential(Layer(), Layer(True))) == made(nn.Sequential(Layer(), Layer(True)))


def test_half_is_float16_under_another_name(tmp_path: Path) -> None:
    (layer,), (half,) = layers(tmp_path, Layer()), layers(tmp_path, Layer(), half=True)

    assert half.dtype == "float16"
    assert half.read()["q"] == X.unflatten(-1, (3, 7)).transpose(1, 2).half().contiguous().numpy().tobytes()
    assert half.input != layer.input


def test_what_is_recorded_of_a_layer_is_in_the_file(tmp_path: Path) -> None:
    first, second = layers(tmp_path, nn.Sequential(Layer(), Layer(True)))

    assert (first.index, first.module, first.causal, first.masked) == (0, "0", False, False)
    assert (second.index, second.module, second.causal, second.masked) == (1, "1", True, False)
    assert first.origin["model"] == "mine"


def test_a_layer_has_the_same_name_whichever_others_are_kept(tmp_path: Path) -> None:
    both = layers(tmp_path, nn.Sequential(Layer(), Layer()))
    (second,) = layers(tmp_path, nn.Sequential(Layer(), Layer()), layers=[1])

    assert second.input == both[1].input


def test_a_name_can_be_given(tmp_path: Path) -> None:
    assert layers(tmp_path, Layer(), name="other")[0].name == "other"


def test_what_is_left_out_is_told() -> None:
    found = made(nn.Sequential(Across(), Layer(mask=torch.eye(6)), ByHand()))

    assert found.notices == (
        "layer 0 (0) is left out: 4 keys for 6 queries: cross-attention, or a cache",
        "layer 1 (1) stood under a mask or a bias, which is not kept: what is measured is plain attention over its "
        "q, k, v",
        "its own code took a softmax over n × n scores 1 times: not seen, not kept",
    )


REMEDY = "call torch.nn.functional.scaled_dot_product_attention or nn.MultiheadAttention in it"


@pytest.mark.parametrize(
    ("module", "words", "reason"),
    [
        (nn.Linear(21, 21), {}, f"mine: none of its attentions can be seen; {REMEDY}"),
        (
            nn.Sequential(ByHand(), ByHand()),
            {},
            "mine: none of its attentions can be seen; its own code takes a softmax over n × n scores 2 times; "
            f"{REMEDY}",
        ),
        (
            Across(),
            {},
            "mine: none of its 1 attentions can be an input; layer 0: 4 keys for 6 queries: cross-attention, or a "
            "cache",
        ),
        (Layer(), {"layers": [0, 4]}, "--layers 4: mine has no such layer; layers are 0 to 0"),
        (
            nn.Sequential(Across(), Layer()),
            {"layers": [0]},
            "--layers 0: 4 keys for 6 queries: cross-attention, or a cache; layers are 0 to 1",
        ),
        (
            nn.Linear(5, 5),
            {},
            "mine: cannot be used (RuntimeError: mat1 and mat2 shapes cannot be multiplied (12x21 and 5x5))",
        ),
    ],
)
def test_what_cannot_be_an_input_becomes_no_file(module: nn.Module, words: dict[str, Any], reason: str) -> None:
    assert told(module, **words) == reason


class Wide(Layer):
    """Values beyond float16."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(1e6 * x)


def test_values_that_float16_does_not_hold_are_told() -> None:
    right = "leave --half out if float16 is too narrow"

    assert told(Wide(), half=True) == f"mine: layer 0 has values that are not finite; {right}"


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
def test_what_torchscript_compiled_is_told() -> None:
    found = "mine: none of its attentions can be seen: TorchScript has compiled it"

    assert told(torch.jit.trace(Layer(), X)) == f"{found}; the module that it was made from"


SMALL = {"num_hidden_layers": 2, "hidden_size": 24, "num_attention_heads": 4}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("gpt2", {"n_layer": 2, "n_embd": 20, "n_head": 4}),
        ("llama", {**SMALL, "num_key_value_heads": 2, "intermediate_size": 16}),
        ("bert", {**SMALL, "intermediate_size": 16}),
        ("vit", {**SMALL, "intermediate_size": 16, "image_size": 16, "patch_size": 4}),
    ],
)
def test_attention_over_what_was_recorded_is_that_of_transformers_own_code(kind: str, words: dict[str, Any]) -> None:
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    model = transformers.AutoModel.from_config(transformers.AutoConfig.for_model(kind, **words)).eval()
    for weight in model.parameters():  # as they are drawn, every query sees all keys alike
        weight.data.mul_(8 if weight.dim() > 1 else 1)
    args = (torch.randn(1, 3, 16, 16) if kind == "vit" else torch.arange(100, 117)[None],)
    found = record(model, args).attended
    model.set_attn_implementation("eager")
    with torch.no_grad():
        expected = model(*args, output_attentions=True).attentions

    assert len(found) == len(expected) == 2
    assert {(each.causal, each.masked) for each in found} == {(kind in ("gpt2", "llama"), False)}
    for each, matrix in zip(found, expected, strict=True):  # sums of 24 products of numbers to 30, in float32
        own = reference.attention_matrix(each.q, each.k, causal=each.causal)
        torch.testing.assert_close(own.float(), matrix, rtol=0, atol=24 * 30 * 6e-8)


def need(name: str) -> None:
    member = models.load(name)
    reason = member.lacking() or member.SOURCE.absent()
    if reason:
        pytest.skip(reason)


@pytest.mark.slow
def test_a_capture_of_minilm_is_what_captured_minilm_was_made_of(tmp_path: Path) -> None:
    """The same text of 128 tokens, recorded as any module and as `bench.data.capture` reads its own network."""
    need("minilm")
    text = prose.text()
    material = Material("language", text[text.index("\n") + 1 :][:2000], "prose.txt", "0" * 64)
    data = capture(subject("minilm", material, seq_len=128)).data
    path = tmp_path / "minilm.safetensors"
    path.write_bytes(data)

    expected = load_file(kept_captures.capture("minilm", 128))
    found = load_file(path)
    assert len(found) == 3 * minilm.LAYERS
    for name, tensor in found.items():  # float32: values to 6, sums of up to 1536 products, each rounded to 6e-8
        torch.testing.assert_close(tensor, expected[name], rtol=0, atol=6 * 1536**0.5 * 6e-8)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "material", "seq_len"),
    [
        ("smollm2", Material("language", "In the beginning was the word. " * 9, "a", "0" * 64), 32),
        ("dinov2", Material("vision", torch.arange(2700).reshape(30, 30, 3).byte().numpy(), "a", "0" * 64), 65),
        ("whisper", Material("audio", torch.linspace(-1, 1, 16_000).numpy(), "a", "0" * 64), 50),
    ],
)
def test_ours_are_captured_in_every_layer(tmp_path: Path, name: str, material: Material, seq_len: int) -> None:
    need(name)
    path = tmp_path / "a.safetensors"
    path.write_bytes(capture(subject(name, material, seq_len=seq_len)).data)

    model, found = models.load(name), captures.layers_of(path)
    expected = (model.NUM_HEADS, model.NUM_KV_HEADS, model.HEAD_DIM, seq_len, model.CAUSAL, False)
    shapes = {(a.num_heads, a.num_kv_heads, a.head_dim, a.seq_len, a.causal, a.masked) for a in found}
    assert len(found) == model.LAYERS
    assert shapes == {expected}
