"""What every format must be."""

from __future__ import annotations

import pytest

from bench.report import exports

NAMES = exports.names()
FILES = [name for name in NAMES if hasattr(exports.load(name), "render")]


def test_the_formats_are_those_that_the_documentation_names():
    assert NAMES == (
        "asv",
        "bencher",
        "csv",
        "github_action_benchmark",
        "google_benchmark",
        "junit",
        "latex",
        "markdown",
        "pyperf",
        "pytest_benchmark",
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_format_says_what_it_is_and_has_one_way_to_be_made(name):
    member = exports.load(name)

    assert isinstance(member.about, str)
    assert isinstance(member.holds_failures, bool)
    assert hasattr(member, "render") != hasattr(member, "write")


@pytest.mark.parametrize("name", FILES)
def test_it_is_the_same_at_every_call_and_leaves_what_it_is_given(name, small):
    table, rounds = small.table.copy(), small.rounds.copy()
    first = exports.load(name).render(small.table, small.rounds, small.info)

    assert exports.load(name).render(small.table, small.rounds, small.info) == first
    assert small.table.equals(table)
    assert small.rounds.equals(rounds)


@pytest.mark.parametrize("name", FILES)
def test_no_line_is_a_command_or_holds_a_control_character(name, small):
    text = exports.load(name).render(small.table, small.rounds, small.info)

    assert text.endswith("\n")
    assert all(line.isprintable() for line in text.split("\n"))
    assert not any(line.strip().startswith(("::", "##[")) for line in text.split("\n"))


@pytest.mark.parametrize("name", [n for n in FILES if exports.load(n).holds_failures])
def test_a_format_with_room_for_failures_names_every_status(name, small):
    text = exports.load(name).render(small.table, small.rounds, small.info)

    assert all(status in text for status in ("oom", "skipped", "unsupported"))
