"""Numbers as people read them."""

from __future__ import annotations

import math

import pytest

from bench.units import bytes_text, count_text, duration_text, plural_text, ratio_text, seconds_text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.00123, "1.23 ms"),
        (0.0009996, "1 ms"),  # not 1e+03 µs
        (4.2e-8, "42 ns"),
        (3e-10, "0.3 ns"),
        (12345.6, "12346 s"),
        (0.0, "0 ns"),
    ],
)
def test_a_time_has_three_digits_and_the_unit_that_fits(seconds: float, text: str) -> None:
    assert seconds_text(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [(1023, "1023 B"), (1025, "1 KiB"), (1000 * 2**20, "1000 MiB"), (2**20, "1 MiB"), (3 * 2**39, "1.5 TiB")],
)
def test_bytes_have_binary_units_and_no_exponent(count: float, text: str) -> None:
    assert bytes_text(count) == text


@pytest.mark.parametrize(("count", "text"), [(2_097_152, "2.1M"), (999_999, "1M"), (999, "999"), (5e13, "50T")])
def test_counts_have_decimal_units(count: float, text: str) -> None:
    assert count_text(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(59.4, "59s"), (59.6, "1m 00s"), (75, "1m 15s"), (3599.9, "1h 00m"), (7260, "2h 01m")]
)
def test_a_span_is_said_as_a_person_says_it(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


@pytest.mark.parametrize(("count", "text"), [(0, "0 cases"), (1, "1 case"), (2, "2 cases")])
def test_one_thing_is_said_in_the_singular(count: int, text: str) -> None:
    assert plural_text(count, "case") == text


def test_a_ratio_has_its_interval() -> None:
    assert ratio_text(0.5312, 0.51, 0.5499) == "0.531 [0.51, 0.55]"


def test_a_ratio_without_an_interval_stands_alone() -> None:
    assert ratio_text(1234.5, math.nan, math.nan) == "1234"


@pytest.mark.parametrize("text", [seconds_text, bytes_text, count_text, ratio_text])
@pytest.mark.parametrize("absent", [None, math.nan])
def test_what_is_absent_is_a_dash(text, absent) -> None:  # type: ignore[no-untyped-def]
    assert text(absent) == "-"
