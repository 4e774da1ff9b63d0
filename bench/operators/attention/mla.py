"""Multi-head latent attention: keys and values are made of one small latent a token, which alone is cached."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from bench.case import Case
from bench.cost import Cost
from bench.operators._base import Layer, Option
from bench.operators._layer import with_ideal_share
from bench.operators.attention.sdpa import padded_cost

if TYPE_CHECKING:
    import torch

__all__ = ["OPERATOR", "Mla", "Widths"]


class Widths(NamedTuple):
    """What is wide how in a case of latent attention."""

    heads: int
    """h."""
    head: int
    """c, of q_C, k_C and v."""
    rope: int
    """d_R, of q_R and k_R."""
    latent: int
    """d_c."""
    query_latent: int
    """d_q; 0 where queries are not compressed."""


class Mla(Layer):
    """MLA as it is trained and prefilled: keys and values of all heads are made of the latents, then attended to.

    ``c_kv = norm(W_DKV x)``, ``k = [W_UK c_kv; RoPE(W_KR x)]``, ``v = W_UV c_kv``, ``q = [q_C; RoPE(q_R)]``, scale
    ``1/√(c + d_R)``; `rank` is d_c, the width of c_kv. Cached are c_kv and the rotated k_R, d_c + d_R a token; a step
    of `decode` makes keys and values of all of them anew. The equations have no norm; the authors' code has an RMS
    norm of each latent, and so has this. `mla_absorbed` computes the same with fewer operations where queries are
    few: ``n_q < 2n·d_c·c / (2d_c·c + n(2d_c - 2c))``.
    Source: DeepSeek-V2, arXiv 2405.04434, equations 9 to 19.
    """

    label = "MLA"
    scopes = frozenset({"layer", "model"})
    phases = frozenset({"forward", "train", "decode"})
    rank_kind = "latent_width"
    options: Mapping[str, Option] = {
        "rope_dim": Option(
            0, "d_R, the even width of the rotated part of a head; 0: half of head_dim.", least=0, whole=True
        ),
        "query_latent": Option(
            0, "d_q, the width to which queries are compressed; 0: they are not.", least=0, whole=True
        ),
    }
    causal = mask = True

    def unsupported(self, case: Case) -> str | None:
        reason = super().unsupported(case)
        if reason is None and case.phase == "decode" and case.mask != "none":
            reason = "phase decode has no key mask: what is not there is not cached"
        if reason is None and case.kv_heads != case.num_heads:
            reason = f"{case.operator} has a latent in place of fewer key and value heads: leave num_kv_heads out"
        if reason is None and self.widths(case).rope % 2:
            reason = f"{case.operator} turns pairs and rope_dim is {self.widths(case).rope}, not an even number"
        return reason

    def widths(self, case: Case) -> Widths:
        """Gives what is wide how."""
        heads, head = case.num_heads or 1, case.head_dim or case.hidden_size
        rope = int(case.option("rope_dim", 0)) or head // 2
        return Widths(heads, head, rope, case.rank or 0, int(case.option("query_latent", 0)))

    def cost(self, case: Case) -> Cost:
        """Projections ``2T·(d·h(c + d_R) + d(d_c + d_R) + h·c·d)``, queries by way of d_q if so; then `inside`.

        Backward twice the forward. Kept: x, all weights, what the norms keep, cosines and sines, what W_o is fed.
        """
        if case.scope == "model":
            return super().cost(case)
        e, tokens, d = case.element_bytes, case.tokens, case.hidden_size
        heads, head, rope, latent, compressed = self.widths(case)
        width = heads * (head + rope)
        query = (d + width) * compressed if compressed else d * width
        projections = query + d * (latent + rope) + d * d
        weights = projections + latent * heads * 2 * head + latent + compressed
        x, turns = e * tokens * d, max(e, 4) * case.seq_len * rope
        norms = _norm_bytes(case, latent, latent + rope)
        norms += _norm_bytes(case, compressed, compressed) + e * tokens * compressed if compressed else 0
        inside = self.inside(case)
        layer = dataclasses.replace(
            inside,
            forward_flops=inside.forward_flops + 2 * tokens * projections,
            backward_flops=inside.backward_flops + 4 * tokens * projections,
            bytes_min=2 * x + e * weights + (inside.kv_cache_bytes or 0),
            # each product with a weight reads x, or what is as wide, and writes; a norm reads and writes its latent
            bytes_algorithm=inside.bytes_algorithm + 6 * x + e * (weights + tokens * (width + 4 * (latent + rope))),
            saved_bytes=inside.saved_bytes + 2 * x + e * weights + norms + turns,
            forward_peak_bytes=inside.forward_peak_bytes,
            train_peak_bytes=max(
                # inside, and beside what is kept outside y and the gradient of W_o
                inside.train_peak_bytes + norms + x + e * d * d,
                # at the end y, the gradients of q, of x (so far, the latest and their sum) and of all weights
                4 * x + e * (tokens * width + weights),
            ),
            parameters=weights,
            trainable_parameters=weights,
        )
        return with_ideal_share(case, inside, layer)

    def inside(self, case: Case) -> Cost:
        """What lies between the projections of x and W_o: ``2N·d_c·2h·c``, N = b·n, and ``2b·h·n_q·n(2c + d_R)``.

        Backward the scores are recomputed, ``2b·h·n²(3(c + d_R) + 2c)``. The kernel is fed values as wide as the
        keys, with zeros: so padded it takes a third of the time of the unfused formula, which torch has for other
        widths (CPU, n = 1024, c = 64, d_R = 32). Kept: the latents, and q, k, v and o of that width. Worst moment
        forward: q, k and v, and beside them what k and v are made of, or o.
        """
        b, n, e, tokens = case.batch_size, case.seq_len, case.element_bytes, case.tokens
        heads, head, rope, latent, _ = self.widths(case)
        core = padded_cost(case, keys=head + rope, values=head)
        flops = 2 * b * n * latent * heads * 2 * head
        q, kv, made = (
            e * size * heads for size in (tokens * (head + rope), 2 * b * n * (head + rope), 2 * b * n * head)
        )
        latents = e * b * n * (latent + rope)
        cost = dataclasses.replace(
            core,
            forward_flops=core.forward_flops + flops,
            backward_flops=core.backward_flops + 2 * flops,
            bytes_algorithm=core.bytes_algorithm + latents + q + kv + 2 * made,
            saved_bytes=core.saved_bytes + latents,
            forward_peak_bytes=e * tokens * (latent + rope) + q + kv + max(made, core.forward_peak_bytes),
            train_peak_bytes=latents + core.saved_bytes + core.train_peak_bytes,
            kv_cache_bytes=latents if case.phase == "decode" else None,
        )
        return with_ideal_share(case, core, cost)

    def build(self, case: Case, generator: torch.Generator) -> torch.nn.Module:
        """Gives the module ``(x [b, n, d], mask=None) -> y [b, n, d]``; its weights are named in `_latent`."""
        from bench.operators.attention._latent import Expanded

        return Expanded(case, self.widths(case), generator)


def _norm_bytes(case: Case, width: int, stored: int) -> int:
    """Kept by an RMS norm, in float32 at least: the `stored` elements that hold its input, the root, its output.

    CUDA has a kernel for it, which keeps the input as it is and the root.
    """
    if case.device == "cuda":
        return case.tokens * (case.element_bytes * stored + max(case.element_bytes, 4))
    return max(case.element_bytes, 4) * case.tokens * (stored + 1 + width)


OPERATOR = Mla()
