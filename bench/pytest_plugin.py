"""Suites as pytest-benchmark benchmarks: ``pytest --bench-suite suites/nlp.yaml``.

Goes in: a suite file and what narrows it. Comes out: one pytest item a case, a benchmark where the case can be timed
and a skip with its reason where not. The plan is that of `bench plan`; the timing is pytest-benchmark's own, one case
after another in pytest's process, so that its options, its JSON and its comparison work as they do elsewhere. What
that costs against `bench ab` is said in docs/pytest.md.

pytest loads this file in every session of an environment that has `bench`: nothing is imported before a suite is
asked for, and torch only by the first case that runs.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import torch

    from bench.case import Case

__all__ = [
    "CaseItem",
    "SuiteFile",
    "pytest_addoption",
    "pytest_collect_file",
    "pytest_configure",
    "pytest_report_header",
    "pytest_terminal_summary",
]

_OPTIONS = ("suite", "device", "where", "seed", "plugin")


@dataclasses.dataclass(frozen=True, slots=True)
class _Suite:
    """A suite as this session runs it."""

    path: Path
    """Absolute."""
    name: str
    entries: list[dict[str, Any]]
    """One a case, as `bench.suite.manifest` gives them."""
    lines: dict[str, int]
    """Sweep -> its line in the file, from 0 as pytest counts."""


_SUITE: pytest.StashKey[_Suite] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds `--bench-suite` and what narrows it, with the words of `bench run`."""
    group = parser.getgroup("bench", "bench: the cases of a suite as benchmarks")
    add = group.addoption
    add("--bench-suite", metavar="FILE", help="a suite file, such as suites/nlp.yaml; needs pytest-benchmark")
    add(
        "--bench-device",
        action="append",
        default=[],
        choices=("cpu", "cuda"),
        help="in place of the suite's; may be repeated",
    )
    add(
        "--bench-where",
        action="append",
        default=[],
        metavar="KEY=V[,V]",
        help="only cases with these values, such as seq_len=128,256; may be repeated, and all must hold",
    )
    add("--bench-seed", type=int, metavar="N", help="in place of the suite's")
    add(
        "--bench-plugin",
        action="append",
        default=[],
        metavar="MODULE",
        help="a module with operators; may be repeated",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Plans the suite, if one is asked for, and has pytest collect it.

    Raises:
        UsageError: the suite or an option is wrong, or pytest-benchmark is not there (pytest's exit code 4).
    """
    given = {name: config.getoption(f"bench_{name}") for name in _OPTIONS}
    if given["suite"] is None:
        for name, value in given.items():
            if value not in (None, []):
                raise pytest.UsageError(f"--bench-{name}: there is no suite; --bench-suite FILE")
        return
    if config.getoption("benchmark_only", None) is None:  # its options are there where it is
        remedy = "pip install 'bench-attention[pytest]', and no -p no:benchmark"
        raise pytest.UsageError(f"--bench-suite: pytest-benchmark is not there; {remedy}")
    from bench.errors import BenchError

    try:
        suite = _planned(config.invocation_params.dir, given)
    except BenchError as error:
        told = re.sub(
            r"--(device|where|seed|plugin)\b", r"--bench-\1", str(error)
        )  # the words of the command line here
        raise pytest.UsageError(*told.splitlines()) from error
    config.stash[_SUITE] = suite
    _have_it_collected(config, given["suite"], suite.path)


def _planned(folder: Path, given: dict[str, Any]) -> _Suite:
    from bench.machine.fingerprint import cores, versions
    from bench.suite.manifest import manifest
    from bench.suite.yamltree import KEY
    from bench.verbs._options import read_plan

    plan = read_plan(argparse.Namespace(**given | {"suite": Path(given["suite"])}))
    suite = plan.suite
    known = manifest(plan.planned, plan.groups, suite=suite.suite, threads=cores(), versions=versions())
    lines = {sweep: int(suite.where("sweeps", sweep, KEY).split(":")[-2]) - 1 for sweep in suite.sweeps}
    return _Suite(_absolute(folder, given["suite"]), suite.suite, known["cases"], lines)


def _have_it_collected(config: pytest.Config, name: str, path: Path) -> None:
    """Adds the suite's file to the paths of the command line; where there are none, it is the only one."""
    sources = pytest.Config.ArgsSource
    if config.args_source is not sources.ARGS:
        config.args, config.args_source = [name], sources.ARGS
        return
    named = [_absolute(config.invocation_params.dir, re.split(r"::|\[", each)[0]) for each in config.args]
    if not any(each == path or each in path.parents for each in named):
        config.args.append(name)


def _absolute(folder: Path, name: str) -> Path:
    """Gives a path as pytest has it: absolute, links not followed."""
    return Path(os.path.abspath(folder / name))


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Says what the suite comes to."""
    suite = config.stash.get(_SUITE, None)
    if suite is None:
        return []
    timed = sum(entry["timed"] for entry in suite.entries)
    counts = f"{len(suite.entries)} cases, {timed} to time"
    return [f"bench: suite {suite.name}: {counts}, one after another in one process; to compare: bench ab"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says so where nothing was timed."""
    config = terminalreporter.config
    if _SUITE not in config.stash:
        return
    if config.getoption("dist", "no") != "no":
        why = "pytest-benchmark is off under xdist; leave out -n and --dist"
    elif config.getoption("benchmark_disable") and not config.getoption("benchmark_enable"):
        why = "--benchmark-disable"
    else:
        return
    terminalreporter.write_line(f"bench: nothing was timed, each case was only called: {why}")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> SuiteFile | None:
    """Gives the suite's collector for the suite's file, and nothing for any other."""
    suite = parent.config.stash.get(_SUITE, None)
    if suite is None or file_path != suite.path:
        return None
    return SuiteFile.from_parent(parent, path=file_path)


class SuiteFile(pytest.File):
    """A suite's file; its items are the suite's cases, in the order of the plan."""

    def collect(self) -> Iterator[CaseItem]:
        """Yields one item a case."""
        suite = self.config.stash[_SUITE]
        for entry in suite.entries:
            row = entry["row"]
            words = {"callobj": _test_of(entry), "line": suite.lines[row["sweep"]]}
            item = CaseItem.from_parent(self, name=row["case_id"], **words)
            item.extra_keyword_matches.add(row["sweep"])
            if not entry["timed"]:
                word = "not timed" if entry["status"] == "planned" else entry["status"]
                item.add_marker(pytest.mark.skip(reason=f"{word}: {entry['reason']}"))
            # A package that warns is shown, as in a run, and is no fault of the case, whatever the project makes of
            # warnings; and a case that fails before it is timed has told its own reason.
            unused = "ignore:Benchmark fixture was not used at all"
            item.add_marker(pytest.mark.filterwarnings("default", unused))
            yield item


class CaseItem(pytest.Function):
    """One case of a suite, a benchmark or a skip. Its name is the case_id, its place the sweep that asks for it.

    Args:
        name: the case_id.
        parent: the suite's file.
        line: of the sweep, from 0.
        words: further words of `pytest.Function`.
    """

    def __init__(self, name: str, parent: Any, *, line: int, **words: Any) -> None:
        self.line = line
        super().__init__(name, parent, **words)

    def reportinfo(self) -> tuple[os.PathLike[str] | str, int | None, str]:
        """Gives where pytest says the item is: in the suite, not in this file."""
        return self.path, self.line, self.name


def _test_of(entry: dict[str, Any]) -> Callable[[Any], None]:
    """Gives the test function of a case."""
    row = entry["row"]

    def case(benchmark: Any) -> None:
        from bench.case import Case

        planned = Case.from_json(entry["case"])
        benchmark.group, benchmark.param = row["group"], row["case_id"]
        benchmark.params = {field.name: row[field.name] for field in dataclasses.fields(planned)}
        benchmark.extra_info.update(row)
        status, reason = _time(benchmark, planned, int(row["threads"]))
        if status == "unsupported":
            pytest.skip(f"unsupported: {reason}")
        if status != "ok":
            pytest.fail(f"{status}: {reason}", pytrace=False)

    return case


def _time(benchmark: Any, case: Case, threads: int) -> tuple[str, str]:
    """Builds a case and hands its call to pytest-benchmark; gives status and reason, as of a worker.

    Nothing that is built outlives it: after a case that failed for want of memory the next one has it all.
    """
    import torch

    from bench.measure import passes, worker, workload

    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        if case.compiled:
            torch.compiler.reset()  # else torch would compile no more after the eighth shape, and say nothing
        call = _whole(case, workload.build(case).call)
        bad = passes.digest(call()).not_finite
        if not bad:
            bad = passes.digest(benchmark(call)).not_finite
            benchmark.has_error = bad > 0  # then its times are not stored
    except Exception as error:  # the border, as in a worker
        return worker.classify(error)
    finally:
        torch.set_num_threads(before)
    return ("nan", f"the output has {bad} values that are not finite") if bad else ("ok", "")


def _whole(case: Case, call: Callable[[], torch.Tensor]) -> Callable[[], torch.Tensor]:
    """Gives a call that has ended when it returns; on CUDA one returns when its work is merely queued."""
    if case.device != "cuda":
        return call
    import torch

    def whole() -> torch.Tensor:
        output = call()
        torch.cuda.synchronize()
        return output

    return whole
