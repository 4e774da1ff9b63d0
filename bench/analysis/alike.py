"""Whether two stored runs may be compared: where machine and software agree, and which run of a folder does.

Goes in: what `run.json` holds. Comes out: what differs, in words that name the field and both values. A regression
that is another processor is no regression.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bench.errors import ComparisonError
from bench.store.run import Run

__all__ = ["baseline_among", "circumstances", "latest", "mismatches"]

_REMEDY = "measure both on one machine, or --allow-mismatch"


def mismatches(base: Run, head: Run) -> tuple[str, ...]:
    """Gives what forbids a comparison: processor, cores, GPUs, their driver and power limit, torch, threads."""
    return _differing(base, head, _fingerprint)


def circumstances(base: Run, head: Run) -> tuple[str, ...]:
    """Gives what differs and is told, and forbids nothing: kernel, memory, versions of packages, and more."""
    return _differing(base, head, _setting)


def latest(runs: Sequence[Run], where: str) -> Run:
    """Gives the last run that came to its end.

    Raises:
        ComparisonError: none did.
    """
    done = [run for run in runs if run.info.get("state") == "done"]
    if not done:
        raise ComparisonError(where, "holds no run that came to its end", "bench run SUITE")
    return done[-1]


def baseline_among(runs: Sequence[Run], head: Run, where: str, *, allow_mismatch: bool = False) -> Run:
    """Gives the run to compare `head` with: the last before it, of its suite and of a machine like its own.

    Args:
        runs: of a folder, oldest first.
        head: may itself be in the folder.
        where: the folder, for messages.
        allow_mismatch: where no run's machine is alike, take the last one of the suite.

    Raises:
        ComparisonError: there is no such run.
    """
    suite, began = head.info["suite"], str(head.info["started_utc"])
    earlier = [
        run
        for run in runs
        if run.info.get("state") == "done"
        and run.info["suite"] == suite
        and run.path.resolve() != head.path.resolve()
        and str(run.info["started_utc"]) <= began
    ]
    if not earlier:
        found = f"holds no finished run of suite {suite!r} from before {head.name}"
        raise ComparisonError(where, found, "store one there: bench run SUITE --results DIR")
    alike = [run for run in earlier if not mismatches(run, head)]
    if not alike and not allow_mismatch:
        found = f"holds no run that {head.name} can be compared with; of the last, {earlier[-1].name}, "
        raise ComparisonError(where, found + "; ".join(mismatches(earlier[-1], head)), _REMEDY)
    return (alike or earlier)[-1]


def _fingerprint(info: Mapping[str, Any]) -> dict[str, Any]:
    machine, gpus = info["machine"], info["machine"].get("gpus") or []
    variables = machine.get("environment") or {}
    return {
        "cpu_model": machine.get("cpu_model"),
        "cores": machine.get("cores"),
        "GPU": ", ".join(gpu["name"] for gpu in gpus),
        "GPU driver": ", ".join(sorted({str(gpu["driver"]) for gpu in gpus})),
        "GPU power limit in W": ", ".join(
            "?" if gpu["power_limit_w"] is None else f"{gpu['power_limit_w']:g}" for gpu in gpus
        ),
        "torch": info["versions"].get("torch"),
        "threads": info["settings"].get("threads"),
        "environment": " ".join(f"{name}={value}" for name, value in sorted(variables.items())),
    }


def _setting(info: Mapping[str, Any]) -> dict[str, Any]:
    machine = info["machine"]
    memory = machine.get("memory_bytes")
    return {
        "suite": info["suite"],
        "memory": None if memory is None else f"{memory / 2**30:.0f} GiB",
        "kernel": machine.get("kernel"),
        "governor": machine.get("governor"),
        **{name: version for name, version in info["versions"].items() if name != "torch"},
        **_providers(info),
        "schema": info.get("schema"),
        "bench_commit": info.get("bench_commit"),
    }


def _providers(info: Mapping[str, Any]) -> dict[str, str]:
    """Gives package -> version of those whose implementations were measured beside ours."""
    rows = [entry["row"] for entry in info.get("cases", ())]
    others = [row for row in rows if row.get("provider_version") and row["provider"] not in ("bench", "torch")]
    return {f"provider {row['provider']}": row["provider_version"] for row in others}


def _differing(base: Run, head: Run, facts: Callable[[Mapping[str, Any]], dict[str, Any]]) -> tuple[str, ...]:
    before, after = facts(base.info), facts(head.info)
    return tuple(
        f"{name} is {_told(before.get(name))} in {base.name} and {_told(after.get(name))} in {head.name}"
        for name in {**before, **after}
        if before.get(name) != after.get(name)
    )


def _told(value: Any) -> str:
    return "not known" if value in (None, "") else str(value)
