"""A results folder of asv (airspeed velocity): ``asv show``, ``asv compare``, ``asv publish``; one commit more a run.

An asv benchmark is what cases have in common (scope, phase, input, …) and a measure; its parameters, the axes of
asv's site, are `PARAMETERS`. A failed case is null; one that is unsupported, skipped or not planned is NaN.

`benchmarks.json` also keeps the `case_hash` of each point. Where a point comes to mean another measurement, the
benchmark gets another version, and asv leaves the results of the old one out; points that are only added change
nothing. Samples are not written: asv would test them as if rounds of two runs differed by the code alone, where times
in seconds drift; its decision is left to the interval, which owns up to the drift.
"""

from __future__ import annotations

import datetime
import hashlib
import itertools
import json
import math
import re
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench.errors import StoreError, UsageError
from bench.report.exports._exported import Exported, Measure, exported
from bench.store.run import write_text

__all__ = ["PARAMETERS", "about", "holds_failures", "write"]

about = "a results folder of asv, one commit more at each export (needs --output)"
holds_failures = True

PARAMETERS = ("implementation", "rank", "seq_len", "hidden_size")
"""`implementation` is ``operator[provider]``, its options, and whether it is compiled; an absent rank is None."""

_IN_THE_IMPLEMENTATION = {"operator", "provider", "options", "compiled", "adapter_dtype"}
_FIRST_IN_THE_NAME = ("scope", "phase")
_NOT_IN_THE_NAME = {*_IN_THE_IMPLEMENTATION, *_FIRST_IN_THE_NAME, *PARAMETERS, "num_heads"}  # width over head_dim
_MEASURES = {
    "latency": ("time", "seconds"),
    "latency_ratio": ("track", "ratio"),
    "peak_bytes": ("peakmemory", "bytes"),
}
_STATISTICS = ("stats_ci_99_a", "stats_ci_99_b", "stats_q_25", "stats_q_75", "stats_number", "stats_repeat")
_COLUMNS = ("result", "params", "version", "started_at", "duration", *_STATISTICS)
_WIDER = 2.5758 / 1.9600  # normal quantiles of 99 and 95 %: asv's intervals are of 99 %

Key = tuple[str, ...]
Point = tuple[float | None, ...]
"""A result, then its statistics as in `_STATISTICS`."""

_FAILED: Point = (None,) * (1 + len(_STATISTICS))  # all of them null: asv compare stumbles over a part
_SKIPPED: Point = (math.nan, *_FAILED[1:])


def write(table: pd.DataFrame, rounds: pd.DataFrame, run_info: Mapping[str, Any], folder: Path) -> None:
    """Adds a run to asv's `results_dir`; results of other commits, machines and benchmarks stay.

    A commit that was exported before keeps its points; those measured again are replaced. A warning tells where a
    benchmark came to mean another measurement.

    Raises:
        UsageError: the run has no commit, its tree was changed, or the folder holds something else.
        StoreError: the folder cannot be written.
    """
    commit, machine = _commit(run_info), _slug(run_info["machine"]["name"])
    if folder.exists() and not (folder.is_dir() and _is_results_folder(folder)):
        raise UsageError(str(folder), "is no results folder of asv", "name an empty folder, or asv's results_dir")
    file = folder / machine / f"{commit[:8]}-{_environment(run_info)}.json"
    benchmarks, results = _read(folder / "benchmarks.json"), _stored(_read(file))
    changed = 0
    for name, cases in _by_benchmark(exported(table, rounds, run_info)).items():
        described = _described(name, cases, benchmarks.get(name))
        version = described["version"]
        changed += name in benchmarks and benchmarks[name]["version"] != version
        points = _points(results[name]) if name in results and results[name]["version"] == version else {}
        points |= {key: _point(case, case.measures.get(described["measure"])) for key, case in cases.items()}
        benchmarks[name] = described
        results[name] = _columns(points) | {"version": version, "started_at": _started_ms(run_info)}
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(str(file.parent), f"cannot be made ({error.strerror})", "--output another folder") from error
    rows = {name: [row.get(column) for column in _COLUMNS] for name, row in results.items()}
    _write(folder / machine / "machine.json", _machine(run_info) | {"version": 1})
    _write(file, _heading(run_info, commit) | {"result_columns": _COLUMNS, "results": rows, "version": 2})
    _write(folder / "benchmarks.json", benchmarks | {"version": 2})  # last: it is what makes results visible
    if changed:
        found = f"{changed} benchmarks now mean another measurement; asv leaves their earlier results out"
        warnings.warn(f"{folder}: {found}", stacklevel=2)


