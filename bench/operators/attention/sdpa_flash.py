"""torch's scaled_dot_product_attention with its flash kernel and no other."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from bench.case import Case
from bench.operators.attention._pinned import half_precision_only, pinned, with_values_of_any_width
from bench.operators.attention.sdpa import Sdpa

if TYPE_CHECKING:
    import torch

__all__ = ["OPERATOR"]


class SdpaFlash(Sdpa):
    """`sdpa` with the backend FLASH_ATTENTION; on the CPU that is also its own choice.

    The closed forms are `sdpa`'s. CUDA's kernel takes half precision only and no mask. Source: Dao, arXiv 2307.08691.
    """

    label = "full (SDPA flash)"

    def unsupported(self, case: Case) -> str | None:
        reason = super().unsupported(case) or half_precision_only(case)
        if reason is None and case.device == "cuda" and case.mask != "none":
            reason = f"{case.operator} on CUDA honours no key mask"
        return reason

    def build(self, case: Case, generator: torch.Generator) -> Callable[..., Any]:
        """Gives the function ``(q, k, v, mask=None) -> o``."""
        return with_values_of_any_width(pinned(super().build(case, generator), "FLASH_ATTENTION"))


OPERATOR = SdpaFlash()
