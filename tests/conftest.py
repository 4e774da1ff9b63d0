"""What tests of several folders share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings

# No deadline: a busy machine is no fault. No chance: what fails once fails again.
settings.register_profile("bench", deadline=None, derandomize=True)
settings.load_profile("bench")


@pytest.fixture(autouse=True)
def threads_as_before() -> Iterator[None]:
    """Gives torch its number of threads back, which a test may change."""
    import sys

    torch = sys.modules.get("torch")
    before = torch.get_num_threads() if torch else None
    yield
    if torch and torch.get_num_threads() != before:
        torch.set_num_threads(before)


@pytest.fixture
def own_members(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Adds the `MEMBERS` of the test's module to the operators, in a catalogue that no other test sees."""
    from bench import operators
    from bench.catalogue import Catalogue

    catalogue = Catalogue("operator", *operators.catalogue.packages, attribute="OPERATOR")
    catalogue.add_module(request.module.__name__)
    monkeypatch.setattr(operators, "load", catalogue.load)
    monkeypatch.setattr(operators, "names", catalogue.names)
