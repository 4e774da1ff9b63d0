from __future__ import annotations

import json
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from bench.profile.process import Job
from bench.profile.pyspy import ENABLE, FLAME, SPEEDSCOPE, calls_alone, hottest, record

ASK = """
import json, sys
from pathlib import Path
from bench.case import Case
from bench.profile.process import Job
from bench.profile.pyspy import record
print(json.dumps(record(Job(Case.from_json(json.loads(sys.argv[1])), Path(sys.argv[2]), 0.3))))
"""

needs_py_spy = pytest.mark.skipif(
    not (shutil.which("py-spy") or shutil.which("py-spy", path=sysconfig.get_path("scripts"))),
    reason="py-spy is not installed; pip install 'bench-attention[profile]'",
)

SPEEDSCOPE_FILE = {
    "shared": {
        "frames": [
            {"name": "<module>", "file": "somewhere/bench/profile/child.py"},
            {"name": "repeat", "file": "somewhere/bench/profile/child.py"},
            {"name": "attend", "file": "somewhere/sdpa.py"},
            {"name": "sgemm", "file": "somewhere/libtorch_cpu.so"},
            {"name": "0x7f0001", "file": "somewhere/libgomp.so.1"},
            {"name": "0x7f0002", "file": "somewhere/libgomp.so.1"},
            {"name": "repeat", "file": "somewhere/itertools_of_another.py"},
        ]
    },
    "profiles": [
        {"name": "a", "samples": [[0], [0, 6], [0, 1, 2, 3], [1, 2, 4]], "weights": [1, 1, 2, 3], "endValue": 7},
        {"name": "b", "samples": [[0, 1, 2, 5], [0, 1, 2]], "weights": [1, 1], "endValue": 2},
        {"name": "c", "samples": [[0]], "weights": [1], "endValue": 1},
    ],
}


def test_samples_of_the_set_up_and_frames_below_the_calls_are_left_out():
    calls, setup = calls_alone(SPEEDSCOPE_FILE)

    assert setup == 3
    assert calls["shared"] == SPEEDSCOPE_FILE["shared"]
    assert calls["profiles"] == [
        {"name": "a", "samples": [[1, 2, 3], [1, 2, 4]], "weights": [2, 3], "endValue": 5},
        {"name": "b", "samples": [[1, 2, 5], [1, 2]], "weights": [1, 1], "endValue": 2},
    ]


def test_the_share_of_an_innermost_function_is_of_all_samples():
    assert hottest(calls_alone(SPEEDSCOPE_FILE)[0]) == {
        "samples": 4,
        "frames": [
            {"name": "no symbol", "file": "libgomp.so.1", "share": 0.5},
            {"name": "sgemm", "file": "libtorch_cpu.so", "share": 0.25},
            {"name": "attend", "file": "sdpa.py", "share": 0.25},
        ],
    }


@pytest.mark.slow
@needs_py_spy
def test_what_is_recorded_is_there_in_both_forms_or_its_absence_is_told(naive, tmp_path):
    facts, reason = record(Job(naive, tmp_path, 0.3))

    if reason:  # as on a machine that permits no tracing at all
        assert not facts
        assert reason.endswith(ENABLE)
        return
    assert json.loads((tmp_path / SPEEDSCOPE).read_text())["profiles"]
    assert "repeat" in (tmp_path / FLAME).read_text()
    assert facts["samples"] > 0


@pytest.mark.slow
@needs_py_spy
@pytest.mark.skipif(sys.platform != "linux", reason="seccomp is of Linux")
def test_a_refusal_to_trace_is_told_with_its_remedy_and_stacks_are_taken_without(naive, tmp_path):
    forbid = [sys.executable, Path(__file__).with_name("forbid.py"), "ptrace"]
    ask = [sys.executable, "-c", ASK, json.dumps(naive.to_json()), tmp_path]
    done = subprocess.run([*forbid, *ask], capture_output=True, text=True, check=True)

    facts, reason = json.loads(done.stdout)
    assert (reason, facts["mode"], facts["enable"]) == ("", "nonblocking", ENABLE)
    assert [each["mode"] for each in facts["refused"]] == ["native", "python"]
    # not each of them: on a busy machine py-spy may come too early or too late to be refused
    assert "Failed to suspend process: EPERM: Operation not permitted" in {
        each["reason"] for each in facts["refused"]
    }


@pytest.mark.slow
@needs_py_spy
def test_a_case_that_fails_is_no_refusal(naive, tmp_path, faulty):
    facts, reason = record(Job(naive.replace(operator="raising"), tmp_path, 0.3, ["faulty"]))

    assert not facts
    assert reason.startswith("crashed: ValueError: the article's line does not run on a batch")
