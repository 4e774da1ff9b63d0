from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bench.__main__ import main

ROOT = Path(__file__).parents[1]


def start(*words: str, **options: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "bench", *words]
    return subprocess.Popen(command, cwd=ROOT, text=True, stdout=-1, stderr=-1, **options)  # type: ignore[call-overload]


def verbs() -> list[str]:
    return sorted(path.stem for path in (ROOT / "bench/verbs").glob("[a-z]*.py"))


def test_help_lists_every_verb(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--help"])

    lines = capsys.readouterr().out.partition("verbs:\n")[2].splitlines()
    assert (ended.value.code, [line.split()[0] for line in lines]) == (0, verbs())
    assert all(len(line.split()) > 1 for line in lines)


@pytest.mark.parametrize("verb", verbs())
def test_every_verb_has_help(capsys, verb):
    with pytest.raises(SystemExit) as ended:
        main([verb, "--help"])

    assert (ended.value.code, capsys.readouterr().out.split()[:3]) == (0, ["usage:", "bench", verb])


def test_no_verb_is_a_mistake_that_shows_the_help(capsys):
    assert (main([]), "verbs:" in capsys.readouterr().err) == (2, True)


def test_an_unknown_verb_is_told_with_the_nearest(capsys):
    assert (main(["pla"]), capsys.readouterr().err) == (2, "error: bench: unknown verb 'pla'; did you mean 'plan'?\n")


def test_an_unknown_option_ends_with_2(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["plan", "x.yaml", "--devise", "cpu"])

    assert ended.value.code == 2


def test_a_user_s_mistake_is_one_line_and_its_exit_code(capsys):
    assert (main(["plan", "none.yaml"]), capsys.readouterr().err) == (
        *(2, "error: none.yaml: cannot be read (No such file or directory); the path of a suite file\n"),
    )


def test_a_fault_of_ours_is_told_whole_and_is_no_regression(capsys, monkeypatch):
    monkeypatch.setattr("bench.__main__._names", lambda: 1 / 0)

    assert main(["plan", "x.yaml"]) == 70
    assert capsys.readouterr().err.rstrip().endswith("ZeroDivisionError: division by zero")


def test_a_reader_that_leaves_is_no_error():
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "bench", "schema"],
        cwd=ROOT,
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writer)

    assert (done.returncode, done.stderr) == (141, "")


def test_an_interrupt_ends_with_130(tmp_path):
    fifo = tmp_path / "suite.yaml"  # reading it waits, so the signal comes in mid-work
    os.mkfifo(fifo)
    with start("plan", str(fifo)) as process, fifo.open("w"):  # opens once the program reads
        process.send_signal(signal.SIGINT)
        code = process.wait()

    assert code == 130