def _by_benchmark(cases: Iterable[Exported]) -> dict[str, dict[Key, Exported]]:
    """Gives benchmark -> parameters -> case; a case without a latency is in the benchmark of each measure."""
    found: dict[str, dict[Key, Exported]] = {}
    for case in cases:
        for measure in case.measures or _MEASURES:
            found.setdefault(f"{_context(case)}.{measure}", {})[_key(case)] = case
    return found


def _context(case: Exported) -> str:
    """Gives what stands in the name: ``core.forward.head_dim_64.input_smooth``."""
    words = [str(case.parameters[name]) for name in _FIRST_IN_THE_NAME]
    words += [f"{name}_{value}" for name, value in case.identity.items() if name not in _NOT_IN_THE_NAME]
    return ".".join(_slug(word) for word in words)


def _key(case: Exported) -> Key:
    given = case.parameters
    words = [f"{given['operator']}[{given['provider']}]"]
    words += [str(given[name]) for name in ("options", "adapter_dtype") if name in given]
    words += ["compiled"] if given.get("compiled") else []
    implementation = re.sub(r"[^\w\[\] =.+-]", "_", " ".join(words))  # asv's pages print it as it stands
    return (repr(implementation), *(repr(given.get(name)) for name in PARAMETERS[1:]))


def _described(name: str, cases: Mapping[Key, Exported], known: Mapping[str, Any] | None) -> dict[str, Any]:
    """Gives the entry of `benchmarks.json`: what earlier exports knew of the benchmark, and what this one adds."""
    hashes = {key: case.case_hash for key, case in cases.items()}
    version = hashlib.sha256("".join(sorted(hashes.values())).encode()).hexdigest()
    if known is not None:
        earlier = {tuple(point[:-1]): point[-1] for point in known["case_hashes"]}
        if all(earlier.get(key, case_hash) == case_hash for key, case_hash in hashes.items()):
            version, hashes = known["version"], earlier | hashes
    measure = name.rpartition(".")[2]
    kind, unit = _MEASURES[measure]
    return {
        "name": name,
        "code": "",
        "param_names": PARAMETERS,
        "params": _axes(hashes),
        "type": kind,
        "unit": unit,
        "version": version,
        "timeout": 60.0,
        "measure": measure,
        "case_hashes": [[*key, case_hash] for key, case_hash in hashes.items()],
    }


def _axes(keys: Iterable[Key]) -> list[list[str]]:
    return [sorted(set(values), key=_order) for values in zip(*keys, strict=True)]


def _order(value: str) -> tuple[float, str]:
    return (float(value), "") if value.isdecimal() else (math.inf, value)


def _point(case: Exported, measure: Measure | None) -> Point:
    if measure is None:
        return _FAILED if case.failed else _SKIPPED
    if not measure.samples:
        return (measure.value, *_FAILED[1:])
    low, high = -math.inf, math.inf  # asv's own word for too few samples
    if measure.low is not None and measure.high is not None:
        low, high = (measure.value * (end / measure.value) ** _WIDER for end in (measure.low, measure.high))
    quarter, three_quarters = (float(np.quantile(measure.samples, share)) for share in (0.25, 0.75))
    return (measure.value, low, high, quarter, three_quarters, 1, len(measure.samples))


