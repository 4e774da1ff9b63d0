"""One property of one implementation: what is claimed beside what is observed. Runs wherever torch may compute."""

from __future__ import annotations

import torch

from bench import audit
from bench.audit.observation import Observation
from bench.audit.row import Row
from bench.audit.subject import Subject, reason_of

__all__ = ["applying", "examine"]


def applying(subject: Subject) -> tuple[str, ...]:
    """Gives the properties that have a meaning for an implementation."""
    return tuple(name for name in audit.names() if audit.load(name).applies(subject.operator))


def examine(subject: Subject, name: str) -> Row:
    """Gives the row of a property; what the implementation raises is observed, not raised.

    Raises:
        UsageError: no such property.
    """
    check = audit.load(name)
    claimed: str = check.claimed(subject.operator)
    absent = subject.operator.absent()
    if absent:
        seen = Observation(None, absent)
    else:
        threads = torch.get_num_threads()
        torch.set_num_threads(1)  # on inputs so small, threads wait for one another longer than they compute
        try:
            seen = check.observe(subject)
        except Exception as error:  # a stranger's operator: its fault is what is observed
            seen = Observation(False, f"raises {reason_of(error)}")
        finally:
            torch.set_num_threads(threads)
    return Row(
        operator=subject.name,
        provider=subject.provider,
        name=name,
        claimed=claimed or None,
        observed=seen.observed,
        seen=seen.seen,
        evidence=seen.evidence or None,
    )
