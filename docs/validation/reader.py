"""What an independent reader says of the comparisons of an unchanged tree: benchstats, by its own test of our rounds.

``python docs/validation/reader.py``; 2 minutes; needs benchstats, of the group `test`. It takes the seconds of base
and of head as two samples and knows nothing of pairs, so that it sees less than a reader that does.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from estimators import clustered
from measure import read

ALPHAS = (0.001, 0.025)
"""Of each of its two one-sided tests: its own, and that of a two-sided test at 5 %."""


def google(run: dict[str, Any], side: int) -> dict[str, Any]:
    """Gives one side of a comparison as Google Benchmark's JSON: a repetition a pair of the screening."""
    found = []
    for case, stage, number, *rest in run["pairs"]:
        if stage == "screen":
            name = case.replace(" ", "/")
            times = {"real_time": 1e9 * rest[side], "cpu_time": 1e9 * rest[side], "time_unit": "ns"}
            which = {"run_type": "iteration", "repetition_index": number, "iterations": 1}
            found.append({"name": name, "run_name": name, **which, **times})
    return {"context": {"date": run["started_utc"], "json_schema_version": 1}, "benchmarks": found}


def different(files: list[str], alpha: float) -> int:
    """Gives how many cases benchstats calls different, which are the same."""
    command = [sys.executable, "-m", "benchstats", *files, "real_time", "--expect_same", "--alpha", str(alpha)]
    done = subprocess.run(
        [*command, "--no-colors"], capture_output=True, text=True, env={**os.environ, "COLUMNS": "300"}
    )
    said = re.search(r"for < +(\d+) .* for > +(\d+) ", done.stdout)
    if said is None:
        raise RuntimeError(f"benchstats ended with {done.returncode}:\n{done.stdout[-1000:]}{done.stderr[-1000:]}")
    return int(said[1]) + int(said[2])


def main() -> None:
    """Prints the share of cases that benchstats calls different, by the size of its test."""
    runs = read("aa")
    counts: dict[float, list[list[bool]]] = {alpha: [] for alpha in ALPHAS}
    for run in runs:
        with tempfile.TemporaryDirectory() as folder:
            files = [str(Path(folder, f"{side}.json")) for side in ("base", "head")]
            for side, file in enumerate(files):
                Path(file).write_text(json.dumps(google(run, side)))
            cases = len({pair[0] for pair in run["pairs"]})
            for alpha, held in counts.items():
                found = different(files, alpha)
                held.append([True] * found + [False] * (cases - found))
    for alpha, held in counts.items():
        some = sum(any(of_run) for of_run in held)
        print(
            f"alpha {alpha:g} a side: {clustered(held)} of the cases differ; some case in {some} of {len(runs)} runs"
        )


if __name__ == "__main__":
    main()
