from __future__ import annotations

import pytest

from bench.case import Case
from bench.errors import UsageError
from bench.profile.choose import Candidate, candidates_of_run, choose

SHAPE = {"num_heads": 1, "head_dim": 8, "hidden_size": 8}


def case(operator: str, seq_len: int, **changes: object) -> Case:
    return Case(operator=operator, seq_len=seq_len, **SHAPE, **changes)


CASES = [
    case("full_naive", 51),
    case("full_naive", 512),
    case("full_naive", 512, device="cuda"),
    case("sdpa", 512, provider="torch"),
    case("sdpa_math", 512, provider="torch"),
    case("linformer", 512, rank=4),
    case("linformer", 512, rank=4, causal=True),
]
CANDIDATES = [
    Candidate(each, "skipped", "no CUDA device") if each.device == "cuda" else Candidate(each, "planned")
    for each in CASES
]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("full_naive n=51", 0),  # a whole word is meant before a part of one, so not n=512
        ("n=512 naive", 1),  # parts of words, in any order; the case that cannot run here gives way
        ("sdpa", 3),  # likewise not sdpa_math
        ("math", 4),
        ("causal=true", 6),
        (CASES[5].case_id, 5),  # a whole id is meant alone, though another begins with it
    ],
)
def test_words_of_an_id_name_its_case(text, meant):
    assert choose(CANDIDATES, text) == CASES[meant]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "linformer",
            "--case 'linformer': 2 cases are meant; one of: linformer[bench] core/forward n=512 d=8 r=4 fp32 cpu "
            "head_dim=8, linformer[bench] core/forward n=512 d=8 r=4 fp32 cpu head_dim=8 causal=true",
        ),
        ("full_niave n=512", "--case 'full_niave n=512': no case has 'full_niave'; did you mean 'full_naive'?"),
        (
            "sdpa n=51 forward",
            "--case 'sdpa n=51 forward': no case has all of these; "
            "the nearest is 'full_naive[bench] core/forward n=51 d=8 fp32 cpu head_dim=8'",
        ),
        (
            "full_naive cuda",
            "--case 'full_naive cuda': full_naive[bench] core/forward n=512 d=8 fp32 cuda head_dim=8 is skipped; "
            "no CUDA device",
        ),
        (" ", "--case: no word is given; --case 'full_naive n=512'"),
    ],
)
def test_what_means_no_one_case_is_told_with_the_candidates(text, message):
    with pytest.raises(UsageError) as told:
        choose([each for each in CANDIDATES if "math" not in each.case.operator], text)

    assert str(told.value) == message


def test_of_many_candidates_twelve_are_named():
    many = [Candidate(case("sdpa", n), "planned") for n in range(1, 15)]
    with pytest.raises(UsageError) as told:
        choose(many, "sdpa")

    assert told.value.found == "14 cases are meant"
    assert told.value.right.endswith("n=12 d=8 fp32 cpu head_dim=8, and 2 more")


def test_the_cases_of_a_run_are_those_of_its_file():
    info = {
        "cases": [{"case": each.case.to_json(), "status": each.status, "reason": each.reason} for each in CANDIDATES]
    }

    assert candidates_of_run(info) == CANDIDATES
