"""One property of one implementation: what is claimed beside what is observed. Runs wherever torch may compute."""

from __future__ import annotations

import torch

from bench import audit
from bench.audit.observation import Observation
from bench.audit.row import Row
from bench.audit.subject import CallError, Subject, reason_of

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
        except CallError as raised:
            seen = Observation(False, f"raises {raised.reason}", f"{raised.case.case_id}, seed 0")
        except Exception as error:  # beside a case: in a package's own set-up, or in the check; observed all the same
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
        device=subject.device,
    )
