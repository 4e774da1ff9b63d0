"""What a start may load: `--help` is to answer at once and a plan needs no torch, so neither "
"imports what is heavy."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

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
def test_planning_loads_neither_torch_nor_the_reading_side(root: Path, words: list[str]) -> None:
    found = sorted(loaded(root, *words) & {"torch", "pandas", "pyarrow", "matplotlib", "seaborn", "scipy"})

    if found:
        pytest.fail(f"bench {words[0]}: loads {', '.join(found)}; import it where it is used", pytrace=False)
