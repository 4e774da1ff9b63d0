from __future__ import annotations

import pytest

from bench.report.exports._text import json_text, one_line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("plain µ × words", "plain µ × words"),
        ("two\r\nlines\u2028and\ttabs", "two lines and tabs"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\x00b\x7f\u202e\ud800\uffff", "a\\x00b\\x7f\\u202e\\ud800\\uffff"),
        ("\n::error::x", "\\::error::x"),
        ("##[error]x", "\\##[error]x"),
        ("torch::nn", "torch::nn"),
    ],
)
def test_text_becomes_one_line_that_no_terminal_and_no_service_obeys(text, line):
    assert one_line(text) == line


def test_json_has_no_nan():
    with pytest.raises(ValueError, match="not JSON compliant"):
        json_text({"x": float("nan")})
