from __future__ import annotations

import pytest

from bench.case import Case
from bench.errors import UsageError
from bench.suite.narrow import narrow

FOUND = {
    Case(operator="sdpa", provider="torch", seq_len=8, hidden_size=16): "a",
    Case(operator="linformer", seq_len=8, hidden_size=16, rank=2): "a",
    Case(operator="linformer", seq_len=16, hidden_size=16, rank=2, causal=True): "b",
}


@pytest.mark.parametrize(
    ("where", "kept"),
    [
        ([], [0, 1, 2]),
        ([("operator", ["linformer"])], [1, 2]),
        ([("seq_len", ["8", "16"])], [0, 1, 2]),
        ([("operator", ["linformer"]), ("seq_len", ["8"])], [1]),
        ([("sweep", ["b"])], [2]),
        ([("rank", ["none"])], [0]),
        ([("causal", ["false"])], [0, 1]),
    ],
)
def test_cases_that_match_every_pair_are_kept(where, kept):
    assert list(narrow(FOUND, where)) == [list(FOUND)[i] for i in kept]


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ([("seqlen", ["8"])], "--where seqlen: unknown word 'seqlen'; did you mean 'seq_len'?"),
        ([("rank", ["3"])], "--where rank=3: no case has rank '3'; valid: 2, none"),
        (
            [("operator", ["linfomer"])],
            "--where operator=linfomer: no case has operator 'linfomer'; did you mean 'linformer'?",
        ),
        (
            [("sweep", ["b"]), ("seq_len", ["8"])],
            "--where sweep=b --where seq_len=8: no case matches all of it; ask for less",
        ),
    ],
)
def test_what_matches_nothing_is_told(where, message):
    with pytest.raises(UsageError) as told:
        narrow(FOUND, where)

    assert str(told.value) == message
