from __future__ import annotations

import pytest

from bench.errors import StoreError, UsageError
from bench.report import verdicts


def test_the_formats_are_those_that_the_verbs_offer():
    assert verdicts.names() == ("github", "json", "junit", "markdown", "text")


@pytest.mark.parametrize("name", verdicts.names())
def test_a_file_holds_what_render_gives_and_nothing_is_printed(every, tmp_path, capsys, name):
    verdicts.tell(every, name, tmp_path / "out")

    assert (tmp_path / "out").read_text(encoding="utf-8") == verdicts.load(name).render(every) + "\n"
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("name", ["json", "junit", "markdown", "text"])
def test_without_a_file_it_is_printed(every, capsys, name):
    verdicts.tell(every, name)

    assert capsys.readouterr().out == verdicts.load(name).render(every) + "\n"


def test_rendering_twice_gives_the_same(every):
    assert all(verdicts.load(name).render(every) == verdicts.load(name).render(every) for name in verdicts.names())


def test_an_unknown_format_is_told(every):
    with pytest.raises(UsageError, match=r"^format: unknown format 'jason'; did you mean 'json'\?$"):
        verdicts.tell(every, "jason")


def test_a_folder_that_is_not_there_is_told(every, tmp_path):
    with pytest.raises(StoreError) as caught:
        verdicts.tell(every, "text", tmp_path / "no" / "out")

    assert str(caught.value) == (
        f"{tmp_path}/no/out: cannot be written (No such file or directory); free space or permission there"
    )
