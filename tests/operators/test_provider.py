"""Another package's implementation of an operator: what it keeps of ours, what it narrows, how it may be absent."""

from __future__ import annotations

import pytest

from bench import operators
from bench.case import Case
from bench.operators._provider import Offer, Provider, offered

CASE = Case(operator="linformer", provider="lucid", num_heads=2, head_dim=8, hidden_size=16, seq_len=64, rank=4)


def implementation(package="torch", **changes):
    words = {"build": lambda case, own: ("theirs", own), "scopes": frozenset({"core"}), "notes": "no bias", **changes}
    offer = Offer(**words)
    own = operators.load("linformer")
    return offered(own, "lucid", Provider(package=package, offers={"linformer": offer}), offer)


def test_it_is_an_operator_of_the_same_class_with_the_same_closed_forms():
    theirs, own = implementation(), operators.load("linformer")

    assert isinstance(theirs, type(own))
    assert theirs.cost(CASE) == own.cost(CASE)


def test_ours_is_left_as_it_is():
    implementation()

    assert (operators.load("linformer").provider, operators.load("linformer").notes) == ("bench", "")


def test_it_builds_the_package_s_from_ours():
    assert implementation().adopt(CASE, "ours") == ("theirs", "ours")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"scope": "layer"}, "linformer of lucid exists at scope core"),
        ({"mask": "padding"}, "linformer of lucid honours no key mask"),
        ({"phase": "train"}, "linformer of lucid has the phases forward"),
        ({"seq_len": 2}, "linformer pools to 4 segments and there are 2 tokens"),
    ],
)
def test_what_it_lacks_is_unsupported(changes, reason):
    assert implementation(phases=frozenset({"forward"})).unsupported(CASE.replace(**changes)) == reason


def test_it_is_credited_with_no_more_than_ours_has():
    assert implementation(causal=True, mask=True).unsupported(CASE.replace(causal=True)) == (
        "linformer of lucid has no causal form"
    )


def test_a_reason_of_its_own_is_told():
    theirs = implementation(unsupported=lambda case: "needs an environment of its own")

    assert theirs.unsupported(CASE) == "needs an environment of its own"


def test_an_absent_package_is_told_with_what_to_type():
    assert implementation("no-such-package").absent() == (
        "no-such-package is not installed; pip install 'bench-attention[peers]'"
    )


def test_a_case_s_implementation_is_that_of_its_provider():
    own = operators.load("lora")
    case = Case(operator="lora", scope="projection", hidden_size=8, seq_len=4, rank=2)

    assert operators.of(case) is own
    assert operators.of(case.replace(provider="peft")).provider == "peft"
