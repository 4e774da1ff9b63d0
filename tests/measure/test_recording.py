"""What an attention was given is recorded to the bit, whichever way torch takes it; what is no input is told."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bench.measure import reference
from bench.measure.recording import Attended, record

N = 6


class Own(nn.Module):
    """Calls `attend` with three tensors that it keeps."""

    def __init__(self, attend: Callable[..., Tensor], q: Tensor, k: Tensor, v: Tensor) -> None:
        super().__init__()
        self.attend, self.given = attend, (q, k, v)

    def forward(self) -> Tensor:
        return self.attend(*self.given)


class Layer(nn.Module):
    """A stranger's self-attention: odd head sizes, dropout that does not ask whether it is trained."""

    def __init__(self, dropout: float = 0.0) -> None:
        super().__init__()
        self.qkv, self.dropout = nn.Linear(21, 63), dropout

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = (part.unflatten(-1, (3, 7)).transpose(1, 2) for part in self.qkv(x).chunk(3, dim=-1))
        o = F.scaled_dot_product_attention(q, k, v, dropout_p=self.dropout)
        return x + o.transpose(1, 2).flatten(2)


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


def heads(h: int = 4, g: int | None = None, c: int = 7) -> tuple[Tensor, Tensor, Tensor]:
    """Gives q ``[2, h, N, c]``, k and v ``[2, g, N, c]``."""
    g = h if g is None else g
    return torch.randn(2, h, N, c), torch.randn(2, g, N, c), torch.randn(2, g, N, c)


def only(module: nn.Module, *args: Any, **kwargs: Any) -> Attended:
    """Gives the one call that is recorded of a module."""
    (found,) = record(module, args, kwargs).attended
    return found


def left_out(module: nn.Module, *args: Any) -> str:
    """Gives why the one call of a module is left out."""
    found = record(module, args)
    assert not found.attended
    (left,) = found.left_out
    return left.reason


def output_of(attended: Attended) -> Tensor:
    """Gives exact attention over what was recorded, the heads joined: ``[b, n, d]``."""
    o = reference.attention(attended.q, attended.k, attended.v, causal=attended.causal)
    return o.transpose(1, 2).flatten(2)


def test_q_k_and_v_are_recorded_to_the_bit() -> None:
    module = Own(F.scaled_dot_product_attention, *heads())
    found = only(module)

    assert all(torch.equal(a, b) for a, b in zip((found.q, found.k, found.v), module.given, strict=True))
    assert (found.index, found.module, found.causal, found.masked, found.scale) == (0, "", False, False, 7**-0.5)


def test_what_happens_to_q_afterwards_does_not_change_what_was_recorded() -> None:
    def attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        o = F.scaled_dot_product_attention(q, k, v)
        q.zero_()
        return o

    assert only(Own(attend, *heads())).q.any()


@pytest.mark.parametrize("need_weights", [True, False])
@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.parametrize("bias", [True, False])
def test_multihead_attention_of_odd_heads_is_recorded(need_weights: bool, batch_first: bool, bias: bool) -> None:
    module = nn.MultiheadAttention(21, 3, batch_first=batch_first, bias=bias)
    x = torch.randn(2, N, 21)
    given = x if batch_first else x.transpose(0, 1)
    found = only(module, given, given, given, need_weights=need_weights)

    expected = module(given, given, given)[0]
    assert found.q.shape == found.k.shape == found.v.shape == (2, 3, N, 7)
    joined = module.out_proj(output_of(found).float())
    # sums of 21 products of numbers below 1, in float32
    torch.testing.assert_close(joined if batch_first else joined.transpose(0, 1), expected, rtol=0, atol=21 * 6e-8)


def test_keys_and_values_of_other_widths_are_projected_to_those_of_the_queries() -> None:
    module = nn.MultiheadAttention(21, 3, kdim=5, vdim=9, batch_first=True)
    given = torch.randn(2, N, 21), torch.randn(2, N, 5), torch.randn(2, N, 9)
    found = only(module, *given)

    torch.testing.assert_close(module.out_proj(output_of(found).float()), module(*given)[0], rtol=0, atol=21 * 6e-8)


