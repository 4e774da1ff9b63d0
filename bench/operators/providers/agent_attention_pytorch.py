"""The package `agent-attention-pytorch`: agent attention, given the agents that ours takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench.case import Case
from bench.operators._provider import Offer, Provider

if TYPE_CHECKING:
    import torch

__all__ = ["PROVIDER"]


def _layer(case: Case, own: Any) -> torch.nn.Module:
    import torch
    from agent_attention_pytorch import AgentSelfAttention
    from torch import nn

    heads, head, agents = case.num_heads or 1, case.head_dim or case.hidden_size, case.rank or 1

    class Layer(nn.Module):
        def __init__(self, own: Any) -> None:
            super().__init__()
            attention: Any = AgentSelfAttention(
                case.hidden_size,
                num_agent_tokens=agents,
                dim_head=head,
                heads=heads,
                talking_heads=False,
                gate=False,
            )
            joined = torch.cat([own.q.weight, own.k.weight, own.v.weight]).detach()
            attention.to_qkv[0].weight = nn.Parameter(joined)
            attention.to_out[1] = own.o
            attention.agent_tokens = None  # its own agents are weights
            # its projections are called before it, so that the pooled queries need none of their own
            self.to_qkv, attention.to_qkv = attention.to_qkv, nn.Identity()
            self.attention = attention

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            projected = self.to_qkv(x)
            pooled = torch.unflatten(projected[0], 2, (agents, -1)).mean(dim=3)
            y: torch.Tensor = self.attention(projected, agent_tokens=pooled)
            return y

    return Layer(own)  # by name, or the class would hold ours alive


def _uneven(case: Case) -> str | None:
    if case.seq_len % (case.rank or 1) == 0:
        return None
    return (
        f"agent-attention-pytorch is given means of equal segments: rank {case.rank} does not divide {case.seq_len}"
    )


PROVIDER = Provider(
    package="agent-attention-pytorch",
    modules=("agent_attention_pytorch",),
    offers={
        "agent": Offer(
            build=_layer,
            scopes=frozenset({"layer"}),
            notes=(
                "AgentSelfAttention without gate and talking heads, given pooled queries as ours takes them: its own "
                "agents are weights"
            ),
            unsupported=_uneven,
        )
    },
)
