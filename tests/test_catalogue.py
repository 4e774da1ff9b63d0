"""Catalogues: one file, one member; listing imports nothing; the same name twice shows both places."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bench.catalogue import Catalogue
from bench.errors import UsageError

Make = Callable[..., Catalogue]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Gives a function: text by file name -> catalogue of these files, whose member is `MEMBER`."""
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)

    def of(**files: str) -> Catalogue:
        folder = tmp_path / "members_of_test"
        folder.mkdir()
        for name, text in {"__init__": "", **files}.items():
            (folder / f"{name}.py").write_text(text)
        return Catalogue("thing", "members_of_test", attribute="MEMBER")

    yield of
    for name in set(sys.modules) - before:
        del sys.modules[name]


def plugin(tmp_path: Path, text: str) -> str:
    (tmp_path / "plugin_of_test.py").write_text(text)
    return "plugin_of_test"


def test_a_file_is_a_member_unless_it_begins_with_an_underscore(make: Make) -> None:
    assert make(b="", a="", _base="").names() == ("a", "b")


def test_listing_imports_nothing(make: Make) -> None:
    catalogue = make(explodes="raise RuntimeError")

    assert catalogue.names() == ("explodes",)


def test_a_member_is_what_its_module_calls_by_the_attribute_s_name(make: Make) -> None:
    assert make(a="MEMBER = 7").load("a") == 7


def test_a_member_s_place_is_its_module(make: Make) -> None:
    assert make(a="").place("a") == "members_of_test.a"


def test_an_unknown_name_is_told_with_the_nearest(make: Make) -> None:
    with pytest.raises(UsageError) as told:
        make(linformer="").load("linfomer")

    assert str(told.value) == "thing: unknown thing 'linfomer'; did you mean 'linformer'?"


def test_a_member_that_lacks_a_package_is_told_with_its_reason(make: Make) -> None:
    with pytest.raises(UsageError) as told:
        make(a="import no_such_package").load("a")

    assert str(told.value) == (
        "members_of_test.a: thing 'a' cannot be imported (ModuleNotFoundError: No module named 'no_such_package'); "
        "pip install what it lacks"
    )


def test_a_member_that_is_broken_is_to_be_mended(make: Make) -> None:
    with pytest.raises(UsageError, match=r"\(ZeroDivisionError: division by zero\); mend or remove it$"):
        make(a="1 / 0").load("a")


def test_a_file_s_name_that_no_suite_could_say_is_refused(make: Make) -> None:
    with pytest.raises(UsageError, match=r"'Upper' is no name for a thing; lower-case letters, digits, _$"):
        make(Upper="").names()


def test_a_plug_in_adds_its_members(make: Make, tmp_path: Path) -> None:
    catalogue = make(a="")
    catalogue.add_module(plugin(tmp_path, "MEMBERS = {'b': 8}"))

    assert catalogue.names() == ("a", "b")
    assert (catalogue.load("b"), catalogue.place("b")) == (8, "plugin_of_test")


def test_a_plug_in_that_is_added_twice_is_there_once(make: Make, tmp_path: Path) -> None:
    catalogue, name = make(a=""), plugin(tmp_path, "MEMBERS = {'b': 8}")
    catalogue.add_module(name)
    catalogue.add_module(name)

    assert catalogue.names() == ("a", "b")


def test_the_same_name_twice_shows_both_places(make: Make, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as told:
        make(a="").add_module(plugin(tmp_path, "MEMBERS = {'a': 8}"))

    assert str(told.value) == (
        "thing: 'a' is defined twice: members_of_test.a and plugin_of_test (--plugin); rename one"
    )


def test_a_plug_in_without_members_is_told_what_to_define(make: Make, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as told:
        make(a="").add_module(plugin(tmp_path, ""))

    assert str(told.value) == "--plugin plugin_of_test: defines no MEMBERS; MEMBERS = {'name': thing}"


def test_a_plug_in_that_cannot_be_imported_is_told_with_its_reason(make: Make) -> None:
    with pytest.raises(UsageError, match=r"^--plugin no_such_plugin: cannot be imported \(ModuleNotFoundError: "):
        make(a="").add_module("no_such_plugin")


def test_a_class_in_place_of_an_instance_is_no_member(make: Make, tmp_path: Path) -> None:
    make(a="MEMBER = int", b="MEMBER = 'text'")
    catalogue = Catalogue("thing", "members_of_test", attribute="MEMBER", member=int)

    for name, what in (("a", "the class int"), ("b", "a str")):
        with pytest.raises(UsageError) as told:
            catalogue.load(name)
        message = f"members_of_test.{name}: '{name}' is {what}; an instance of a subclass of int"
        assert str(told.value) == message
    with pytest.raises(UsageError, match="'c' is the class int"):
        catalogue.add_module(plugin(tmp_path, "MEMBERS = {'c': int}"))


def test_a_plug_in_is_found_in_the_current_folder(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalogue = make(a="")
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "plugin_in_the_current_folder.py").write_text("MEMBERS = {'b': 8}")
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setattr(sys, "path", list(sys.path))
    catalogue.add_module("plugin_in_the_current_folder")

    assert catalogue.load("b") == 8
