"""Multi-head latent attention as modules: one small latent a token instead of its keys and values.

Axis legend: b batch, n tokens, T = b·n, h heads, c head_dim, d_c width of the latent, d_R width of the rotated part.
Weights have the names and the layout of DeepSeek-V2's, whose `state_dict` they share:

- ``q_proj [h·(c + d_R), d]``: a head's q_C, then its q_R; or, where queries are compressed, ``q_a_proj``,
  ``q_a_layernorm`` and ``q_b_proj``
- ``kv_a_proj_with_mqa [d_c + d_R, d]``: the latent c_kv, then k_R, which all heads share
- ``kv_a_layernorm [d_c]``: an RMS norm of the latent, which the paper's equations leave out
- ``kv_b_proj [h·2c, d_c]``: a head's W_UK ``[c, d_c]``, then its W_UV ``[c, d_c]``
- ``o_proj [d, h·c]``

RoPE turns neighbours, ``(x_2i, x_2i+1)``, by ``t / 10000^(2i/d_R)`` at position t, from 0. Imported by `build` only,
for it needs torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn import functional as F

from bench.case import Case
from bench.operators.attention.mla_absorbed import steps_by_formula
from bench.operators.attention.sdpa import scaled_dot_product

if TYPE_CHECKING:
    from bench.operators._decode import Step
    from bench.operators.attention.mla import Widths

__all__ = ["Absorbed", "Expanded", "LatentAttention"]

_EPSILON = 1e-6
"""Added to the mean square under the root of a norm."""
_BASE = 10000.0
"""Of the wavelengths of RoPE."""


class LatentAttention(nn.Module):
    """What `Expanded` and `Absorbed` share: projections, norm, RoPE, the cache; they differ in `attend`.

    Args:
        case: gives hidden_size, seq_len, causality, dtype and device.
        widths: of the case.
        generator: draws the weights, N(0, 1/in_features), in float64 and in the order q, kv_a, kv_b, o.
    """

    def __init__(self, case: Case, widths: Widths, generator: torch.Generator) -> None:
        super().__init__()
        self.causal, self.widths = case.causal, widths
        d, (heads, head, rope, latent, query_latent) = case.hidden_size, widths

        def linear(in_features: int, out_features: int) -> nn.Linear:
            weight = torch.randn(out_features, in_features, generator=generator, dtype=torch.float64)
            made = nn.Linear(in_features, out_features, bias=False, device="meta")
            made.weight = nn.Parameter((weight / in_features**0.5).to(case.device, getattr(torch, case.dtype)))
            return made

        def norm(width: int) -> nn.RMSNorm:
            return nn.RMSNorm(width, eps=_EPSILON, device=case.device, dtype=getattr(torch, case.dtype))

        if query_latent:
            self.q_a_proj, self.q_a_layernorm = linear(d, query_latent), norm(query_latent)
            self.q_b_proj = linear(query_latent, heads * (head + rope))
        else:
            self.q_proj = linear(d, heads * (head + rope))
        self.kv_a_proj_with_mqa, self.kv_a_layernorm = linear(d, latent + rope), norm(latent)
        self.kv_b_proj = linear(latent, heads * 2 * head)
        self.o_proj = linear(heads * head, d)
        # no buffer: that would follow the weights into half precision
        self.rotation = _rotation(case, rope)

    def forward(self, x: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        """Gives y ``[b, n, d]`` of x ``[b, n, d]``; ``mask [b, n]`` is true where a key is there."""
        return self.output(x, self.latents(x, 0), 0, mask)

    def decoding(self, x: torch.Tensor) -> Step:
        """Gives the step ``x_new [b, 1, d] -> y [b, 1, d]`` after the tokens ``x [b, n - 1, d]``."""
        return _LatentStep(self, x)

    def latents(self, x: torch.Tensor, first: int) -> torch.Tensor:
        """Gives what is cached of x ``[b, n, d]``, the normed c_kv and the rotated k_R: ``[b, n, d_c + d_R]``.

        Args:
            x: the tokens.
            first: the position of the first one.
        """
        latent, key = self.kv_a_proj_with_mqa(x).split([self.widths.latent, self.widths.rope], dim=-1)
        return torch.cat([self.kv_a_layernorm(latent), self._rotate(key[..., None, :], first).squeeze(-2)], dim=-1)

    def output(
        self, x: torch.Tensor, latents: torch.Tensor, first: int, mask: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Gives y ``[b, n_q, d]`` of x ``[b, n_q, d]``, whose first token has position `first`, against latents."""
        y: torch.Tensor = self.o_proj(self.attend(x, latents, first, mask).flatten(2))
        return y

    def attend(self, x: torch.Tensor, latents: torch.Tensor, first: int, mask: torch.Tensor | None) -> torch.Tensor:
        """Gives the heads' outputs ``[b, n_q, h, c]``.

        Args:
            x: ``[b, n_q, d]``.
            latents: ``[b, n, d_c + d_R]``.
            first: the position of the first token of x.
            mask: ``[b, n]`` bool, or nothing.
        """
        raise NotImplementedError

    def queries(self, x: torch.Tensor, first: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Gives q_C ``[b, n_q, h, c]`` and the rotated q_R ``[b, n_q, h, d_R]``."""
        compressed = self.widths.query_latent
        q = self.q_b_proj(self.q_a_layernorm(self.q_a_proj(x))) if compressed else self.q_proj(x)
        content, turned = q.unflatten(-1, (self.widths.heads, -1)).split([self.widths.head, self.widths.rope], dim=-1)
        return content, self._rotate(turned, first)

    def _rotate(self, x: torch.Tensor, first: int) -> torch.Tensor:
        """RoPE of x ``[b, n, heads, d_R]`` in float32 at least, its first token at position `first`."""
        cos, sin = self.rotation[:, first : first + x.shape[1], None]
        even, odd = x[..., 0::2], x[..., 1::2]
        return torch.stack([even * cos - odd * sin, even * sin + odd * cos], dim=-1).flatten(-2).to(x.dtype)


class Expanded(LatentAttention):
    """Keys and values are made of the latents, for all tokens and heads, and attended to as usual."""

    def attend(self, x: torch.Tensor, latents: torch.Tensor, first: int, mask: torch.Tensor | None) -> torch.Tensor:
        q, (k, v) = torch.cat(self.queries(x, first), dim=-1), self._expand(latents)
        q, k, v = (t.transpose(1, 2) for t in (q, k, v))
        causal = self.causal and q.shape[-2] > 1
        return scaled_dot_product(q, k, v, mask, causal=causal).transpose(1, 2)[..., : self.widths.head]

    def _expand(self, latents: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Gives k and v ``[b, n, h, c + d_R]``, v with zeros, as no fused kernel of the CPU takes two widths."""
        head, rope, latent = self.widths.head, self.widths.rope, self.widths.latent
        made = self.kv_b_proj(latents[..., :latent]).unflatten(-1, (self.widths.heads, -1))
        shared = latents[..., None, latent:].expand(*made.shape[:-1], rope)
        return torch.cat([made[..., :head], shared], dim=-1), F.pad(made[..., head:], (0, rope))


class Absorbed(LatentAttention):
    """W_UK goes into the query and W_UV behind the sum, so that the latents are all heads' keys and values."""

    def __init__(self, case: Case, widths: Widths, generator: torch.Generator) -> None:
        super().__init__(case, widths, generator)
        self.by_formula = steps_by_formula(case)

    def attend(self, x: torch.Tensor, latents: torch.Tensor, first: int, mask: torch.Tensor | None) -> torch.Tensor:
        heads, head, rope, latent, _ = self.widths
        to_key, to_value = torch.split(self.kv_b_proj.weight.view(heads, 2 * head, latent), head, dim=1)
        q = self._absorb(x, first, to_key)
        kv = latents[:, None]  # as values with k_R behind them: one tensor to read, and as wide as the keys
        scale = (head + rope) ** -0.5
        if self.by_formula and x.shape[1] == 1:
            summed = ((q.flatten(1, 2) * scale) @ latents.mT).softmax(dim=-1) @ latents[..., :latent]
            summed = summed.view(*q.shape[:-1], latent)
        elif self.causal and q.shape[1] > 1:
            summed = scaled_dot_product(q.transpose(1, 2), kv, kv, mask, causal=True, scale=scale).transpose(1, 2)
        else:  # every query sees the same keys: heads are but further queries, and the keys are read once for all
            summed = scaled_dot_product(q.flatten(1, 2)[:, None], kv, kv, mask, scale=scale).view(q.shape)
        return _by_head(summed[..., :latent], to_value.mT)

    def _absorb(self, x: torch.Tensor, first: int, to_key: torch.Tensor) -> torch.Tensor:
        """Gives ``[q_C W_UK; q_R]``, ``[b, n_q, h, d_c + d_R]``."""
        content, turned = self.queries(x, first)
        return torch.cat([_by_head(content, to_key), turned], dim=-1)


def _by_head(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """``[b, n, h, i]`` times ``[h, i, j]``, head by head, for the tokens of all samples at once: no copies."""
    product = torch.bmm(x.flatten(0, 1).transpose(0, 1), weight)
    return torch.unflatten(product.transpose(0, 1), 0, x.shape[:2])


class _LatentStep:
    def __init__(self, layer: LatentAttention, x: torch.Tensor) -> None:
        self.layer, self.position = layer, x.shape[1]
        self.latents = F.pad(layer.latents(x, 0), (0, 0, 0, 1))
        self.cache = (self.latents,)

    def __call__(self, token: torch.Tensor) -> torch.Tensor:
        self.latents[:, self.position :] = self.layer.latents(token, self.position)
        return self.layer.output(token, self.latents, self.position)


def _rotation(case: Case, width: int) -> torch.Tensor:
    """Cosines and sines of every position and pair, ``[2, n, d_R/2]``, float32 at least."""
    frequencies = _BASE ** (-torch.arange(0, width, 2, dtype=torch.float64) / width)
    angles = torch.arange(case.seq_len, dtype=torch.float64)[:, None] * frequencies
    wide = torch.promote_types(getattr(torch, case.dtype), torch.float32)
    return torch.stack([angles.cos(), angles.sin()]).to(case.device, wide)
