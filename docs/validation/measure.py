"""Measures how far the numbers of `bench` can be trusted; `evaluate.py` says what came out.

``python docs/validation/measure.py EXPERIMENT [--times N]``, in a checkout with nothing uncommitted, on a machine on
which nothing else runs. Each experiment appends to its file under `data/` and goes on where it stopped; `all` does
them in turn. Raw rounds are kept, so that another estimator can be judged without measuring again.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import gzip
import json
import multiprocessing
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench.attempt import Attempt
from bench.case import Case
from bench.machine.fingerprint import machine, versions
from bench.stats.ratio import round_latency, round_log_ratio
from bench.store.journal import read_journal
from bench.store.run import Run
from bench.table.derive import case_rounds
from bench.table.load import load, load_runs

HERE = Path(__file__).parent
DATA = Path(os.environ.get("VALIDATION_DATA", HERE / "data"))
"""Where experiments are kept; another, empty folder measures everything anew."""
SUITE = HERE.parents[1] / "suites" / "gate.yaml"
SLOWABLE = ("nystrom", "performer", "efficient", "linear_elu", "lora", "dora", "vera")
"""Operators with one case each in the suite."""

_SLOWED = '''

_build, _SLOWED = build, {slowed}


def build(case, given=None):
    """Slows some operators down: each call waits until it has taken that many times as long."""
    import time

    built = _build(case, given)
    factor = _SLOWED.get(case.operator)
    if factor is None:
        return built

    def call():
        start = time.perf_counter()
        output = built.call()
        end = start + (time.perf_counter() - start) * factor
        while time.perf_counter() < end:
            pass
        return output

    return dataclasses.replace(built, call=call)
'''


def aa(times: int) -> None:
    """An unchanged tree against itself."""
    for _ in missing("aa", times):
        keep("aa", _ab("HEAD", "90s"))


def disturbed(times: int) -> None:
    """The same beside a neighbour that burns one core in bursts."""
    for number in missing("disturbed", times):
        with _neighbour(number):
            keep("disturbed", _ab("HEAD", "90s"))


def power(times: int) -> None:
    """Two operators slowed down, by 10 % and by 5 %; which two changes from run to run."""
    for number in missing("power", times):
        first, second = random.Random(number).sample(SLOWABLE, 2)
        slowed = {first: 1.10, second: 1.05}
        keep("power", {**_ab(_commit(slowed), "3m"), "slowed": slowed})


def runs(times: int) -> None:
    """The suite measured again and again, for the coverage of what `bench run` prints."""
    for _ in missing("runs", times):
        with tempfile.TemporaryDirectory() as results:
            words = ["run", str(SUITE), "--no-report", "--budget", "60s", "--results", results]
            subprocess.run([sys.executable, "-m", "bench", *words], check=True, capture_output=True)
            table = load(results)
            rounds = _rounds(load_runs(results)[0])
        names = ["case_id", "rounds", *(name for name in table if name.startswith("latency_"))]
        keep("runs", {"records": json.loads(table[names].to_json(orient="records")), "rounds": rounds})


def alone(times: int) -> None:
    """The same case among others and in a process alone, round by round, for calls of 0.1 to 100 ms."""
    from bench.sweep.executors.local import LocalExecutor
    from bench.sweep.round import Limits, Seat, conduct

    limits = Limits(120.0, 4 << 30, 2)
    executor = LocalExecutor(Path(tempfile.mkstemp()[1]), limits, run="alone")
    shape = {"num_heads": 8, "head_dim": 64, "hidden_size": 512}
    try:
        for number in missing("alone", times):
            found = {}
            for seq_len in (64, 256, 512, 1024, 2048, 4096):
                sdpa = Case(operator="sdpa", provider="torch", seq_len=seq_len, **shape)
                others = [sdpa.replace(operator=name, provider="bench", rank=32) for name in ("linformer", "nystrom")]
                server = executor.server(number)
                words = {"group": f"{seq_len}", "number": number, "limits": limits}
                seats = {
                    "among": [Seat(server, case) for case in (sdpa, *others, None)],
                    "alone": [Seat(server, sdpa)],
                }
                order = random.Random(number * 10_000 + seq_len).sample(sorted(seats), 2)
                took = {which: conduct(seats[which], **words)[0] for which in order}
                found[str(seq_len)] = {which: round_latency(one.per_call_s) for which, one in took.items()}
            keep("alone", {"seconds": found})
    finally:
        executor.close()


def _ab(head: str, budget: str) -> dict[str, Any]:
    """Compares HEAD with another commit, and gives what is kept of it."""
    with tempfile.TemporaryDirectory() as results:
        words = ["ab", "HEAD", head, str(SUITE), "--budget", budget, "--results", results, "--format", "json"]
        began = time.monotonic()
        done = subprocess.run([sys.executable, "-m", "bench", *words], capture_output=True, text=True)
        if done.returncode not in (0, 1, 3, 4):  # what fails on the way counts too
            raise RuntimeError(f"bench {' '.join(words)} ended with {done.returncode}:\n{done.stderr[-2000:]}")
        journal = next(Path(results).glob("*/journal.jsonl"))
        info = json.loads((journal.parent / "ab.json").read_text())
        names = {entry["case_hash"]: entry["case_id"] for entry in info["cases"]}
        return {
            "exit": done.returncode,
            "wall_s": round(time.monotonic() - began, 1),
            "commit": info["base"]["commit"],
            "margin": info["settings"]["margin"],
            "verdicts": json.loads(done.stdout)["verdicts"],
            "pairs": _pairs(read_journal(journal).attempts, names),
        }


def _rounds(run: Run) -> list[list[Any]]:
    """Gives ``[case, round, latency_s, pace_s, log_ratio, foreign_share, started_s]`` of each case and round, raw."""
    planned = {row["case_hash"]: row for row in run.info["cases"]}
    baselines = {name: row.get("baseline_hash", "") for name, row in planned.items()}
    rows = []
    for name, of_case in case_rounds(read_journal(run.journal).attempts, baselines).items():
        for one in of_case if name in planned else ():
            seconds = [float(f"{each:.5g}") for each in (one.latency_s, one.pace_s)]
            facts = [round(one.log_ratio, 6), one.attempt.facts["foreign_share"], round(one.attempt.started_s, 2)]
            rows.append([planned[name]["row"]["case_id"], one.round, *seconds, *facts])
    return rows


def _pairs(attempts: tuple[Attempt, ...], names: dict[str, str]) -> list[list[Any]]:
    """Gives ``[case, stage, round, base_s, head_s, log_ratio, foreign_share, started_s, turns, servers]`` of each."""
    pairs: dict[int, dict[str, Attempt]] = {}
    for attempt in attempts:
        if attempt.kind == "timing" and attempt.blocks:
            pairs.setdefault(attempt.round, {})[attempt.group] = attempt
    rows = []
    for number, pair in sorted(pairs.items()):
        if len(pair) == 2:
            base, head = pair["base"], pair["head"]
            log = round_log_ratio(head.per_call_s, base.per_call_s)
            turns = [
                round(float(np.log(head.per_call_s[t] / base.per_call_s[t])), 5) for t in sorted(base.per_call_s)
            ]
            seconds = [float(f"{round_latency(one.per_call_s):.5g}") for one in (base, head)]
            facts = [base.facts["stage"], number, *seconds, round(log, 6), base.facts["foreign_share"]]
            servers = [base.facts["server"], head.facts["server"]]
            rows.append([names[base.case_hash], *facts, round(base.started_s, 2), turns, servers])
    return rows


def _commit(slowed: dict[str, float]) -> str:
    """Makes a commit on no branch in which some operators are slowed down, and gives its name."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        _git("worktree", "add", "--quiet", "--detach", str(tree), "HEAD")
        try:
            file = tree / "bench" / "measure" / "workload.py"
            file.write_text(file.read_text() + _SLOWED.format(slowed=slowed))
            author = ["-c", "user.name=validation", "-c", "user.email=validation@localhost"]
            _git("-C", str(tree), *author, "commit", "--quiet", "--no-verify", "-am", f"Slow down {slowed}")
            return _git("-C", str(tree), "rev-parse", "HEAD")
        finally:
            _git("worktree", "remove", "--force", str(tree))


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], check=True, capture_output=True, text=True).stdout.strip()


