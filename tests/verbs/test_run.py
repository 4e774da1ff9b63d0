"""What `bench run` says to a user's mistakes; that it measures is shown by tests/end_to_end and tests/faults."""

from __future__ import annotations

import argparse

import pytest

from bench.__main__ import main
from bench.store.lock import device_lock
from bench.verbs import run

SUITE = """
suite: small
sweeps:
  core: {operator: sdpa, num_heads: 2, head_dim: 16, seq_len: 32}
"""


@pytest.fixture
def suite(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "suite.yaml"
    path.write_text(SUITE)
    return path


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (
            ["--budget", "soon"],
            "error: --budget: 'soon' is no span of time such as 90s, 10m or 1.5h; --budget 5m\n",
        ),
        (
            ["--resume", "small-1"],
            "error: results/small-1: is no run (it has no run.json); a folder under results/\n",
        ),
        (
            ["--resume", "../elsewhere"],
            "error: ../elsewhere: is no run; a run's folder, or its name under results\n",
        ),
        (
            ["--where", "seq_len=33"],
            "error: --where seq_len=33: no case has seq_len '33'; valid: 32\n",
        ),
    ],
)
def test_a_mistake_is_told_with_its_remedy_and_nothing_is_stored(suite, capsys, options, told):
    code = main(["run", str(suite), *options])

    assert (code, capsys.readouterr().err) == (2, told)
    assert not (suite.parent / "results").exists()


def test_a_results_folder_that_cannot_be_made_ends_with_exit_code_5(suite, capsys):
    code = main(["run", str(suite), "--results", str(suite)])

    assert code == 5
    assert "cannot be made" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--seed", "-1"], "error: --seed: -1 is below 0; --seed 0\n"),
        (["--budget", "0s"], "error: --budget: '0s' is no time at all; --budget 5m\n"),
    ],
)
def test_a_number_out_of_range_is_told(suite, capsys, options, told):
    code = main(["run", str(suite), *options])

    assert (code, capsys.readouterr().err) == (2, told)


def test_a_reports_folder_that_cannot_be_made_is_told_before_measuring(suite, capsys):
    code = main(["run", str(suite), "--reports", str(suite)])

    told = f"error: {suite}: cannot be made (File exists); --reports another folder\n"
    assert (code, capsys.readouterr().err) == (5, told)
    assert not (suite.parent / "results").exists()


def test_a_device_that_is_taken_leaves_no_run_behind(suite, capsys, monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with device_lock("cpu", "other"):
        code = main(["run", str(suite), "--no-report"])

    assert code == 5
    assert "error: cpu: is being measured by run other (process " in capsys.readouterr().err
    assert list((tmp_path / "results").iterdir()) == []


def test_a_device_that_is_taken_leaves_a_run_that_is_taken_up_as_it_is(suite, monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    parser = argparse.ArgumentParser()
    run.add_arguments(parser)
    begun = run._begin(parser.parse_args([str(suite)]))
    with device_lock("cpu", "other"):
        code = main(["run", str(suite), "--no-report", "--resume", begun.name])

    assert code == 5
    assert (begun.path / "run.json").is_file()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("import no_such_package", "cannot be imported (ModuleNotFoundError: No module named 'no_such_package')"),
        ("kind = 'cost'\ncolumns = ()", "metric 'strange' has no 'measure'; mend or remove it"),
    ],
)
def test_a_metric_that_cannot_be_used_is_told_and_leaves_no_run_behind(bench, tmp_path, text, told):
    package = tmp_path / "strange-1.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: strange\nVersion: 1.0\n")
    (package / "entry_points.txt").write_text("[bench.metrics]\nstrange = strange_metric\n")
    (tmp_path / "strange_metric.py").write_text(text)

    done = bench("run", "small.yaml", "--no-report")
    assert done.returncode == 2
    assert done.stderr.startswith("error: strange_metric: ")
    assert told in done.stderr
    assert list((tmp_path / "results").iterdir()) == []


@pytest.fixture
def stored(suite):
    """A run of the suite that has come to its end, without rounds."""
    from bench.machine.fingerprint import machine, versions
    from bench.store.run import create

    settings = {"budget_s": 60.0, "threads": 1}
    facts = {"machine": machine(), "versions": versions(), "settings": settings, "suite": "small", "cases": []}
    run = create(suite.parent / "results", "small", {**facts, "suite_file": SUITE, "state": "done"})
    run.save(run=run.name)
    return run


@pytest.mark.parametrize(
    ("change", "options", "told"),
    [
        ({}, [], "that run has come to its end; give it more time with --budget, or start a new run"),
        (
            {"state": "interrupted"},
            ["--seed", "1"],
            "the cases of a run cannot be changed; leave out --where, --device ",
        ),
        (
            {"state": "interrupted"},
            ["--where", "seq_len=32"],
            "the cases of a run cannot be changed; leave out --where",
        ),
        ({"suite_file": SUITE + "#"}, [], "suite.yaml is not the suite file of that run; start a new run"),
        ({"machine": {"name": "another"}, "state": "interrupted"}, [], "machine was another and is "),
        ({"versions": {"torch": "1.0"}, "state": "interrupted"}, [], "torch was 1.0 and is "),
    ],
)
def test_what_cannot_be_taken_up_is_told_and_left_as_it_is(suite, stored, capsys, change, options, told):
    stored.save(**change)
    before = (stored.path / "run.json").read_bytes()

    assert main(["run", str(suite), "--resume", stored.name, *options]) == 2
    assert f"error: --resume {stored.name}: " in (said := capsys.readouterr().err)
    assert told in said
    assert (stored.path / "run.json").read_bytes() == before
