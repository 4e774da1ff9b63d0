"""The gates that people use, on an unchanged tree: the suite's cases, measured twice, one after the other.

``python docs/validation/gates.py [--times N]``; needs pytest-benchmark, pyperf and asv. Each is called as its own
documentation says, with settings that give it about the 90 s that `bench ab` has; what it took is kept.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from measure import HERE, SUITE, keep, missing, refuse_changes

_PYPERF = """
import sys
sys.path.insert(0, {here!r})
import pyperf
from cases import call, names

runner = pyperf.Runner()
for name in names():
    runner.bench_func(name, lambda name=name: call(name)())
"""
_ASV = """
import sys
sys.path.insert(0, {here!r})
from cases import call, names


class Suite:
    params = names()
    param_names = ["case"]
    repeat = (5, 100, 1.5)
    sample_time = 0.012

    def setup(self, name):
        self.call = call(name)

    def time_call(self, name):
        self.call()
"""


def pytest_benchmark(folder: Path) -> dict[str, Any]:
    """`--benchmark-compare-fail=median:5%`; the medians are kept, so that other thresholds can be judged."""
    (folder / "pytest.ini").write_text("[pytest]\n")
    plain = ["-m", "pytest", "-q", "-c", "pytest.ini", "-p", "no:cacheprovider", "--bench-suite", str(SUITE)]
    plain += ["--benchmark-max-time=2.2", f"--benchmark-storage=file://{folder}/stored"]
    _python(folder, *plain, "--benchmark-save=base", "--benchmark-json=base.json")
    compare = ["--benchmark-compare=0001", "--benchmark-compare-fail=median:5%", "--benchmark-json=head.json"]
    done = _python(folder, *plain, *compare, codes=(0, 1))
    medians = [
        {each["name"]: each["stats"]["median"] for each in json.loads((folder / file).read_text())["benchmarks"]}
        for file in ("base.json", "head.json")
    ]
    alarms = [name for name, median in medians[1].items() if median > 1.05 * medians[0][name]]
    if bool(alarms) != bool(done.returncode):
        raise RuntimeError(f"exit code {done.returncode} and {len(alarms)} alarms:\n{done.stdout[-2000:]}")
    return {"alarms": len(alarms), "ratios": {name: medians[1][name] / medians[0][name] for name in medians[1]}}


def pyperf(folder: Path) -> dict[str, Any]:
    """`compare_to`, which calls a difference significant by a t-test."""
    script = folder / "pyperf_cases.py"
    script.write_text(_PYPERF.format(here=str(HERE)))
    for side in ("base", "head"):
        words = ["-o", f"{side}.json", "--processes=3", "--values=3", "--warmups=1", "--min-time=0.05", "-q"]
        _python(folder, str(script), *words, "--copy-env")
    done = _python(folder, "-m", "pyperf", "compare_to", "base.json", "head.json")
    told = [line for line in done.stdout.splitlines() if not line.startswith("Geometric mean")]
    slower = re.findall(r"([\d.]+)x slower", "\n".join(told))
    values = [_pyperf_values(folder / f"{side}.json") for side in ("base", "head")]
    return {
        "alarms": len(slower),
        "alarms_5_percent": sum(float(times) > 1.05 for times in slower),
        "values_s": {name: [values[0][name], values[1][name]] for name in values[1]},
    }


def _pyperf_values(file: Path) -> dict[str, list[float]]:
    import pyperf as reader

    benchmarks = reader.BenchmarkSuite.load(str(file)).get_benchmarks()
    return {each.get_name(): [float(f"{value:.4g}") for value in each.get_values()] for each in benchmarks}


def asv(folder: Path) -> dict[str, Any]:
    """What `continuous` does after building two commits: both are run, and compared with its factor of 1.1."""
    (folder / "benchmarks").mkdir()
    (folder / "benchmarks" / "__init__.py").touch()
    (folder / "benchmarks" / "suite.py").write_text(_ASV.format(here=str(HERE)))
    config = {"version": 1, "project": "cases", "repo": ".", "branches": ["HEAD"]}
    config |= {"benchmark_dir": "benchmarks", "environment_type": "virtualenv"}
    (folder / "asv.conf.json").write_text(json.dumps(config))
    commits = []
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    for side in ("base", "head"):
        (folder / "side.txt").write_text(side)
        identity = ["-c", "user.name=validation", "-c", "user.email=validation@localhost"]
        subprocess.run(["git", "add", "side.txt", "benchmarks"], cwd=folder, check=True)
        subprocess.run(["git", *identity, "commit", "-q", "-m", side], cwd=folder, check=True)
        head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=folder, check=True, capture_output=True, text=True)
        commits.append(head.stdout.strip())
    _python(folder, "-m", "asv", "machine", "--yes")
    for commit in commits:
        _python(folder, "-m", "asv", "run", "-E", f"existing:{sys.executable}", "--set-commit-hash", commit)
    done = _python(folder, "-m", "asv", "compare", "--factor", "1.1", *commits)
    marks = [line for line in done.stdout.splitlines() if "time_call" in line]
    if len(marks) < 15:
        raise RuntimeError(f"{len(marks)} cases were compared:\n{done.stdout[-2000:]}")
    return {"alarms": sum("| +" in line or line.startswith("+") for line in marks), "lines": marks}


def _python(folder: Path, *words: str, codes: tuple[int, ...] = (0,)) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([sys.executable, *words], cwd=folder, capture_output=True, text=True)
    if done.returncode not in codes:
        raise RuntimeError(
            f"{' '.join(words)} ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        )
    return done


def main() -> None:
    """Measures pair after pair with each program in turn."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=20, help="pairs of each program")
    parser.add_argument("--only", choices=sorted(GATES), help="one program alone")
    args = parser.parse_args()
    refuse_changes()
    for number in range(args.times):
        for name, gate in GATES.items():
            if args.only in (None, name) and number in missing(f"gate_{name}", args.times):
                with tempfile.TemporaryDirectory() as folder:
                    began = time.monotonic()
                    found = gate(Path(folder))
                    keep(f"gate_{name}", {**found, "wall_s": round(time.monotonic() - began, 1)})


GATES = {"pytest_benchmark": pytest_benchmark, "pyperf": pyperf, "asv": asv}
"""Name -> what measures one pair with it and says how many cases it calls slower."""


if __name__ == "__main__":
    main()
