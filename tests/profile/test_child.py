from __future__ import annotations

import itertools
import json
import subprocess
import sys

import pytest

from bench.profile.child import repeat


def test_a_call_longer_than_the_time_is_made_once():
    calls = itertools.count()

    assert repeat(lambda: next(calls), 0.0) == 1
    assert next(calls) == 1


@pytest.mark.slow
def test_a_case_that_eats_memory_ends_as_oom(naive, tmp_path, faulty):
    job = {
        "part": "loop",
        "case": naive.replace(operator="eater").to_json(),
        "threads": 1,
        "memory_bytes": 1 << 30,
        "plugins": ["faulty"],
        "seconds": 0.0,
        "folder": str(tmp_path),
        "answer": str(tmp_path / "answer.json"),
    }
    (tmp_path / "job.json").write_text(json.dumps(job))
    done = subprocess.run(
        [sys.executable, "-m", "bench.profile.child", str(tmp_path / "job.json")], capture_output=True, check=False
    )

    assert done.returncode == 3
    assert json.loads((tmp_path / "answer.json").read_text())["status"] == "oom"
