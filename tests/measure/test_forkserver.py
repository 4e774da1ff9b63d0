"""The process that forks workers: what it refuses to be, and what it says when it is ready."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

pytestmark = pytest.mark.slow

THREADED = """
import threading
threading.Thread(target=threading.Event().wait, daemon=True).start()
from bench import operators
MEMBERS = {"threaded": operators.load("sdpa")}
"""

Start = Callable[..., tuple[subprocess.Popen[str], socket.socket]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Gives a function: plug-ins' texts -> a server of its own, and the driver's end of its control socket."""
    started: list[tuple[subprocess.Popen[str], socket.socket]] = []

    def serve(**plugins: str) -> tuple[subprocess.Popen[str], socket.socket]:
        for name, text in plugins.items():
            (tmp_path / f"{name}.py").write_text(text)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        command = [sys.executable, "-m", "bench.measure.forkserver", str(theirs.fileno()), *plugins, "--"]
        paths = os.pathsep.join([str(tmp_path), *sys.path])
        environment = {**os.environ, "PYTHONPATH": paths, "OPENBLAS_NUM_THREADS": "1"}
        process = subprocess.Popen(
            command, env=environment, pass_fds=[theirs.fileno()], stderr=subprocess.PIPE, text=True
        )
        theirs.close()
        started.append((process, ours))
        return process, ours

    yield serve
    for process, ours in started:
        ours.close()
        process.kill()
        process.wait()
        assert process.stderr is not None
        process.stderr.close()


def test_when_ready_it_says_its_torch_and_the_columns_of_all_metrics(start: Start) -> None:
    _, control = start()

    facts = json.loads(control.recv(1 << 20))["ready"]
    assert facts["torch"] == torch.__version__
    assert "ATen parallel backend" in facts["parallel"]
    assert {"peak_tensor_bytes", "output_rel_error", "kernel"} <= {column["name"] for column in facts["columns"]}


def test_a_server_with_a_second_thread_refuses_to_fork(start: Start) -> None:
    """A lock that another thread holds at the fork would stay locked for ever."""
    process, _ = start(threaded_plugin=THREADED)

    _, told = process.communicate()
    assert process.returncode == 1
    assert "RuntimeError: the fork server has 2 threads; what is forked from it could hang" in told


def test_a_server_ends_when_its_driver_closes_the_socket(start: Start) -> None:
    process, control = start()
    control.recv(1 << 20)
    control.close()

    assert process.wait(timeout=60) == 0


def test_a_job_is_answered_with_a_pid_and_later_with_how_it_ended(start: Start) -> None:
    _, control = start()
    control.recv(1 << 20)
    ours, theirs = socket.socketpair()
    socket.send_fds(control, [json.dumps({"kind": "timing", "no": "case"}).encode()], [theirs.fileno()])
    theirs.close()
    with ours, ours.makefile() as said:
        pid = json.loads(control.recv(1 << 20))["pid"]
        status = json.loads(said.readline())
        ended = json.loads(control.recv(1 << 20))

    assert (status["status"], status["reason"].partition(" (")[0]) == ("crashed", "KeyError: 'threads'")
    assert (ended["ended"], ended["code"]) == (pid, 0)
