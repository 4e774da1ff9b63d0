"""A run's folder, measured: by real workers, under a lock, and not twice."""

import io
import itertools
import signal

import pytest
from rich.console import Console

from bench.errors import StoreError
from bench.machine.fingerprint import versions
from bench.store.journal import read_journal
from bench.store.lock import device_lock
from bench.store.run import create, open_run
from bench.suite.expand import expand
from bench.suite.group import group, with_baselines
from bench.suite.manifest import manifest
from bench.suite.read import read
from bench.sweep.execute import execute, planned_parts

SUITE = """
suite: small
fixed: {threads: 1}
sweeps:
  core: {operator: [sdpa, linformer, performer], num_heads: 2, head_dim: 16, seq_len: 32, rank: 8,
         causal: [false, true]}
"""


@pytest.fixture(scope="module")
def planned(tmp_path_factory):
    """What `run.json` says of the suite before anything is measured."""
    path = tmp_path_factory.mktemp("suite") / "suite.yaml"
    path.write_text(SUITE)
    cases = with_baselines(expand(read(path)))
    entries = manifest(cases, group(cases), suite="small", threads=1, versions=versions())
    settings = {"budget_s": 300.0, "precision": 1e-9, "rounds": [2, 2], "threads": 1}
    settings |= {"time_limit_s": 120.0, "memory_limit_bytes": 1 << 31}
    return {
        "settings": settings,
        "columns": [{"name": "run", "about": "It.", "kind": "text", "better": ""}],
        **entries,
    }


@pytest.fixture(scope="module")
def done(tmp_path_factory, planned):
    run = create(tmp_path_factory.mktemp("results"), "small", planned)
    execute(run, plugins=[], console=Console(file=io.StringIO()))
    return open_run(run.path)


@pytest.mark.slow
def test_a_run_comes_to_its_end_with_what_the_reading_side_needs(done):
    assert done.info["state"] == "done"
    assert done.info["peaks"].keys() == {"cpu/float32/1"}
    assert done.info["warnings"] == []
    assert {"run", "peak_tensor_bytes", "output_rel_error"} <= {column["name"] for column in done.info["columns"]}


@pytest.mark.slow
def test_every_planned_case_has_its_passes_and_rounds_and_no_other_has_any(done):
    attempts = read_journal(done.journal).attempts
    planned = {entry["case_hash"] for entry in done.info["cases"] if entry["status"] == "planned"}

    assert {a.status for a in attempts} == {"ok"}
    assert {a.case_hash for a in attempts if a.kind == "cost"} == planned
    assert {a.case_hash for a in attempts if a.kind == "timing"} == planned | {"pacemaker"}
    assert sum(a.kind == "timing" for a in attempts) == 2 * (len(planned) + len(done.info["parts"]))


@pytest.mark.slow
def test_a_run_that_is_done_is_not_measured_again(done):
    before = done.journal.read_bytes()
    execute(open_run(done.path), plugins=[], console=Console(file=io.StringIO()))

    assert done.journal.read_bytes() == before


@pytest.mark.slow
def test_the_clock_goes_on_where_the_last_attempt_ended(done):
    """Attempts follow one another; none begins before the run."""
    attempts = read_journal(done.journal).attempts
    passes = [a for a in attempts if a.kind != "timing" and a.wall_s]

    assert passes[0].started_s >= 0
    assert all(b.started_s >= a.started_s + a.wall_s for a, b in itertools.pairwise(passes))


def test_a_device_that_another_run_holds_is_told_and_nothing_is_measured(tmp_path, planned):
    run = create(tmp_path, "small", planned)

    with device_lock("cpu", "other-run"), pytest.raises(StoreError, match="is being measured by run other-run"):
        execute(run, plugins=[], console=Console(file=io.StringIO()))
    assert not run.journal.exists()


@pytest.mark.slow
def test_sigterm_keeps_what_is_measured_and_its_handler_is_put_back(tmp_path, planned):
    class Impatient(Console):
        """Whoever reads the first line has seen enough."""

        def print(self, *objects, **options):
            signal.raise_signal(signal.SIGTERM)

    before = signal.getsignal(signal.SIGTERM)
    run = create(tmp_path, "small", planned)
    execute(run, plugins=[], console=Impatient(file=io.StringIO()))

    assert open_run(run.path).info["state"] == "interrupted"
    assert {a.round for a in read_journal(run.journal).attempts if a.kind == "timing"} == {0}
    assert signal.getsignal(signal.SIGTERM) == before


def test_items_and_parts_are_those_of_the_plan(planned):
    items, parts = planned_parts(planned)

    assert [part.name for part in parts] == [part["name"] for part in planned["parts"]]
    hashes = {case.case_hash for part in parts for case in part.cases}
    assert hashes == {entry["case_hash"] for entry in planned["cases"] if entry["timed"]}
    assert {item.case.case_hash for of_part in items.values() for item in of_part} == hashes


def test_what_is_never_timed_has_a_part_of_its_own_for_its_passes(planned):
    (first, *others) = planned["cases"]
    lonely = {**first, "case_hash": "x", "timed": False, "parts": ["elsewhere"]}
    _, parts = planned_parts({**planned, "cases": [first, *others, lonely]})

    assert (parts[-1].name, parts[-1].cases) == ("elsewhere", [])
