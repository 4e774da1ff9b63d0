"""What a case costs by closed form: nothing is measured here and torch is not needed.

Conventions (all counts are of one call of the case's phase): one multiply-add is 2 FLOPs; FLOPs are of matrix
products only; bytes are of elements of the case's dtype unless a field says otherwise.
"""

from __future__ import annotations

import dataclasses

__all__ = ["Cost"]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """A closed form, forward and backward apart, so that a phase is a sum of them."""

    forward_flops: int
    """Matrix products of the forward pass."""
    backward_flops: int
    """Matrix products of the backward pass, for the gradients that the phase `train` asks for."""
    forward_counter_gap: int = 0
    """`forward_flops` minus what torch's FlopCounterMode counts on this device."""
    backward_counter_gap: int = 0
    """`backward_flops` minus what torch's FlopCounterMode counts on this device."""
    ideal_share: float = 1.0
    """Share of the FLOPs that the definition needs: (n + 1) / 2n for a causal n × n product computed whole."""
    bytes_min: int = 0
    """Each input read once and the output written once: no implementation moves less."""
    bytes_algorithm: int = 0
    """`bytes_min` and what the algorithm writes and reads back."""
    saved_bytes: int = 0
    """What autograd keeps for the backward pass, one count a storage, inputs and weights among them."""
    forward_peak_bytes: int = 0
    """Live bytes at the worst moment of a forward call without gradients, above its inputs and weights."""
    train_peak_bytes: int = 0
    """The same of a `train` call: activations kept, gradients, temporaries."""
    parameters: int = 0
    """Weights, frozen ones too."""
    trainable_parameters: int = 0
    """Weights that `train` changes."""
    kv_cache_bytes: int | None = None
    """Of phase `decode`: bytes cached for all tokens so far."""

    def flops(self, phase: str) -> int:
        """Gives the closed form of a whole call of `phase`."""
        return self.forward_flops + (self.backward_flops if phase == "train" else 0)

    def counter_gap(self, phase: str) -> int:
        """Gives closed form minus counter of a whole call of `phase`."""
        return self.forward_counter_gap + (self.backward_counter_gap if phase == "train" else 0)

    def peak_bytes(self, phase: str) -> int:
        """Gives the closed form of the peak of a call of `phase`."""
        return self.train_peak_bytes if phase == "train" else self.forward_peak_bytes
