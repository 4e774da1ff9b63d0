from __future__ import annotations

import importlib.util
import itertools
import json
import math
import subprocess

import pytest

from bench.errors import UsageError
from bench.report.exports.asv import PARAMETERS, write

needs_asv = pytest.mark.skipif(importlib.util.find_spec("asv") is None, reason="asv is not installed")

LATENCY = "core.forward.head_dim_8.latency"
CONFIGURATION = {"version": 1, "project": "example", "repo": ".", "branches": ["main"], "results_dir": "results"}


@pytest.fixture
def checkout(tmp_path):
    """Gives a git repository with two commits and asv's configuration in it, and the commits."""

    def git(*words: str) -> str:
        identity = ["-c", "user.name=n", "-c", "user.email=e@example.org"]
        return subprocess.run(
            ["git", *identity, *words], cwd=tmp_path, capture_output=True, text=True, check=True
        ).stdout.strip()

    git("init", "--quiet", "--initial-branch=main")
    (tmp_path / "asv.conf.json").write_text(json.dumps(CONFIGURATION))
    git("add", "asv.conf.json")
    commits = []
    for number in range(2):
        git("commit", "--quiet", "--allow-empty", "-m", f"number {number}")
        commits.append(git("rev-parse", "HEAD"))
    return tmp_path, commits


@pytest.fixture
def published(checkout, small, slow):
    """Gives the checkout with a run of each commit exported, the second slower by half, and the commits."""
    folder, commits = checkout
    for run, commit, started in ((small, commits[0], "2026-01-01"), (slow, commits[1], "2026-01-02")):
        info = run.info | {"commit": commit, "started_utc": f"{started}T00:00:00+00:00"}
        write(run.table, run.rounds, info, folder / "results")
    return folder, commits


def results(folder, commit: str) -> dict:
    """Gives benchmark -> column -> values of the one results file of a commit."""
    (file,) = folder.glob(f"*/{commit[:8]}-*.json")
    data = json.loads(file.read_text())
    return {name: dict(zip(data["result_columns"], row, strict=True)) for name, row in data["results"].items()}


def points(row: dict) -> dict:
    """Gives parameters -> result."""
    return dict(zip(itertools.product(*row["params"]), row["result"], strict=True))


def test_parameters_are_our_axes(small, tmp_path):
    write(small.table, small.rounds, small.info, tmp_path)
    benchmark = json.loads((tmp_path / "benchmarks.json").read_text())[LATENCY]

    assert tuple(benchmark["param_names"]) == PARAMETERS
    assert benchmark["params"][1:] == [["4", "8", "None"], ["16", "32"], ["16"]]
    assert benchmark["params"][0] == ["'full_naive[bench]'", "'linformer[bench]'", "'sdpa[torch]'"]
    assert (benchmark["type"], benchmark["unit"]) == ("time", "seconds")


def test_a_failed_case_is_null_in_every_column_and_what_was_not_to_run_is_nan(small, tmp_path):
    write(small.table, small.rounds, small.info, tmp_path)
    rows = results(tmp_path, small.info["commit"])
    row = rows[LATENCY]
    failed = list(points(row)).index(("'linformer[bench]'", "8", "32", "16"))
    skipped = [value for name, each in rows.items() if "cuda" in name for value in each["result"]]

    assert row["result"][failed] is None
    assert all(column[failed] is None for name, column in row.items() if name.startswith("stats_"))
    assert skipped
    assert all(math.isnan(value) for value in skipped)


def test_every_case_with_a_latency_is_there_with_every_digit(small, tmp_path):
    write(small.table, small.rounds, small.info, tmp_path)
    found = {}
    for name, row in results(tmp_path, small.info["commit"]).items():
        if name.endswith(".latency"):
            found |= {
                (name, *key): value for key, value in points(row).items() if value is not None and value == value
            }

    assert sorted(found.values()) == sorted(small.table["latency_median_s"].dropna())


def test_the_interval_is_ours_widened_from_95_to_99_percent(small, tmp_path):
    write(small.table, small.rounds, small.info, tmp_path)
    row = results(tmp_path, small.info["commit"])[LATENCY]
    place = list(points(row)).index(("'linformer[bench]'", "4", "16", "16"))
    case = small.table.set_index("case_id").loc["linformer[bench] core/forward n=16 d=16 r=4 fp32 cpu head_dim=8"]
    ours = math.log(case["latency_ci_high_s"] / case["latency_median_s"])

    assert math.log(row["stats_ci_99_b"][place] / row["result"][place]) == pytest.approx(2.5758 / 1.9600 * ours)
    assert row["stats_repeat"][place] == 7


