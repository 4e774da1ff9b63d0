from __future__ import annotations

from typing import Any

import pytest

from bench import operators
from bench.audit.examine import applying, examine
from bench.audit.subject import Subject
from bench.catalogue import Catalogue
from bench.operators._provider import Offer, Provider

CORE = frozenset({"core"})


def _scaled(case: Any, own: Any) -> Any:
    return lambda q, k, v, mask=None: 1.1 * own(q, k, v, mask)


def _broken(case: Any, own: Any) -> Any:
    raise ValueError("not today")


# `torch` stands for any distribution that is installed
MEMBERS = {
    "scaled": Provider(package="torch", offers={"sdpa": Offer(build=_scaled, scopes=CORE)}),
    "broken": Provider(package="torch", offers={"sdpa": Offer(build=_broken, scopes=CORE)}),
    "absent": Provider(package="no-such-package", offers={"sdpa": Offer(build=_broken, scopes=CORE)}),
}


@pytest.fixture(autouse=True)
def _strangers(monkeypatch: pytest.MonkeyPatch) -> None:
    catalogue = Catalogue("provider", *operators.provider_catalogue.packages, attribute="PROVIDER")
    catalogue.add_module(__name__)
    monkeypatch.setattr(operators, "provider_catalogue", catalogue)


def test_a_package_that_computes_something_else_does_not_agree() -> None:
    row = examine(Subject("sdpa", "scaled"), "agreement")

    assert row.holds is False
    assert row.observed.startswith("its output differs from ours by 1.0e-01")
    assert row.evidence == "sdpa[scaled] core/forward n=1 d=16 fp64 cpu batch_size=2 head_dim=8, seed 0"


def test_what_a_package_raises_is_observed() -> None:
    row = examine(Subject("sdpa", "broken"), "batch_independence")

    assert (row.holds, row.observed) == (False, "raises ValueError: not today")


def test_an_absent_package_has_rows_that_say_what_to_install() -> None:
    subject = Subject("sdpa", "absent")
    rows = [examine(subject, name) for name in applying(subject)]

    assert {row.holds for row in rows} == {None}
    assert {row.observed for row in rows} == {
        "no-such-package is not installed; pip install 'bench-attention[peers]'"
    }


def test_a_package_is_credited_with_no_form_that_it_does_not_offer() -> None:
    row = examine(Subject("sdpa", "scaled"), "causal")

    assert (row.claimed, row.observed, row.holds) == (None, "has no causal form", None)


def test_adapters_and_attentions_have_their_own_properties() -> None:
    lora, sdpa = (set(applying(Subject(name))) for name in ("lora", "sdpa"))

    assert {"merge", "step_zero"} <= lora - sdpa
    assert {"causal", "decode"} <= sdpa - lora
