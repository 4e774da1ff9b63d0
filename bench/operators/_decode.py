"""Phase `decode`: what is kept of the tokens so far, and the step that adds one more.

Imported by `build_decode` only, for it needs torch. A step is called again and again with the same token: it writes
the last place of its cache anew each time, and no call changes what the next one computes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import torch

__all__ = ["KeyValueCache", "Step"]


class Step(Protocol):
    """One token more against a cache."""

    @property
    def cache(self) -> tuple[torch.Tensor, ...]:
        """What is held of all tokens, the new one's place included."""
        ...

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Gives the new token's output: of q, k, v ``[b, h or g, 1, c]`` at scope `core`, of x ``[b, 1, d]`` else."""
        ...


class KeyValueCache:
    """Keys and values as they are: the cache of any attention ``(q, k, v) -> o`` that takes n_q = 1.

    Args:
        attend: ``(q, k, v) -> o``; it must see every key.
        k: ``[b, g, n - 1, c]``, of the tokens before.
        v: ``[b, g, n - 1, c_v]``.
    """

    def __init__(self, attend: Callable[..., Any], k: torch.Tensor, v: torch.Tensor) -> None:
        self.attend = attend
        self.k, self.v = (torch.cat([t, torch.zeros_like(t[:, :, :1])], dim=2) for t in (k, v))
        self.cache = (self.k, self.v)

    def __call__(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        self.k[:, :, -1:], self.v[:, :, -1:] = k, v
        output: torch.Tensor = self.attend(q, self.k, self.v)
        return output
