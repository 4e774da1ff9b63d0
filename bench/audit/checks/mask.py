"""What is masked must not be read: keys and values that are not there change nothing."""

from __future__ import annotations

from collections.abc import Iterator

from bench.audit.observation import Observation, Trial, search
from bench.audit.subject import Subject, distance, given, output
from bench.case import Case
from bench.operators._base import Attention, Operator

__all__ = ["about", "applies", "claimed", "observe"]

about = "Keys and values that the mask says are not there change no output."


def applies(operator: Operator) -> bool:
    """Gives whether the property has a meaning: attentions only."""
    return isinstance(operator, Attention)


def claimed(operator: Operator) -> str:
    """Gives the claim in words."""
    return "honours a key mask" if getattr(operator, "mask", False) else ""


def observe(subject: Subject) -> Observation:
    """Adds 10 and 1000 to what is masked: the last quarter of the keys, or the last key.

    130 tokens cross the borders of blocks of 64 and of 128.
    """
    if not claimed(subject.operator):
        return Observation(None, "takes no key mask")
    return search(subject, subject.sizes(("core",), lengths=(2, 3, 5, 8, 16, 33, 130), mask="padding"), _probe)


def _probe(case: Case) -> Iterator[Trial]:
    tensors = given(case)
    tensors["mask"] = tensors["mask"].clone()
    tensors["mask"][:, -1] = False
    hidden = ~tensors["mask"][:, None, :, None]
    before = output(case, tensors)
    for step in (10.0, 1e3):
        changed = {**tensors, **{key: tensors[key].where(~hidden, tensors[key] + step) for key in ("k", "v")}}
        off = distance(output(case, changed), before)
        yield Trial(case=case, did=f"adding {step:g} to masked keys and values changes the output", off=off)