def test_a_commit_exported_later_leaves_the_earlier_one_as_it_was(small, slow, tmp_path):
    write(small.table, small.rounds, small.info, tmp_path)
    (file,) = tmp_path.glob(f"*/{small.info['commit'][:8]}-*.json")
    before = file.read_bytes()
    write(slow.table, slow.rounds, slow.info | {"commit": "f" * 40}, tmp_path)

    assert file.read_bytes() == before
    assert len(list(tmp_path.glob("example-2c/*-py3.11-torch2.13.0+cpu.json"))) == 2


def test_another_suite_of_the_same_commit_adds_points_and_keeps_the_version(stored, read, small, tmp_path):
    wider = "suite: wide\nsweeps: {one: {operator: full_naive, num_heads: 2, head_dim: 8, seq_len: 64}}\n"
    other = read(stored(suite=wider))
    write(small.table, small.rounds, small.info, tmp_path)
    version = json.loads((tmp_path / "benchmarks.json").read_text())[LATENCY]["version"]
    write(other.table, other.rounds, other.info, tmp_path)
    benchmark = json.loads((tmp_path / "benchmarks.json").read_text())[LATENCY]
    found = points(results(tmp_path, small.info["commit"])[LATENCY])

    assert (benchmark["version"], benchmark["params"][2]) == (version, ["16", "32", "64"])
    theirs = other.table.set_index("operator")["latency_median_s"]
    assert found["'full_naive[bench]'", "None", "64", "16"] == theirs["full_naive"]
    assert found["'linformer[bench]'", "4", "16", "16"] is not None


def test_a_case_that_came_to_mean_another_measurement_gets_another_version_and_a_warning(small, tmp_path):
    write(small.table, small.rounds, small.info, tmp_path)
    version = json.loads((tmp_path / "benchmarks.json").read_text())[LATENCY]["version"]
    anew = json.loads(json.dumps(small.info))
    for entry in anew["cases"]:
        entry["case_hash"] = entry["case_hash"][::-1]
    table = small.table.assign(case_hash=small.table["case_hash"].str[::-1])
    rounds = small.rounds.assign(case_hash=small.rounds["case_hash"].str[::-1])
    with pytest.warns(UserWarning, match="benchmarks now mean another measurement; asv leaves"):
        write(table, rounds, anew | {"commit": "f" * 40}, tmp_path)

    assert json.loads((tmp_path / "benchmarks.json").read_text())[LATENCY]["version"] != version


@pytest.mark.parametrize(
    ("commit", "told"),
    [
        (None, "was measured outside a git checkout; asv needs a commit; try --to csv"),
        (
            "a" * 40 + "-dirty",
            "was measured on aaaaaaaa with changes that are not committed; "
            "asv knows commits only: commit them, then bench run again",
        ),
    ],
)
def test_a_run_of_no_commit_is_refused(small, tmp_path, commit, told):
    with pytest.raises(UsageError) as error:
        write(small.table, small.rounds, small.info | {"commit": commit}, tmp_path / "results")

    assert str(error.value) == f"{small.info['run']}: {told}"
    assert not (tmp_path / "results").exists()


def test_a_folder_of_another_kind_is_left_alone(small, tmp_path):
    (tmp_path / "precious.txt").touch()
    with pytest.raises(UsageError, match=r"is no results folder of asv; name an empty folder, or asv's results_dir"):
        write(small.table, small.rounds, small.info, tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["precious.txt"]


def test_a_machines_name_leads_out_of_no_folder(small, tmp_path):
    machine = small.info["machine"] | {"name": "../../elsewhere"}
    write(small.table, small.rounds, small.info | {"machine": machine}, tmp_path / "results")

    assert [path.name for path in tmp_path.iterdir()] == ["results"]


@needs_asv
def test_asv_show_prints_our_numbers(tool, published):
    folder, commits = published
    done = tool("asv", "show", commits[0], cwd=folder)

    assert done.returncode == 0, done.stderr
    assert LATENCY in done.stdout
    assert "linformer[bench]    8     4.12±0.06ms      failed" in done.stdout  # at 16 and 32 tokens


@needs_asv
def test_asv_compare_finds_the_slowdown(tool, published):
    folder, commits = published
    done = tool("asv", "compare", *commits, cwd=folder)
    lines = [line for line in done.stdout.splitlines() if LATENCY in line]

    assert done.returncode == 0, done.stderr
    assert sum("1.50" in line for line in lines) == 7
    assert not [line for line in done.stdout.splitlines() if "rror" in line]  # it would end with 0 all the same


@needs_asv
@pytest.mark.slow
def test_asv_publish_makes_a_site_with_our_axes_and_both_commits(tool, published):
    folder, commits = published
    done = tool("asv", "publish", "--no-pull", cwd=folder)
    index = json.loads((folder / "html" / "index.json").read_text())

    assert done.returncode == 0, done.stderr
    assert index["benchmarks"][LATENCY]["param_names"] == list(PARAMETERS)
    assert set(index["revision_to_hash"].values()) == set(commits)