def _columns(points: Mapping[Key, Point]) -> dict[str, Any]:
    """Gives the columns of a benchmark's results: a value for each combination of its parameters, in asv's order."""
    axes = _axes(points)
    grid = [points.get(key, _SKIPPED) for key in itertools.product(*axes)]
    values = zip(("result", *_STATISTICS), zip(*grid, strict=True), strict=True)
    return {"params": axes, **{name: list(column) for name, column in values}}


def _points(row: Mapping[str, Any]) -> dict[Key, Point]:
    """Gives what `_columns` was made of; asv writes a column of nulls as one null."""
    keys = list(itertools.product(*row["params"]))
    columns = [row.get(name) or [None] * len(keys) for name in ("result", *_STATISTICS)]
    return dict(zip(keys, zip(*columns, strict=True), strict=True))


def _stored(data: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Gives benchmark -> column -> values of a results file; asv cuts nulls off at a row's end."""
    columns = data.get("result_columns", ())
    return {name: dict(zip(columns, row, strict=False)) for name, row in data.get("results", {}).items()}


def _heading(run_info: Mapping[str, Any], commit: str) -> dict[str, Any]:
    torch = {"torch": run_info["versions"]["torch"]}
    python = _python(run_info)
    return {
        "commit_hash": commit,
        "env_name": _environment(run_info),
        "date": _started_ms(run_info),
        "params": {**_machine(run_info), "python": python, **torch},
        "python": python,
        "requirements": torch,
        "env_vars": {},
        "durations": {},
    }


def _machine(run_info: Mapping[str, Any]) -> dict[str, Any]:
    facts = run_info["machine"]
    found = {
        "machine": _slug(facts["name"]),
        "os": f"Linux {facts['kernel']}",
        "cpu": facts["cpu_model"],
        "num_cpu": str(facts["cores"]),
        "ram": str(facts["memory_bytes"]),
    }
    gpus = ", ".join(gpu["name"] for gpu in facts["gpus"])
    return found | ({"gpu": gpus} if gpus else {})


def _environment(run_info: Mapping[str, Any]) -> str:
    return _slug(f"py{_python(run_info)}-torch{run_info['versions']['torch']}")


def _python(run_info: Mapping[str, Any]) -> str:
    return ".".join(run_info["versions"]["python"].split(".")[:2])


def _started_ms(run_info: Mapping[str, Any]) -> int:
    return round(datetime.datetime.fromisoformat(run_info["started_utc"]).timestamp() * 1000)


def _commit(run_info: Mapping[str, Any]) -> str:
    commit = str(run_info.get("commit") or "")
    if commit.endswith("-dirty"):
        found = f"was measured on {commit[:8]} with changes that are not committed"
        raise UsageError(run_info["run"], found, "asv knows commits only: commit them, then bench run again")
    if not re.fullmatch("[0-9a-f]{40}", commit):
        raise UsageError(run_info["run"], "was measured outside a git checkout", "asv needs a commit; try --to csv")
    return commit


def _slug(text: str) -> str:
    """Gives text that may stand in a path and in a page; no path leads upwards from it."""
    return re.sub(r"[^A-Za-z0-9_.+-]+", "_", text).lstrip(".") or "_"


def _is_results_folder(folder: Path) -> bool:
    return (folder / "benchmarks.json").is_file() or not any(folder.iterdir())


def _read(file: Path) -> dict[str, Any]:
    """Gives a file of an earlier export without the `version` of its format; nothing where there is none."""
    if not file.is_file():
        return {}
    try:
        data: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise UsageError(f"{file}:{error.lineno}", f"is damaged ({error.msg})", "remove or restore it") from error
    data.pop("version", None)
    return data


def _write(file: Path, data: Mapping[str, Any]) -> None:
    text = json.dumps(data, indent=1) + "\n"  # with NaN and Infinity, which are asv's own
    write_text(file, text)
