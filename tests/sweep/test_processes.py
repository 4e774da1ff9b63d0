"""The driver's end of a fork server: what workers answer, how they end, and that nothing of them is left."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from bench.measure import passes, workload
from bench.sweep.processes import ForkServer, WorkerEnded

pytestmark = pytest.mark.slow

DRIVER = """
import json, sys
from pathlib import Path
from bench.sweep.processes import ForkServer
server = ForkServer(Path(sys.argv[1]))
worker = server.spawn(json.loads(sys.argv[2]))
worker.ask(None, 120.0)
parent = next(line.split()[1] for line in open(f"/proc/{worker.pid}/status") if line.startswith("PPid"))
print(worker.pid, parent, flush=True)
sys.stdin.read()
"""

LEAVES_A_CHILD = """
import subprocess, sys
from bench.cost import Cost
from bench.operators._base import Attention

class Leaves(Attention):
    scopes = frozenset({"core"})
    def core_cost(self, case):
        return Cost(forward_flops=0, backward_flops=0)
    def build(self, case, generator):
        child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
        print("child", child.pid, flush=True)
        return lambda q, k, v, mask=None: v.clone()

MEMBERS = {"leaves": Leaves()}
"""


def server_pid(worker) -> int:
    lines = Path(f"/proc/{worker.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("PPid"))


def wait_until_ended(pids) -> None:
    """Waits, asleep and for a minute at most, until none of the processes runs any more."""
    for pid in pids:
        try:
            descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        ended, _, _ = select.select([descriptor], [], [], 60.0)
        os.close(descriptor)
        assert ended, f"process {pid} still runs"


def test_a_worker_computes_what_this_process_computes(server, job, naive):
    torch.set_num_threads(1)
    worker = server.spawn(job(naive))
    worker.ask(None, 120.0)
    answer = worker.ask({"do": "finish"}, 120.0)
    worker.finish()

    assert answer["finished"]["digest"] == passes.digest(workload.build(naive).call()).numbers


def test_a_worker_that_finished_ends_with_code_0_and_its_resident_set(server, job, sdpa):
    worker = server.spawn(job(sdpa))
    worker.ask(None, 120.0)
    worker.ask({"do": "finish"}, 120.0)

    end = worker.finish()
    assert end["code"] == 0
    assert end["maxrss_bytes"] > 1 << 20


def test_each_worker_is_a_process_of_its_own(server, job, sdpa):
    workers = [server.spawn(job(sdpa)) for _ in range(3)]
    for worker in workers:
        worker.ask(None, 120.0)

    assert len({worker.pid for worker in workers}) == 3
    for worker in workers:
        worker.close()


def test_a_fault_is_told_with_its_place(server, job, sdpa):
    worker = server.spawn(job(sdpa.replace(input="no_such_input")))

    with pytest.raises(WorkerEnded) as told:
        worker.ask(None, 120.0)
    worker.close()
    assert told.value.status == "crashed"
    assert told.value.reason.startswith("UsageError: input: unknown input 'no_such_input'")


def test_a_worker_that_gives_no_answer_in_time_is_killed(server, job, sdpa):
    worker = server.spawn(job(sdpa))
    worker.ask(None, 120.0)

    with pytest.raises(WorkerEnded, match=r"^timeout: no answer within 0 s; killed$"):
        worker.ask(None, 0.0)  # it has been asked nothing, so it says nothing
    assert worker.finish()["code"] == -signal.SIGKILL


def test_a_worker_that_somebody_kills_is_told_with_the_signal(server, job, sdpa):
    worker = server.spawn(job(sdpa))
    worker.ask(None, 120.0)
    os.kill(worker.pid, signal.SIGSEGV)

    with pytest.raises(WorkerEnded, match=r"^crashed: killed by signal 11 \(SIGSEGV\)$"):
        worker.ask({"do": "warm"}, 120.0)


def test_the_other_workers_live_on(server, job, sdpa):
    killed, other = server.spawn(job(sdpa)), server.spawn(job(sdpa))
    other.ask(None, 120.0)
    killed.close()

    assert "finished" in other.ask({"do": "finish"}, 120.0)
    other.close()


def test_more_memory_than_allowed_is_oom(server, job, sdpa):
    big = sdpa.replace(operator="full_naive", provider="bench", seq_len=8192)  # 2 heads × 8192² × 4 bytes: 512 MiB
    worker = server.spawn(job(big, memory_bytes=256 << 20))

    with pytest.raises(WorkerEnded, match=r"^oom: .*allocate memory"):
        worker.ask(None, 120.0)
    worker.close()


def test_a_worker_is_offered_first_to_the_kernel_s_oom_killer(server, job, sdpa):
    worker = server.spawn(job(sdpa))
    worker.ask(None, 120.0)
    scores = [int(Path(f"/proc/{pid}/oom_score_adj").read_text()) for pid in (worker.pid, server_pid(worker))]
    worker.close()

    assert scores[0] == 1000 > scores[1]


def test_many_workers_leave_neither_descriptors_nor_zombies(server, job, sdpa):
    def left(pid):
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return len(os.listdir(f"/proc/{pid}/fd")), len(os.listdir("/proc/self/fd")), children

    first = server.spawn(job(sdpa))
    of_server = server_pid(first)
    first.close()
    before = left(of_server)
    for number in range(30):
        worker = server.spawn(job(sdpa))
        if number % 3 == 0:
            worker.ask(None, 120.0)
        worker.close()

    assert left(of_server) == before
    assert before[2] == []


def test_what_a_worker_started_ends_with_it(server_with, job, sdpa, tmp_path, alive):
    worker = server_with(LEAVES_A_CHILD).spawn(job(sdpa.replace(operator="leaves", provider="bench")))
    worker.ask(None, 120.0)
    worker.ask({"do": "finish"}, 120.0)
    child = int((tmp_path / "workers.log").read_text().split()[-1])
    assert alive(child)

    worker.finish()
    try:
        wait_until_ended([child])
    finally:
        if alive(child):
            os.kill(child, signal.SIGKILL)


def test_closing_a_server_ends_its_workers(tmp_path, job, sdpa):
    server = ForkServer(tmp_path / "log")
    worker = server.spawn(job(sdpa))
    worker.ask(None, 120.0)
    pids = [worker.pid, server_pid(worker)]
    server.close()

    with worker._channel:
        wait_until_ended(pids)


def test_a_driver_that_is_killed_leaves_no_process_behind(tmp_path, job, sdpa):
    command = [sys.executable, "-c", DRIVER, str(tmp_path / "log"), json.dumps(job(sdpa))]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as driver:
        pids = [int(word) for word in driver.stdout.readline().split()]
        driver.kill()

    assert len(pids) == 2
    wait_until_ended(pids)


def test_a_server_that_is_gone_is_told_with_its_last_words(server_with, job, sdpa):
    server = server_with("raise SystemExit('no such weather')")

    with pytest.raises(RuntimeError, match=r"(?s)the fork server is gone; its last words .*no such weather"):
        server.spawn(job(sdpa))


def test_a_pid_that_nobody_waits_for_does_not_disturb_the_ends_of_others(server, job, sdpa):
    """As when Ctrl-C comes between the asking for a worker and its pid."""
    first, second = server.spawn(job(sdpa)), server.spawn(job(sdpa))
    server._note({"pid": 12345})
    first.close()
    second.close()

    assert first.finish()["code"] == second.finish()["code"] == -signal.SIGKILL