@contextlib.contextmanager
def _neighbour(seed: int) -> Iterator[None]:
    """Burns one core in bursts of 0.2 to 2 s, with as long pauses, while the block lasts."""
    burner = multiprocessing.Process(target=_burn, args=(seed,), daemon=True)
    burner.start()
    try:
        yield
    finally:
        burner.kill()
        burner.join()


def _burn(seed: int) -> None:
    rng = random.Random(seed)
    while True:
        end = time.monotonic() + rng.uniform(0.2, 2.0)
        while time.monotonic() < end:
            pass
        time.sleep(rng.uniform(0.2, 2.0))


def missing(experiment: str, times: int) -> range:
    """Gives the numbers that are not there yet."""
    return range(len(read(experiment)), times)


def read(experiment: str) -> list[dict[str, Any]]:
    """Gives what an experiment has kept, in order."""
    file = DATA / f"{experiment}.jsonl.gz"
    if not file.exists():
        return []
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def keep(experiment: str, found: dict[str, Any]) -> None:
    DATA.mkdir(parents=True, exist_ok=True)
    stamped = {"started_utc": pd.Timestamp.now("UTC").isoformat(timespec="seconds"), **_made_on(), **found}
    with gzip.open(DATA / f"{experiment}.jsonl.gz", "at", encoding="utf-8") as lines:
        lines.write(json.dumps(stamped, separators=(",", ":")) + "\n")
    told = {name: value for name, value in found.items() if name in ("exit", "wall_s", "slowed")}
    print(f"{experiment}: {told}", flush=True)


def refuse_changes() -> None:
    """Ends the program where tracked files differ from the commit: what is kept would be of no commit."""
    changed = _git("-C", str(HERE), "status", "--porcelain", "--untracked-files=no", "--", ":/", ":!data")
    if changed:
        raise SystemExit(f"commit first, for what is kept names its commit:\n{changed}")


@functools.cache
def _made_on() -> dict[str, str]:
    """Gives what a line is of: commit, processor, torch."""
    commit = _git("-C", str(HERE), "rev-parse", "HEAD")
    return {"commit": commit, "cpu": str(machine()["cpu_model"]), "torch": versions()["torch"]}


EXPERIMENTS = {
    "aa": (aa, 60),
    "power": (power, 40),
    "disturbed": (disturbed, 20),
    "alone": (alone, 24),
    "runs": (runs, 40),
}
"""Name -> what measures it, and how often it is asked for."""


def main() -> None:
    """Measures what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiment", choices=(*EXPERIMENTS, "all"))
    parser.add_argument("--times", type=int, help="how often, in place of the number that is asked for")
    args = parser.parse_args()
    refuse_changes()
    for name in EXPERIMENTS if args.experiment == "all" else (args.experiment,):
        measure, times = EXPERIMENTS[name]
        measure(args.times if args.times is not None else times)


if __name__ == "__main__":
    main()
