"""A process that has torch imported and forks one fresh worker for each job that it is handed.

Importing torch takes over a second, forking a process that has it a few hundredths. The server never computes: no
thread and no CUDA context exists in it when it forks. It is started as ``python -m bench.measure.forkserver FD
PLUGIN… -- PROVIDER…`` with one end of a socket; each message on it is a job (JSON) together with the file descriptor
of the channel on which the worker will talk. It answers with the worker's pid, and later with how that process ended.
"""

from __future__ import annotations

import ctypes
import dataclasses
import importlib
import json
import os
import select
import signal
import socket
import sys
import traceback
from types import FrameType
from typing import Any

from bench.errors import BenchError

__all__ = ["main"]

_PR_SET_PDEATHSIG = 1
_MESSAGE_BYTES = 1 << 20


def main(descriptor: int, plugins: list[str], providers: list[str]) -> None:
    """Serves until the driver goes away.

    Args:
        descriptor: of the control socket, kept open by the driver.
        plugins: modules whose operators are added, as on the driver's command line.
        providers: those whose packages workers will call; what takes seconds to import is imported once.
    """
    die_with_parent()
    control = socket.socket(fileno=descriptor)
    control_fd = control.fileno()
    wake_read, wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(wake_write)
    signal.signal(signal.SIGCHLD, _ignore)  # a handler, so that the wake-up pipe is written
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the driver decides what Ctrl-C means
    try:
        facts = _import_everything(plugins, providers)
    except BenchError as error:  # a stranger's member is at fault: the driver tells whoever typed the command
        control.send(json.dumps({"fault": [error.where, error.found, error.right]}).encode())
        sys.exit(error.exit_code)
    control.send(json.dumps({"ready": facts}).encode())
    while True:
        readable, _, _ = select.select([control_fd, wake_read], [], [])
        if wake_read in readable:
            os.read(wake_read, 4096)
            _report_ended(control)
        if control_fd in readable:
            data, descriptors, _, _ = socket.recv_fds(control, _MESSAGE_BYTES, 1)
            if not data:
                return
            pid = _fork(json.loads(data), control, descriptors[0])
            os.close(descriptors[0])
            control.send(json.dumps({"pid": pid}).encode())


def die_with_parent() -> None:
    """Asks the kernel to kill this process when its parent ends, so that no worker outlives its run."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _ignore(number: int, frame: FrameType | None) -> None:
    pass


def _import_everything(plugins: list[str], providers: list[str]) -> dict[str, Any]:
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    from bench import operators
    from bench.measure import metrics, passes, worker  # noqa: F401  what every worker would import again

    with FlopCounterMode(display=False):  # its first use imports for over a second
        torch.ones(1) + 1

    for plugin in plugins:
        operators.catalogue.add_module(plugin)
    for provider in sorted(set(providers) & set(operators.provider_catalogue.names())):
        for module in operators.provider_catalogue.load(provider).modules:
            try:
                importlib.import_module(module)
            except Exception:  # a stranger's package: the worker that needs it fails with its own reason
                traceback.print_exc()
    columns = [dataclasses.asdict(column) for column in metrics.columns()]
    if (threads := len(os.listdir("/proc/self/task"))) > 1:
        raise RuntimeError(f"the fork server has {threads} threads; what is forked from it could hang")
    return {"torch": torch.__version__, "parallel": torch.__config__.parallel_info(), "columns": columns}


def _fork(job: dict[str, Any], control: socket.socket, descriptor: int) -> int:
    server = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        os.setsid()
        die_with_parent()
        if os.getppid() != server:
            os._exit(1)
        control.close()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        _offer_to_the_oom_killer()
        from bench.measure.worker import serve

        serve(socket.socket(fileno=descriptor), job)
        code = 0
    except BaseException:  # the log is the only one left to tell
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)  # no exit handlers of the server's in a worker


def _offer_to_the_oom_killer() -> None:
    with open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")


def _report_ended(control: socket.socket) -> None:
    while True:
        try:
            pid, status, usage = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        ended = {"ended": pid, "code": os.waitstatus_to_exitcode(status), "maxrss_bytes": usage.ru_maxrss * 1024}
        control.send(json.dumps(ended).encode())


if __name__ == "__main__":
    split = sys.argv.index("--")
    main(int(sys.argv[1]), sys.argv[2:split], sys.argv[split + 1 :])
