"""A module as `--plugin` names it: an operator of somebody else's."""

from __future__ import annotations

from typing import ClassVar

from bench.case import Case
from bench.cost import Cost
from bench.operators._base import Attention, Option


class Mirror(Attention):
    """Gives v back."""

    provider = "strangers"
    rank_kind = "projected_len"
    options: ClassVar = {"depth": Option(2.0, "How deep it looks.")}

    def core_cost(self, case: Case) -> Cost:
        """Nothing is multiplied."""
        return Cost(forward_flops=0, backward_flops=0)


MEMBERS = {"mirror": Mirror()}
