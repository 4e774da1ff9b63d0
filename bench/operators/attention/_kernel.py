"""Attention by features, ``φ(q)·φ(k)`` with rows normalised: what Performer and elu + 1 share.

Axis legend: b batch, h heads, n seq_len, f width of φ, c_v width of v. The n × n matrix is never formed: the state
``φ(K)ᵀ V`` is f × c_v. The causal form carries the state from chunk to chunk and masks inside a chunk
(Katharopoulos et al., arXiv 2006.16236, equations 10–12, in chunks). A row without any weight gives 0.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from bench.case import Case
from bench.cost import Cost

if TYPE_CHECKING:
    import torch

__all__ = ["CHUNK", "KernelState", "causal_kernel_attention", "kernel_attention", "kernel_cost", "state_cost"]

CHUNK = 128
"""Tokens a chunk of the causal form."""


def kernel_cost(case: Case, width: int, *, scaled: bool = False) -> Cost:
    """Gives what it costs beside the features: of memory, what stands or is kept beside q, k, φ(Q) and φ(K).

    FLOPs of a head: the state and its reading 2·n·f·c_v each, the normaliser 2·n·f; backward twice that. Kept: v, the
    state, what is scaled before it is (the sums of v, or φ(Q) and then also after) and its scale, and which weights
    were zero. `train_peak_bytes` is what stands beside all that is kept: gradients, of the features or at the end of
    q, k and v.

    Args:
        case: the case, of scope `core`.
        width: f.
        scaled: whether the causal form has a `log_scale`.
    """
    if case.causal:
        return _causal_cost(case, width, scaled=scaled)
    n, c, e, heads = case.seq_len, case.head_dim or 0, case.element_bytes, case.batch_size * (case.num_heads or 0)
    flops = heads * (4 * n * width * c + 2 * n * width)
    output, scaled_bytes = e * n * c, e * n * min(c, width)
    return Cost(
        forward_flops=flops,
        backward_flops=2 * flops,
        saved_bytes=heads * (output + scaled_bytes + e * width * (c + 1) + n * (e + 1)),
        forward_peak_bytes=heads * (output + scaled_bytes + e * (n + width * c)),
        train_peak_bytes=heads * 4 * e * n * max(c, width),
    )


def _causal_cost(case: Case, width: int, *, scaled: bool) -> Cost:
    """v has one column more, which sums the weights: c1 = c_v + 1.

    FLOPs of a head: in each chunk of C tokens the scores and their product with v, 2·C²·(f + c1); 2·f·c1 for each
    token that writes to the state (none of the last chunk) or reads it (none of the first). Kept: v, sums and
    divisors as above, each chunk's scores and each chunk's state; with a `log_scale` also its C × C factors, the
    scaled features and their factors. Worst moment of both passes: the output, by chunks and put together.
    """
    n, c, e, heads = case.seq_len, case.head_dim or 0, case.element_bytes, case.batch_size * (case.num_heads or 0)
    sizes = [min(CHUNK, n - start) for start in range(0, n, CHUNK)]
    inside, carried, states = sum(size * size for size in sizes), 2 * n - sizes[0] - sizes[-1], len(sizes) - 1
    state = width * (c + 1)
    flops = heads * (2 * inside * (width + c + 1) + 2 * carried * state)
    kept = 2 * n * (c + 1) + n + inside + states * state
    moment = n * (c + 1) + 2 * n * c + sizes[0] * (sizes[0] + c + 1) + state
    if scaled:
        kept += inside + carried * (width + 1) + max(states - 1, 0)
        moment += n + sizes[0] * width
    return Cost(
        forward_flops=flops,
        backward_flops=2 * flops,
        saved_bytes=heads * (e * kept + n),
        forward_peak_bytes=heads * e * moment,
        train_peak_bytes=heads * e * (2 * n * c + sizes[0] ** 2),
    )


def state_cost(case: Case, width: int, *, scales: int = 0, by_channel: bool = False) -> Cost:
    """Gives what a step of phase `decode` costs beside the features: the cache does not grow with n.

    FLOPs of a head: one token's outer product 2·f·(c_v + 1), which is elementwise and which the counter leaves out,
    and the reading of the state, as many (2·f·c_v by channel). Cached: the state, and its scale. Worst moment: the
    new state beside the old one, scaled or not, the features and the sums.

    Args:
        case: the case, of scope `core`.
        width: f.
        scales: elements of a head's scale.
        by_channel: as of `KernelState`.
    """
    c, e, heads = case.head_dim or 0, case.element_bytes, case.batch_size * (case.num_heads or 0)
    written, read = 2 * heads * width * (c + 1), 2 * heads * width * (c + (not by_channel))
    state, rows = e * heads * width * (c + 1), e * heads * (2 * width + 2 * c)
    cached = state + e * heads * scales
    return Cost(
        forward_flops=written + read,
        backward_flops=0,
        forward_counter_gap=written,
        bytes_min=4 * e * heads * c + cached,
        bytes_algorithm=4 * e * heads * c + (4 if scales else 2) * cached + 2 * rows,
        forward_peak_bytes=(2 if scales else 1) * state + rows,
        kv_cache_bytes=cached,
    )


def kernel_attention(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    """Gives ``φ(Q) (φ(K)ᵀ V)`` with rows normalised.

    Args:
        q: φ(Q), ``[b, h, n_q, f]``, no negative entry.
        k: φ(K), ``[b, h, n, f]``, no negative entry; 0 where the key is masked.
        v: ``[b, h, n, c_v]``.

    Returns:
        ``[b, h, n_q, c_v]``.
    """
    scale = _inverse(q @ k.sum(dim=-2).unsqueeze(-1))
    if q.shape[-1] < v.shape[-1]:  # the narrower of the two is scaled
        return (q * scale) @ (k.mT @ v)
    return q @ (k.mT @ v) * scale


def causal_kernel_attention(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, log_scale: torch.Tensor | None = None
) -> torch.Tensor:
    """Gives the same where query i sees the keys up to i.

    Args:
        q: φ(Q), ``[b, h, n, f]``, no negative entry; its rows may be scaled as one likes.
        k: φ(K), ``[b, h, n, f]``, no negative entry; 0 where the key is masked.
        v: ``[b, h, n, c_v]``.
        log_scale: ``[b, h, n, 1]``, not falling along n: the true features are ``k·exp(log_scale)``. So they stay in
            range without a look at a later key.

    Returns:
        ``[b, h, n, c_v]``.
    """
    import torch

    v = _with_ones(v)
    chunks = list(zip(*(torch.split(x, CHUNK, dim=-2) for x in (q, k, v)), strict=True))
    scales = None if log_scale is None else torch.split(log_scale, CHUNK, dim=-2)
    state = reached = end = None  # of the chunks before: φ(K)ᵀ V, and the scale of its φ(K)
    outputs = []
    for index, (q_c, k_c, v_c) in enumerate(chunks):
        scores = (q_c @ k_c.mT).tril_()
        if scales is not None:
            scale, end = scales[index], scales[index][..., -1:, :]
            scores.mul_((scale.mT - scale).clamp_(max=0).exp_())
        sums = scores @ v_c
        if state is not None:
            sums = sums + (q_c if reached is None else q_c * (reached - scale).exp()) @ state
        outputs.append(sums[..., :-1] * _inverse(sums[..., -1:]))
        if index + 1 < len(chunks):
            written = (k_c if end is None else k_c * (scale - end).exp()).mT @ v_c
            if state is not None:
                written = written + (state if reached is None or end is None else state * (reached - end).exp())
            state, reached = written, end
    return torch.cat(outputs, dim=-2)


class KernelState:
    """A step of phase `decode`: what is kept of all tokens is ``Σ_j φ(k_j)ᵀ [v_j, 1]``, ``[b, h, f, c_v + 1]``.

    Args:
        queries: q -> φ(q) ``[b, h, 1, f]``, without a scale.
        keys: k of the new token -> φ(k) ``[b, h, 1, f]`` and s, which is nothing or ``[b, h, 1, 1 or f]``: the true
            features are ``φ(k)·exp(s)``, so that they stay in range.
        before: the same of the tokens before, ``[b, h, n - 1, f]`` and their common s.
        v: of the tokens before, ``[b, h, n - 1, c_v]``.
        by_channel: whether each channel is divided by its own sum, and not each row by its weight.
    """

    def __init__(
        self,
        queries: Callable[[torch.Tensor], torch.Tensor],
        keys: Callable[[torch.Tensor], tuple[torch.Tensor, torch.Tensor | None]],
        before: tuple[torch.Tensor, torch.Tensor | None],
        v: torch.Tensor,
        *,
        by_channel: bool = False,
    ) -> None:
        self.queries, self.keys, self.by_channel = queries, keys, by_channel
        features, self.scale = before
        self.state = features.mT @ _with_ones(v)
        self.cache = (self.state,) if self.scale is None else (self.state, self.scale)

    def __call__(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        features, scale = self.keys(k)
        state = self.state  # never written: the next call adds the same token
        if scale is not None and self.scale is not None:
            largest = scale.maximum(self.scale)
            state = state * (self.scale - largest).exp().mT
            features = features * (scale - largest).exp()
        state = state.addcmul(features.mT, _with_ones(v))
        if self.by_channel:
            return (self.queries(q) * _inverse(state[..., -1:].mT)) @ state[..., :-1]
        sums = self.queries(q) @ state
        return sums[..., :-1] * _inverse(sums[..., -1:])


def _with_ones(v: torch.Tensor) -> torch.Tensor:
    """One column more, which sums the weights."""
    import torch

    return torch.nn.functional.pad(v, (0, 1), value=1.0)


def _inverse(weight: torch.Tensor) -> torch.Tensor:
    """1 over a row's weight: the backward pass of a product takes half of that of a quotient.

    A row without any weight, or with less than a normal number has, gives 0 with finite gradients.
    """
    import torch

    return weight.masked_fill(weight < torch.finfo(weight.dtype).tiny, 1.0).reciprocal_()
