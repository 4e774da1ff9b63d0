"""The package `transformers`: the attention of Nyströmformer, and that of DeepSeek-V2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench.case import Case
from bench.operators._provider import Offer, Provider

if TYPE_CHECKING:
    import torch

__all__ = ["PROVIDER"]


def _nystrom(case: Case, own: Any) -> torch.nn.Module:
    from torch import nn
    from transformers import NystromformerConfig
    from transformers.models.nystromformer.modeling_nystromformer import NystromformerSelfAttention

    config = NystromformerConfig(
        hidden_size=case.hidden_size,
        num_attention_heads=case.num_heads or 1,
        num_landmarks=case.rank or 1,
        segment_means_seq_len=case.seq_len,
    )

    class Layer(nn.Module):
        def __init__(self, own: Any) -> None:
            super().__init__()
            attention: Any = NystromformerSelfAttention(config)  # type: ignore[no-untyped-call]
            attention.query, attention.key, attention.value = own.q, own.k, own.v
            # neither can be had from the configuration, which takes no None, and with inv_coeff_init_option fails
            attention.conv_kernel_size = attention.conv = None
            attention.init_option = "exact"
            self.attention, self.o = attention, own.o

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y: torch.Tensor = self.o(self.attention(x)[0])
            return y

    return Layer(own)  # by name, or the class would hold ours alive


def _no_segments(case: Case) -> str | None:
    rank = case.rank or 1
    if case.seq_len == rank:
        return "transformers computes exact attention where there are as many landmarks as tokens"
    if case.seq_len % rank:
        return f"transformers needs landmarks that divide the tokens: rank {rank}, seq_len {case.seq_len}"
    return None


def _mla(case: Case, own: Any) -> torch.nn.Module:
    import torch
    from torch import nn
    from transformers import DeepseekV2Config
    from transformers.models.deepseek_v2.modeling_deepseek_v2 import DeepseekV2Attention, DeepseekV2RotaryEmbedding

    heads, head, rope, latent, query_latent = own.widths
    config = DeepseekV2Config(
        hidden_size=case.hidden_size,
        num_attention_heads=heads,
        num_key_value_heads=heads,
        q_lora_rank=query_latent or None,
        kv_lora_rank=latent,
        qk_nope_head_dim=head,
        qk_rope_head_dim=rope,
        v_head_dim=head,
        head_dim=rope,
        max_position_embeddings=case.seq_len,
    )
    config._attn_implementation = "sdpa"

    class Layer(nn.Module):
        positions: torch.Tensor

        def __init__(self, own: Any) -> None:
            super().__init__()
            attention: Any = DeepseekV2Attention(config, layer_idx=0)
            attention.is_causal = case.causal
            for name, module in own.named_children():
                theirs = getattr(attention, name)
                theirs.weight = module.weight  # of norms too, whose class is theirs
            self.attention = attention
            turned = DeepseekV2RotaryEmbedding(config)(
                own.kv_b_proj.weight, torch.arange(case.seq_len, device=case.device)[None]
            )
            self.register_buffer("positions", turned)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y: torch.Tensor = self.attention(x, position_embeddings=self.positions)[0]
            return y

    return Layer(own)  # by name, or the class would hold ours alive


PROVIDER = Provider(
    package="transformers",
    modules=(
        "transformers.models.deepseek_v2.modeling_deepseek_v2",
        "transformers.models.nystromformer.modeling_nystromformer",
    ),
    offers={
        "nystrom": Offer(
            build=_nystrom,
            scopes=frozenset({"layer"}),
            notes=(
                "NystromformerSelfAttention without its convolution and biases, our W_o after it: its own adds x and "
                "a layer norm; its inverse set to start from each matrix's norm and not that of all"
            ),
            unsupported=_no_segments,
        ),
        "mla": Offer(
            build=_mla,
            scopes=frozenset({"layer"}),
            causal=True,
            notes=(
                "DeepseekV2Attention with SDPA, no cache; what its rotary embedding gives is computed beforehand; it "
                "hands torch a v narrower than q, for which torch on CPU has only the unfused kernel; ours pads v"
            ),
        ),
    },
)
