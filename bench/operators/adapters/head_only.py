"""Nothing of the network is trained, only the head that a task puts on it: what adapters are held against."""

from __future__ import annotations

from bench.operators._base import Adapter

__all__ = ["OPERATOR"]


class HeadOnly(Adapter):
    """``y = W0 x`` with W0 frozen, everywhere: the least that a fine-tuning can train.

    It adapts no projection, and so has neither a module nor closed forms of its own: those of a stack are the sum of
    its frozen parts. It exists where there is a network, which is scope `model`. A stack of blocks without a task has
    no head, and then nothing is trained at all: what is left of a step is the backward pass to the stack's input.
    """

    label = "head only"
    scopes = frozenset({"model"})
    adapts = ()
    takes_adapter_dtype = False
    mergeable = False


OPERATOR = HeadOnly()
