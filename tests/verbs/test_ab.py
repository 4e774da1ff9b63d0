"""What can be typed, and what is told where nothing can be compared; the measuring is in end_to_end/test_ab.py."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from bench.__main__ import main
from bench.verbs import ab


def parsed(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    ab.add_arguments(parser)
    return parser.parse_args(["main", "HEAD", "suites/nlp.yaml", *words])


def test_unless_told_it_takes_three_minutes_a_margin_of_two_percent_and_lets_the_undecided_pass() -> None:
    args = parsed()

    assert (args.budget, args.margin, args.inconclusive, args.format) == ("3m", 0.02, "pass", "text")


def test_it_takes_what_narrows_a_suite() -> None:
    args = parsed("--where", "seq_len=128", "--device", "cpu", "--plugin", "mine", "--seed", "3")

    assert (args.where, args.device, args.plugin, args.seed) == (["seq_len=128"], ["cpu"], ["mine"], 3)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--budget", "soon"], "error: --budget: 'soon' is no span of time such as 90s, 10m or 1.5h; --budget 5m\n"),
        (["--margin", "0"], "error: --margin: 0 is no share between 0 and 1; --margin 0.1\n"),
    ],
)
def test_a_wrong_option_is_told_before_anything_is_checked_out(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["ab", "main", "HEAD", "suites/nlp.yaml", *words])

    assert (code, capsys.readouterr().err) == (2, message)


def test_outside_a_repository_that_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    code = main(["ab", "main", "HEAD", "suite.yaml"])

    assert code == 2
    assert "not a git repository" in capsys.readouterr().err
