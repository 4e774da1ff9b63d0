"""What tests of several folders share."""

from __future__ import annotations

import pytest


@pytest.fixture
def own_members(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Adds the `MEMBERS` of the test's module to the operators, in a catalogue that no other test sees."""
    from bench import operators
    from bench.catalogue import Catalogue

    catalogue = Catalogue("operator", *operators.catalogue.packages, attribute="OPERATOR")
    catalogue.add_module(request.module.__name__)
    monkeypatch.setattr(operators, "load", catalogue.load)
    monkeypatch.setattr(operators, "names", catalogue.names)
