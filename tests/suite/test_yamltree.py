from __future__ import annotations

from pathlib import Path

import pytest

from bench.errors import UsageError
from bench.suite.yamltree import KEY, Tree, parse


@pytest.fixture
def tree_of(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def tree(text: str | bytes) -> Tree:
        Path("s.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
        return parse(Path("s.yaml"))

    return tree


def test_numbers_and_flags_are_those_of_yaml_1_2(tree_of):
    text = "[1e-3, .5, 010, -5, 1_000, true, yes, on, null, ~, 12:30, 2024-01-01, .nan, .inf, <<]"

    assert tree_of(text).data == [
        *(0.001, 0.5, 10, -5, "1_000", True, "yes", "on", None, None, "12:30", "2024-01-01", ".nan", ".inf", "<<"),
    ]


def test_a_quoted_number_is_a_text(tree_of):
    assert tree_of("a: '1'").data == {"a": "1"}


def test_an_empty_file_is_nothing(tree_of):
    assert tree_of("").data is None


def test_a_byte_order_mark_is_passed_over(tree_of):
    assert tree_of(b"\xef\xbb\xbfa: 1").data == {"a": 1}


def test_a_value_and_a_key_have_places_of_their_own(tree_of):
    tree = tree_of("a:\n  b: [1,\n      2]\n")

    assert [tree.where("a", "b", 1), tree.where("a", "b", KEY), tree.where("a", "b")] == [
        *("s.yaml:3:7", "s.yaml:2:3", "s.yaml:2:6"),
    ]


def test_what_is_not_in_the_file_is_where_the_thing_around_it_is(tree_of):
    assert tree_of("a:\n  b: 1\n").where("a", "x", "y") == "s.yaml:2:3"


def test_an_index_into_a_single_value_is_passed_over(tree_of):
    assert tree_of("a: {b: {c: 1}}").where("a", "b", 0, "c") == "s.yaml:1:12"


def test_an_alias_is_what_it_stands_for(tree_of):
    assert tree_of("a: &x [1, 2]\nb: *x").data == {"a": [1, 2], "b": [1, 2]}


BOMB = "a: &a [1,1,1,1,1,1,1,1,1,1]\n" + "".join(  # each line stands for ten of the one before
    f"{name}: &{name} [{','.join([f'*{before}'] * 10)}]\n" for before, name in ["ab", "bc", "cd", "de"]
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "a: !!python/name:os.system x",
            "s.yaml:1:4: the tag 'tag:yaml.org,2002:python/name:os.system' is not allowed",
        ),
        ("a: !!int 5", "s.yaml:1:4: the tag 'tag:yaml.org,2002:int' is not allowed"),
        ("a: ! 5", "s.yaml:1:4: the tag '!' is not allowed"),
        ("b: 0\na: 1\na: 2", "s.yaml:3:1: 'a' is given twice; it stands already in line 2"),
        ("1: 2", "s.yaml:1:1: a key must be a word; quote it if it is one"),
        ("? [a]\n: b", "s.yaml:1:3: a key must be a word; quote it if it is one"),
        ("a: 1\n--- \nb: 2", "s.yaml:2:1: expected a single document in the stream, but found another document"),
        ("a: b: c", "s.yaml:1:5: mapping values are not allowed here"),
        ("a: [1", "s.yaml:1:6: while parsing a flow sequence, expected ',' or ']', but got '<stream end>'"),
        ("a: *x", "s.yaml:1:4: found undefined alias 'x'"),
        ("a: &x [*x]", "s.yaml:1:4: an alias that holds itself, or too much nesting; a suite is flat"),
        ("[" * 2000, "s.yaml:1:13: too much nesting is not allowed"),
        ("a: 1\nb: \x07", "s.yaml:2:4: the character U+0007 is not allowed"),
        (b"a: 1\nb: \xff", "s.yaml:2:4: byte 0xff is not UTF-8"),
        ('a: "\\UFFFFFFFF"', "s.yaml:1:7: is no YAML (Python int too large to convert to C int)"),
        (f"[{'1, ' * 10_000}]", "s.yaml:1:29999: more than 10,000 values, aliases put in"),
        (BOMB, "s.yaml:1:26: more than 10,000 values, aliases put in; a suite is a short file"),
        (" " * (2**20 + 1), "s.yaml: is larger than 1 MiB; a suite is a short file"),
    ],
)
def test_what_is_no_plain_data_is_told_with_its_place(tree_of, text, message):
    with pytest.raises(UsageError) as told:
        tree_of(text)

    assert str(told.value) == message


def test_a_file_that_is_not_there_is_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    with pytest.raises(UsageError) as told:
        parse(Path("none.yaml"))

    assert str(told.value) == "none.yaml: cannot be read (No such file or directory); the path of a suite file"
