"""`bench profile` as a user types it: its folder, its page, its exit codes, its mistakes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from bench.__main__ import main
from bench.case import Case
from bench.profile.take import slug
from bench.store.run import create

ROOT = Path(__file__).parents[2]
SUITE = "suite: tiny\nsweeps: {a: {operator: [full_naive, sdpa], num_heads: 2, head_dim: 8, seq_len: 64}}\n"
NAIVE = Case(operator="full_naive", num_heads=2, head_dim=8, hidden_size=16, seq_len=64)


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    (tmp_path / "tiny.yaml").write_text(SUITE)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "bench profile: no case is named; bench profile suites/nlp.yaml --case 'full_naive n=512'"),
        (["tiny.yaml"], "bench profile: no case is named; bench profile suites/nlp.yaml --case 'full_naive n=512'"),
        (
            ["tiny.yaml", "--case", "full_niave"],
            "--case 'full_niave': no case has 'full_niave'; did you mean 'full_naive'?",
        ),
        (["tiny.yaml", "--case", "sdpa", "--seconds", "0"], "--seconds: 0 is no time at all; --seconds 5"),
        (["tiny.yaml", "--case", "sdpa", "--output", "."], "--output .: is there and not empty; a new folder"),
        (
            ["none.yaml", "--case", "a"],
            "none.yaml: cannot be read (No such file or directory); the path of a suite file",
        ),
        (["r", "--case", "a"], "results/r: is no run (it has no run.json); a folder under results/"),
        (["--diff", ".", "."], ".: is no profile (it has no profile.json); give a folder that `bench profile` made"),
    ],
)
def test_a_mistake_is_told_in_a_line_and_nothing_is_made(tiny, capsys, words, message):
    code = main(["profile", *words])

    said = capsys.readouterr()
    assert (code, said.out, said.err) == (2, "", f"error: {message}\n")
    assert [path.name for path in tiny.iterdir()] == ["tiny.yaml"]


@pytest.mark.slow
def test_a_case_of_a_suite_is_profiled_and_the_page_is_printed(tiny, capsys):
    code = main(["profile", "tiny.yaml", "--case", "naive", "--seconds", "0.2"])

    said = capsys.readouterr()
    [folder] = Path("results").glob("profile-tiny-*/full_naive-*")
    assert (code, said.out) == (0, (folder / "summary.md").read_text() + f"\nprofile {folder}\n")
    profile = json.loads((folder / "profile.json").read_text())
    assert {path.name for path in folder.iterdir()} == set(profile["files"])
    assert (profile["case_id"], profile["memory"]["peak_bytes"]) == (NAIVE.case_id, 2 * 4 * 2 * 64 * 64)
    assert "- NVML: unavailable: no CUDA device\n" in said.out


@pytest.mark.slow
def test_a_profile_of_a_run_s_case_goes_into_the_run_s_folder(tiny, capsys):
    run = create(Path("results"), "tiny", {"cases": [{"case": NAIVE.to_json(), "status": "planned", "reason": ""}]})

    assert main(["profile", run.name, "--case", "full_naive n=64", "--seconds", "0.1"]) == 0
    assert (run.path / "profile" / slug(NAIVE) / "trace.json.gz").is_file()


@pytest.mark.slow
def test_without_py_spy_the_rest_is_done_and_the_page_says_what_to_type(tiny):
    """A Python with this one's packages, and without the programs that stand beside it."""
    venv.create("bare")
    packages = next(Path("bare/lib").glob("python3*/site-packages"))
    (packages / "ours.pth").write_text(f"{ROOT}\n{sysconfig.get_path('purelib')}\n")
    command = ["bare/bin/python", "-m", "bench", "profile", "tiny.yaml", "--case", "sdpa", "--output", "out"]
    done = subprocess.run(command, env={**os.environ, "PATH": ""}, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert "- py-spy: unavailable: py-spy is not installed; pip install 'bench-attention[profile]'\n" in done.stdout
    assert {"trace.json.gz", "memory.svg"} <= {path.name for path in Path("out").iterdir()}


@pytest.mark.slow
def test_a_case_that_fails_ends_with_exit_code_3_and_its_status(tiny, capsys, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT / "tests/faults"), *sys.path]))
    Path("faults.yaml").write_text(SUITE.replace("[full_naive, sdpa]", "raising").replace("tiny", "faults"))
    command = ["profile", "faults.yaml", "--case", "raising", "--plugin", "faulty", "--output", "out"]
    done = subprocess.run([sys.executable, "-m", "bench", *command], capture_output=True, text=True, check=False)

    assert done.returncode == 3
    assert "\n**crashed**: ValueError: the article's line does not run on a batch" in done.stdout
