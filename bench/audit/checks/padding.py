"""Padding must not matter: a sample gives the same alone and padded to a longer length, under a mask."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from bench.audit.observation import Observation, Trial, search
from bench.audit.subject import Subject, distance, given, output
from bench.case import Case
from bench.operators._base import Attention, Operator

__all__ = ["about", "applies", "claimed", "observe"]

about = "A sample padded with masked tokens gives for its own tokens what it gives without them."


_POOLED = ("projected_len", "landmarks", "pooled_queries")
"""Kinds of rank for which segments are cut from the padded length, so that padding moves their borders."""


def applies(operator: Operator) -> bool:
    """Gives whether the property has a meaning: attentions that take a mask."""
    return isinstance(operator, Attention)


def claimed(operator: Operator) -> str:
    """Gives the claim in words; none where segments are cut from the padded length."""
    taken = getattr(operator, "mask", False) and operator.rank_kind not in _POOLED
    return "padding changes nothing" if taken else ""


def observe(subject: Subject) -> Observation:
    """Pads by one token and by as many as there are, with values of the same size and of a thousand."""
    if not getattr(subject.operator, "mask", False):
        return Observation(None, "takes no key mask")
    return search(subject, subject.sizes(("core",), lengths=(4, 5, 8, 16, 33), mask="padding"), _probe)


def _probe(case: Case) -> Iterator[Trial]:
    short, n = given(case.replace(mask="none")), case.seq_len
    for added in (1, n):
        longer = case.replace(seq_len=n + added)  # for both: what is fixed by the case is fixed by its length
        alone = output(
            longer, {**short, "mask": torch.ones(case.batch_size, n, dtype=torch.bool, device=case.device)}
        )
        for value in (1.0, 1e3):
            padded = {
                key: torch.cat([t, torch.full_like(t[..., :1, :], value).expand(*t.shape[:-2], added, -1)], -2)
                for key, t in short.items()
            }
            padded["mask"] = torch.arange(n + added, device=case.device).expand(case.batch_size, -1) < n
            found = output(longer, padded)[..., :n, :]
            yield Trial(
                case=case,
                did=f"{added} masked tokens of {value:g} after the sample change it",
                off=distance(found, alone),
            )
