"""All checks together, on this machine and on one that shows nothing."""

from __future__ import annotations

from bench.machine import checks
from bench.machine.doctor import examine, examine_this_machine


def test_this_machine_is_looked_at_by_every_check():
    found = {finding.check.split()[0] for finding in examine_this_machine(0.1)}

    assert set(checks.names()) <= found


def test_of_a_machine_that_shows_nothing_it_is_said_what_is_unknown(blind):
    states = {finding.check: finding.state for finding in examine(blind)}
    unknown = {"boost", "governor", "limits", "neighbours", "smt", "steal", "swap", "virtual"}

    assert {check for check, state in states.items() if state == "unknown"} == unknown
