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
        def __init__(self) -> None:
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
            self.attention = attention

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            # means of queries are the queries of means
            means = torch.unflatten(x, 1, (agents, -1)).mean(dim=2)
            to_q = self.attention.to_qkv[0].weight[: case.hidden_size]
            pooled = torch.unflatten(nn.functional.linear(means, to_q), -1, (heads, head)).transpose(1, 2)
            y: torch.Tensor = self.attention(x, agent_tokens=pooled)
            return y

    return Layer()


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