def test_a_call_without_a_batch_is_a_batch_of_one() -> None:
    x = torch.randn(N, 21)

    assert only(nn.MultiheadAttention(21, 3), x, x, x).q.shape == (1, 3, N, 7)


@pytest.mark.parametrize("options", [{"add_bias_kv": True}, {"add_zero_attn": True}])
def test_keys_that_are_no_token_s_are_left_out(options: dict[str, bool]) -> None:
    x = torch.randn(2, N, 21)

    reason = left_out(nn.MultiheadAttention(21, 3, batch_first=True, **options), x, x, x)
    assert reason == "keys that are no token's (add_bias_kv, add_zero_attn, or static)"


def encoder() -> nn.Module:
    layer = nn.TransformerEncoderLayer(24, 4, 16, batch_first=True)
    return nn.TransformerEncoder(layer, 2).eval()


def test_torch_s_fused_encoder_is_recorded_layer_by_layer() -> None:
    found = record(encoder(), [torch.randn(2, N, 24)]).attended

    assert [(each.index, each.module) for each in found] == [(0, "layers.0.self_attn"), (1, "layers.1.self_attn")]
    assert torch.backends.mha.get_fastpath_enabled()


def test_a_padded_batch_of_the_fused_encoder_is_masked() -> None:
    padding = torch.zeros(2, N, dtype=torch.bool)
    padding[1, -2:] = True
    found = record(encoder(), [torch.randn(2, N, 24)], {"src_key_padding_mask": padding}).attended

    assert [(each.causal, each.masked) for each in found] == [(False, True)] * 2


def test_the_causal_mask_of_the_fused_encoder_is_no_mask_but_causal() -> None:
    causal = nn.Transformer.generate_square_subsequent_mask(N)
    found = record(encoder(), [torch.randn(2, N, 24)], {"mask": causal, "is_causal": True}).attended

    assert [(each.causal, each.masked) for each in found] == [(True, False)] * 2


TRIANGLE = torch.ones(N, N, dtype=torch.bool).tril()
WINDOW = TRIANGLE & torch.ones(N, N, dtype=torch.bool).triu(-2)
PADDING = torch.arange(N).expand(2, 1, 1, N) < N - 2


@pytest.mark.parametrize(
    ("mask", "causal", "masked"),
    [
        (torch.ones(N, N, dtype=torch.bool), False, False),
        (torch.zeros(2, 1, N, N), False, False),
        (TRIANGLE, True, False),
        (torch.zeros(N, N).masked_fill(~TRIANGLE, -math.inf), True, False),
        (torch.zeros(1, 1, N, N).masked_fill(~TRIANGLE, torch.finfo(torch.float32).min), True, False),
        (torch.zeros(N, N).masked_fill(~TRIANGLE, -10_000.0), True, False),
        (WINDOW, True, True),
        (PADDING, False, True),
        (PADDING & TRIANGLE, True, True),
        (torch.arange(float(N)).expand(1, 4, N, N), False, True),
    ],
    ids=["all", "zeros", "bool", "inf", "min", "10000", "window", "padding", "causal_padding", "bias"],
)
def test_a_mask_is_causal_or_something_else(mask: Tensor, causal: bool, masked: bool) -> None:
    found = only(Own(lambda *qkv: F.scaled_dot_product_attention(*qkv, mask), *heads()))

    assert (found.causal, found.masked) == (causal, masked)


def test_causality_that_is_asked_for_by_name_is_recorded() -> None:
    found = only(Own(lambda *qkv: F.scaled_dot_product_attention(*qkv, is_causal=True), *heads()))

    assert (found.causal, found.masked) == (True, False)


def test_another_scale_is_folded_into_q() -> None:
    module = Own(lambda *qkv: F.scaled_dot_product_attention(*qkv, scale=0.9), *heads())
    found = only(module)

    assert found.scale == 0.9
    # the product of float64 is rounded to float32 once
    torch.testing.assert_close(found.q, module.given[0] * (0.9 * 7**0.5), rtol=2**-23, atol=0)
    torch.testing.assert_close(output_of(found).float(), module().transpose(1, 2).flatten(2), rtol=0, atol=1e-5)


