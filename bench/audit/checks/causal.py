"""The future must not be seen: where a causal form is claimed, later tokens change nothing before them."""

from __future__ import annotations

from collections.abc import Iterator

from bench.audit.observation import Observation, Trial, search
from bench.audit.subject import Subject, distance, given, output
from bench.case import Case
from bench.operators._base import Attention, Operator

__all__ = ["about", "applies", "claimed", "observe"]

about = "In the causal form, changing a token changes the output of no token before it."


def applies(operator: Operator) -> bool:
    """Gives whether the property has a meaning: attentions only."""
    return isinstance(operator, Attention)


def claimed(operator: Operator) -> str:
    """Gives the claim in words."""
    return "a causal form" if getattr(operator, "causal", False) else ""


def observe(subject: Subject) -> Observation:
    """Changes the last token, little and by a thousand, and one in the middle; looks at all tokens before.

    130 tokens cross the borders of blocks of 64 and of 128.
    """
    if not claimed(subject.operator):
        return Observation(None, "has no causal form")
    return search(subject, subject.sizes(("core", "layer"), lengths=(2, 3, 5, 8, 16, 33, 130), causal=True), _probe)


def _probe(case: Case) -> Iterator[Trial]:
    plain = given(case)
    before = output(case, plain)
    for first in sorted({case.seq_len - 1, case.seq_len // 2}):
        for step in (3.0, 1e3):
            changed = {key: tensor.clone() for key, tensor in plain.items()}
            for tensor in changed.values():
                tensor[..., first:, :] += step
            off = distance(output(case, changed)[..., :first, :], before[..., :first, :])
            yield Trial(case=case, did=f"adding {step:g} to token {first} changes the tokens before it", off=off)
