"""A plan -> what `run.json` says of it: each case with its closed forms, its part, and what is to be done with it.

The sweep and the reading side take everything from here: neither looks into an operator, and a run can be taken up
or read where its operators are not installed.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping, Sequence
from typing import Any

from bench import operators
from bench.case import Case
from bench.operators._base import Attention
from bench.suite.application import modality
from bench.suite.estimate import alive_bytes
from bench.suite.group import Group, baseline, group_name, parts, why_not_timed
from bench.suite.row import planned_row
from bench.suite.status import Planned

__all__ = ["MAX_ALIVE", "manifest"]

MAX_ALIVE = 12
"""Processes of a group that are alive together; beyond it, or where memory asks for fewer, the group is split."""

_NOT_COLUMNS = {"estimated_peak_bytes", "saved_for_backward_bytes", "status", "reason"}


def manifest(
    planned: Sequence[Planned],
    groups: Sequence[Group],
    *,
    suite: str,
    threads: int,
    versions: Mapping[str, str],
    memory: Mapping[str, int] | None = None,
) -> dict[str, Any]:
    """Gives the entries `cases` and `parts` of a run.

    Args:
        planned: every case of the suite, baselines among them.
        groups: what is timed, in the order of measuring.
        suite: the suite's name.
        threads: of a case that names none.
        versions: package -> version, for the providers.
        memory: device -> bytes that the processes of a part may hold together; a device that is absent has no limit.
    """
    split = [part for group in groups for part in _fitting(group, (memory or {}).get(group.baseline.device))]
    member_of: dict[Case, list[Group]] = {}
    for part in split:
        for case in part.cases:
            member_of.setdefault(case, []).append(part)
    return {
        "parts": [{"name": part.name, "baseline": part.baseline.case_hash} for part in split],
        "cases": [
            _entry(each, member_of.get(each.case, []), suite=suite, threads=threads, versions=versions)
            for each in planned
        ],
    }


def _fitting(group: Group, memory: int | None) -> tuple[Group, ...]:
    """Splits a group so that each part is alive within memory; one case beside its baseline is the least."""
    for alive in range(MAX_ALIVE, 2, -1):
        split = parts(group, alive)
        if memory is None or all(alive_bytes(part.cases) <= memory for part in split):
            return split
    return parts(group, 2)


def _version(package: str) -> str | None:
    """Gives the version of a plug-in's package; a plug-in that is a bare module has none."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _entry(
    planned: Planned, in_parts: Sequence[Group], *, suite: str, threads: int, versions: Mapping[str, str]
) -> dict[str, Any]:
    case, operator = planned.case, operators.of(planned.case)
    attention = operator if isinstance(operator, Attention) else None
    runs = planned.status == "planned"
    bounded = runs and attention is not None and case.phase != "decode"  # of whole matrices, not of one row
    reason = planned.reason or (why_not_timed(case) if runs else "")
    is_timed = runs and not reason
    against = in_parts[0].baseline if in_parts else baseline([case])
    row = planned_row(planned, suite)
    row |= {
        "group": group_name(case),
        "baseline": against.case_id,
        "family": operator.family,
        "label": operator.label or case.operator,
        "provider_version": versions.get(case.provider) or _version(operator.package or case.provider),
        "provider_notes": operator.notes or None,
        "num_kv_heads": case.kv_heads or None,
        "out_features": case.out_size if case.scope == "projection" else None,
        "threads": case.threads or threads,
        "graph_replay": False,
        "energy_source": "none",
        "modality": modality(case),
        "error_reference": operator.reference,
    }
    return {
        "case": case.to_json(),
        "case_hash": case.case_hash,
        "status": planned.status,
        "reason": reason,
        "timed": is_timed,
        "accuracy": runs and case.application != "trained",  # there is no exact output before training
        "seeds": (case.seeds or 1) if runs and case.task else 0,
        "hardness": runs and attention is not None and case.scope == "core",
        "bound_rank": (case.rank or attention.matrix_rank(case)) if bounded and attention else None,
        "parts": [part.name for part in in_parts] or [group_name(case)],
        "baseline_hash": against.case_hash,
        "row": {name: value for name, value in row.items() if name not in _NOT_COLUMNS},
    }