@pytest.mark.parametrize("way", ["grouped", "repeated", "broadcast"])
def test_heads_that_share_keys_share_them_in_the_record(way: str) -> None:
    q, k, v = heads(h=4, g=1 if way == "broadcast" else 2)
    if way == "repeated":
        own = Own(F.scaled_dot_product_attention, q, *(each.repeat_interleave(2, dim=1) for each in (k, v)))
    else:
        own = Own(lambda *qkv: F.scaled_dot_product_attention(*qkv, enable_gqa=way == "grouped"), q, k, v)
    found = only(own)

    assert torch.equal(found.q, q)
    assert torch.equal(found.k, k)
    assert torch.equal(found.v, v)


def test_windows_are_samples() -> None:
    q, k, v = (torch.randn(2, 3, 4, N, 7) for _ in range(3))
    found = only(Own(F.scaled_dot_product_attention, q, k, v))

    assert torch.equal(found.q, q.flatten(0, 1))


@pytest.mark.parametrize(
    ("keys", "width", "reason"),
    [
        (9, 7, "9 keys for 6 queries: cross-attention, or a cache"),
        (6, 5, "values of width 5 for queries of width 7"),
    ],
)
def test_what_no_case_is_like_is_left_out(keys: int, width: int, reason: str) -> None:
    q, k, v = torch.randn(1, 2, N, 7), torch.randn(1, 2, keys, 7), torch.randn(1, 2, keys, width)

    assert left_out(Own(F.scaled_dot_product_attention, q, k, v)) == reason


def test_dropout_is_off_whoever_passes_it() -> None:
    with_dropout, without = nn.Sequential(Layer(0.5), Layer(0.5)), nn.Sequential(Layer(), Layer())
    without.load_state_dict(with_dropout.state_dict())
    x = torch.randn(2, N, 21)

    found, expected = (record(module, [x]).attended for module in (with_dropout, without))
    assert torch.equal(found[1].q, expected[1].q)
    assert not with_dropout.training


def test_bfloat16_is_kept_without_rounding() -> None:
    module = Own(F.scaled_dot_product_attention, *(each.bfloat16() for each in heads()))
    found = only(module)

    assert found.q.dtype == torch.float32
    assert torch.equal(found.q, module.given[0].float())


def test_multihead_attention_in_bfloat16_is_recorded() -> None:
    x = torch.randn(2, N, 24, dtype=torch.bfloat16)

    assert only(nn.MultiheadAttention(24, 3, dtype=torch.bfloat16), x, x, x).q.dtype == torch.float32


@pytest.mark.parametrize("softmax", [torch.softmax, F.softmax, Tensor.softmax])
def test_attention_by_hand_is_counted_and_not_recorded(softmax: Callable[..., Tensor]) -> None:
    found = record(Own(lambda q, k, v: softmax(q @ k.mT, dim=-1) @ v, *heads()))

    assert (found.calls, found.attended, found.by_hand) == (0, (), 1)


def test_what_is_compiled_is_recorded_as_if_it_were_not() -> None:
    module = Layer()
    x = torch.randn(1, N, 21)

    assert torch.equal(only(torch.compile(module, backend="eager"), x).q, only(module, x).q)


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
def test_a_scripted_part_is_run_and_not_seen() -> None:
    module = nn.Sequential(torch.jit.trace(Layer(), torch.randn(1, N, 21)), Layer())

    assert [(each.index, each.module) for each in record(module, [torch.randn(1, N, 21)]).attended] == [(0, "1")]


def test_a_call_that_shows_one_sample_of_all_is_left_out() -> None:
    attend = torch.vmap(F.scaled_dot_product_attention)

    assert left_out(Own(attend, *heads())) == "inside torch.vmap, which shows one sample of all"


def test_only_the_layers_that_are_asked_for_are_kept_under_their_numbers() -> None:
    found = record(nn.Sequential(Layer(), Layer(), Layer()), [torch.randn(1, N, 21)], layers=[2])

    assert [(each.index, each.module) for each in found.attended] == [(2, "2")]
    assert found.calls == 3


def test_a_module_is_left_without_hooks() -> None:
    module = nn.Sequential(Layer())
    record(module, [torch.randn(1, N, 21)])

    assert not any(part._forward_hooks or part._forward_pre_hooks for part in module.modules())
