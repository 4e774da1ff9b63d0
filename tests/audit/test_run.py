"""Real processes; the strangers are a module on PYTHONPATH, as a plug-in would be."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import operators
from bench.audit.run import Target, audit, seed, targets
from bench.catalogue import Catalogue
from bench.errors import UsageError

SEEN = ("causal", "dtypes", "shapes")


@pytest.fixture
def plugin(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.syspath_prepend(Path(__file__).parent)
    catalogue = Catalogue("operator", *operators.catalogue.packages, attribute="OPERATOR")
    catalogue.add_module("strangers")
    monkeypatch.setattr(operators, "load", catalogue.load)
    monkeypatch.setattr(operators, "names", catalogue.names)
    return "strangers"


def test_targets_are_every_implementation_of_what_is_asked_for() -> None:
    assert targets(["lora"], ["bench", "peft"]) == [Target("lora", "bench"), Target("lora", "peft")]
    assert targets(["sdpa"], ["bench"]) == [Target("sdpa", "torch")]


def test_an_unknown_provider_is_told() -> None:
    with pytest.raises(
        UsageError, match=r"^--provider: none of these operators is by 'pfet'; did you mean 'peft'\?$"
    ):
        targets(["lora"], ["pfet"])


@pytest.mark.slow
def test_a_crash_is_observed_and_the_rest_goes_on(plugin: str) -> None:
    rows = audit([Target("crashing", "bench"), Target("full_naive", "bench")], SEEN, plugins=[plugin], jobs=2)

    found = {(row.operator, row.name): (row.holds, row.observed) for row in rows}
    assert found["crashing", "dtypes"] == (False, "the process ended with SIGKILL")
    assert {holds for (_, name), (holds, _) in found.items() if name != "dtypes"} == {True}
    assert len(rows) == 2 * len(SEEN)


@pytest.mark.slow
def test_one_that_hangs_is_ended_and_the_rest_goes_on(plugin: str) -> None:
    rows = audit([Target("hanging", "bench")], SEEN, plugins=[plugin], time_limit_s=8.0)

    assert [(row.name, row.holds) for row in rows] == [("causal", True), ("dtypes", False), ("shapes", True)]
    assert rows[1].observed == "no answer within 8 s"


@pytest.mark.slow
def test_the_article_s_errors_are_computed_in_a_process() -> None:
    assert [each["number"] for each in seed()["exhibits"]][:3] == ["C1", "C2", "C3"]
