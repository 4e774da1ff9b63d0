"""Multi-head latent attention that never makes keys or values: the up-projections move to the queries and behind."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from bench.case import Case
from bench.cost import Cost
from bench.operators._layer import hides_the_future, with_ideal_share
from bench.operators.attention.mla import Mla
from bench.operators.attention.sdpa import padded_cost

if TYPE_CHECKING:
    import torch

__all__ = ["OPERATOR", "steps_by_formula"]


class MlaAbsorbed(Mla):
    """`mla` with ``q_C·(W_UK c_kv) = (q_C W_UK)·c_kv``, scores against the latents themselves, and W_UV at the end.

    The same function and weights, d_c + d_R wide: good where queries are few, as in `decode`, bad in prefill. RoPE
    turns only the part that is not absorbed, or W_UK could not be. A step on CUDA is the formula: the only fused
    kernel that takes heads so wide lets one block of queries walk over all keys, and took 25 times as long as `sdpa`
    (H100, n = 32768, d_c = 512). Source: DeepSeek-V2, arXiv 2405.04434, section 2.1.2, below equation 13, and
    appendix C.
    """

    label = "MLA (absorbed)"
    reference = "mla"

    def inside(self, case: Case) -> Cost:
        """``2T·h·d_c·2c`` for both up-projections and ``2b·h·n_q·n(2d_c + d_R)``; backward as in `mla`.

        Kept: the latents, the projected queries, q and o of width d_c + d_R. Worst moment forward: where q is put
        together of its parts, or o beside it.
        """
        e, tokens, n = case.element_bytes, case.tokens, case.seq_len
        heads, head, rope, latent, _ = self.widths(case)
        rows = None if hides_the_future(case) else heads * case.query_len  # then the heads are further queries
        core = padded_cost(case, keys=latent + rope, values=latent, key_heads=1, rows=rows)
        if steps_by_formula(case):
            scores, summed = (e * case.batch_size * heads * width for width in (n, latent))
            scaled = e * case.batch_size * heads * (latent + rope)
            core = dataclasses.replace(
                core,
                forward_counter_gap=0,
                bytes_algorithm=core.bytes_min + 2 * scaled + 4 * scores,
                forward_peak_bytes=scaled + scores + max(scores, summed),
            )
        flops = 2 * tokens * heads * latent * 2 * head
        parts, q, o, projected = (
            e * tokens * heads * width for width in (head + latent + 2 * rope, latent + rope, head, head + rope)
        )
        latents = e * case.batch_size * n * (latent + rope)
        cost = dataclasses.replace(
            core,
            forward_flops=core.forward_flops + flops,
            backward_flops=core.backward_flops + 2 * flops,
            bytes_algorithm=core.bytes_algorithm + parts + q + o,
            saved_bytes=core.saved_bytes - latents + projected,
            forward_peak_bytes=e * tokens * (latent + rope) + q + max(parts, core.forward_peak_bytes),
            train_peak_bytes=projected + core.saved_bytes + core.train_peak_bytes,
            kv_cache_bytes=latents if case.phase == "decode" else None,
        )
        return with_ideal_share(case, core, cost)

    def build(self, case: Case, generator: torch.Generator) -> torch.nn.Module:
        """Gives the module ``(x [b, n, d], mask=None) -> y [b, n, d]``; its weights are named in `_latent`."""
        from bench.operators.attention._latent import Absorbed

        return Absorbed(case, self.widths(case), generator)


def steps_by_formula(case: Case) -> bool:
    """Gives whether two matrix products and a softmax stand in the place of torch's fused kernel."""
    return case.phase == "decode" and case.device == "cuda"


OPERATOR = MlaAbsorbed()
