"""What a start may load: `--help` answers at once and a plan needs no torch, so neither imports what is heavy."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bench.machine.fingerprint import machine, versions

LOADED = """
import sys
from bench.__main__ import main
try:
    main(sys.argv[1:])
except SystemExit:
    pass
print(*sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
"""


def loaded(root: Path, *words: str) -> set[str]:
    """Gives the top-level packages that a start of the program has imported when it ends."""
    command = [sys.executable, "-c", LOADED, *words]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    return set(done.stderr.splitlines()[-1].split())


HEAVY = {"matplotlib", "numpy", "pandas", "pyarrow", "pydantic", "rich", "scipy", "seaborn", "torch", "yaml"}


READING = {"matplotlib", "pandas", "pyarrow", "seaborn"}


def verbs() -> list[str]:
    return sorted(path.stem for path in (Path(__file__).parents[2] / "bench/verbs").glob("[a-z]*.py"))


@pytest.mark.parametrize("words", [["--help"], *([verb, "--help"] for verb in verbs())], ids=" ".join)
def test_help_loads_nothing_heavy(root: Path, words: list[str]) -> None:
    found = sorted(loaded(root, *words) & HEAVY)

    if found:
        pytest.fail(f"bench {' '.join(words)}: loads {', '.join(found)}; import inside run", pytrace=False)


@pytest.mark.parametrize(
    "words", [["plan", "tests/suite/examples/design.yaml"], ["schema"], ["operators"]], ids=" ".join
)
def test_planning_loads_neither_torch_nor_the_reading_side(root: Path, tmp_path: Path, words: list[str]) -> None:
    earlier = ["--results", str(tmp_path)] if words[0] == "plan" else []  # not those of this checkout
    found = sorted(loaded(root, *words, *earlier) & {*READING, "scipy", "torch"})

    if found:
        pytest.fail(f"bench {words[0]}: loads {', '.join(found)}; import it where it is used", pytrace=False)


def test_a_plan_that_an_earlier_run_tells_the_time_of_loads_no_more_than_statistics(
    root: Path, tmp_path: Path
) -> None:
    earlier = tmp_path / "earlier"
    shutil.copytree(root / "results/reference/nlp-20261124t124007-3429", earlier)
    info = json.loads((earlier / "run.json").read_text())
    here = {"machine": machine(), "versions": versions()}
    (earlier / "run.json").write_text(json.dumps({**info, **here}))
    found = loaded(root, "plan", "suites/nlp.yaml", "--results", str(tmp_path))

    assert "scipy" in found  # else nothing was forecast
    assert not found & {*READING, "torch"}
