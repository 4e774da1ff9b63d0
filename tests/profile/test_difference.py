from __future__ import annotations

import json

import pytest

from bench.errors import UsageError
from bench.profile.difference import difference, read


def profile(seconds: float, operators: dict[str, float], memory: dict | None) -> dict:
    return {
        "case_id": "x[bench] core/forward",
        "machine": {"cpu_model": "A CPU", "cores": 4, "gpus": []},
        "versions": {"torch": "2.13.0"},
        "threads": 2,
        "commit": None,
        "status": "ok",
        "trace": {
            "seconds_per_call": seconds,
            "operators": [{"name": name, "self_s": self_s} for name, self_s in operators.items()],
        },
        "memory": memory,
    }


def held(**bytes_of: int) -> dict:
    pieces = [{"operator": f"aten::{n}", "backward": "", "source": "a.py:1", "bytes": b} for n, b in bytes_of.items()]
    return {"peak_bytes": sum(bytes_of.values()), "allocations": pieces}


A = profile(0.010, {"aten::bmm": 0.006, "aten::add": 0.003}, held(bmm=2048, add=512))
B = profile(0.005, {"aten::add": 0.004}, held(add=1024))


def test_two_profiles_are_set_side_by_side_by_the_size_of_the_change():
    assert (
        difference(A, B)
        == """\
# Two profiles

- A: `x[bench] core/forward`; A CPU, 4 cores, torch 2.13.0, 2 threads
- B: `x[bench] core/forward`; A CPU, 4 cores, torch 2.13.0, 2 threads

## Where the time goes

10 ms -> 5 ms for one call, 0.5 times; under the profiler, and of one process each: no latency. \
Self time, the largest change first:

|    A |  share |    B |  share | change | operator            |
| ---: | -----: | ---: | -----: | -----: | ------------------- |
| 6 ms | 60.0 % |    - |      - |  -6 ms | `aten::bmm`         |
| 3 ms | 30.0 % | 4 ms | 80.0 % |  +1 ms | `aten::add`         |
| 1 ms | 10.0 % | 1 ms | 20.0 % |  +0 ns | `outside operators` |

## What holds the memory

At most 2.5 KiB (2,560 bytes) -> 1 KiB (1,024 bytes), 0.4 times. Alive then:

|     A |     B | change | made by     | at       |
| ----: | ----: | -----: | ----------- | -------- |
| 2 KiB |     - | -2 KiB | `aten::bmm` | `a.py:1` |
| 512 B | 1 KiB | +512 B | `aten::add` | `a.py:1` |
"""
    )


def test_memory_that_one_of_them_lacks_is_told():
    words = "## What holds the memory\n\nB has no account of its memory; its summary.md says why.\n"

    assert difference(A, {**B, "memory": None}).endswith(words)


def told(folder):
    with pytest.raises(UsageError) as error:
        read(folder)
    return str(error.value)


def test_what_is_no_profile_is_told(tmp_path):
    assert (
        told(tmp_path)
        == f"{tmp_path}: is no profile (it has no profile.json); give a folder that `bench profile` made"
    )


def test_a_damaged_profile_is_told_with_its_line(tmp_path):
    (tmp_path / "profile.json").write_text("{\n!")

    assert told(tmp_path) == (
        f"{tmp_path}/profile.json:2: is damaged (Expecting property name enclosed in double quotes); "
        "take the profile anew"
    )


def test_a_case_that_failed_cannot_be_compared(tmp_path):
    (tmp_path / "profile.json").write_text(json.dumps({**A, "status": "oom", "trace": None}))

    assert told(tmp_path) == f"{tmp_path}: its case failed (oom); give a profile of a case that works"
