"""The driver's end of a fork server and of its workers: ask, wait asleep, and know why a process ended.

Nothing here polls: every wait is a blocking `select` with a deadline, so that the driver takes no processor time
while a worker measures.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bench.errors import UsageError

__all__ = ["ForkServer", "Place", "Worker", "WorkerEnded"]

_MESSAGE_BYTES = 1 << 20
_START_LIMIT_S = 300.0
_SPAWN_LIMIT_S = 60.0
_END_LIMIT_S = 5.0


class WorkerEnded(Exception):  # noqa: N818  an end is told, not an error of ours
    """A worker gave no answer; says with which status the attempt ends, and why."""

    def __init__(self, status: str, reason: str) -> None:
        super().__init__(f"{status}: {reason}")
        self.status, self.reason = status, reason


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """Which code a process runs."""

    python: str = sys.executable
    """The interpreter, and with it the packages that are installed for it."""
    folder: Path | None = None
    """A checkout whose modules come before those that are installed; absent: those that this process has."""

    def environment(self) -> dict[str, str]:
        """Gives the variables of a process that runs there."""
        first = [str(self.folder), str(self.folder / "src")] if self.folder else []
        path = os.pathsep.join([*first, *filter(None, [os.environ.get("PYTHONPATH", "")])])
        return {**os.environ, **({"PYTHONPATH": path} if path else {})}


_HERE = Place()


class ForkServer:
    """A process with torch imported from which workers are forked.

    Args:
        log: file that takes what the server and its workers print.
        plugins: modules whose operators are added.
        providers: those whose packages are imported too, before any worker is forked.
        place: which code it runs.
    """

    def __init__(
        self, log: Path, plugins: Iterable[str] = (), providers: Iterable[str] = (), place: Place = _HERE
    ) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        words = [str(theirs.fileno()), *plugins, "--", *providers]
        command = [place.python, "-m", "bench.measure.forkserver", *words]
        # numpy's own BLAS starts its threads on import, before any fork; torch does not use it. The profiler's
        # library reports each start and stop unless told to be silent.
        environment = {**place.environment(), "OPENBLAS_NUM_THREADS": "1", "KINETO_LOG_LEVEL": "99"}
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=environment,
                cwd=place.folder,
            )
        theirs.close()
        self._control, self._log = ours, log
        self._ended: dict[int, dict[str, Any]] = {}
        self._facts: dict[str, Any] | None = None

    @property
    def facts(self) -> dict[str, Any]:
        """What the server knows of torch; waits until it has imported it.

        Raises:
            UsageError: a plug-in or a stranger's metric cannot be imported there.
        """
        if self._facts is None:
            self._facts = self._expect("ready", _START_LIMIT_S)["ready"]
        return self._facts

    def spawn(self, job: dict[str, Any]) -> Worker:
        """Forks a worker for one job."""
        _ = self.facts
        ours, theirs = socket.socketpair()
        try:
            socket.send_fds(self._control, [json.dumps(job).encode()], [theirs.fileno()])
        except (BrokenPipeError, ConnectionResetError):
            raise RuntimeError(f"the fork server is gone{self._last_words()}") from None
        finally:
            theirs.close()
        return Worker(self, self._expect("pid", _SPAWN_LIMIT_S)["pid"], ours)

    def how_it_ended(self, pid: int, limit_s: float) -> dict[str, Any] | None:
        """Gives how a worker ended, `code` (below 0: a signal) and `maxrss_bytes`; nothing if it still lives then."""
        deadline = time.monotonic() + limit_s
        while pid not in self._ended:
            message = self._read(deadline)
            if message is None:
                return None
            self._note(message)
        return self._ended.pop(pid)

    def close(self) -> None:
        """Ends the server; its workers end with it."""
        self._control.close()
        self._process.terminate()
        self._process.wait()

    def _expect(self, what: str, limit_s: float) -> dict[str, Any]:
        deadline = time.monotonic() + limit_s
        while (message := self._read(deadline)) is not None:
            if "fault" in message:
                raise UsageError(*message["fault"])
            if what in message:
                return message
            self._note(message)
        raise RuntimeError(f"the fork server said nothing of {what!r} within {limit_s:g} s{self._last_words()}")

    def _note(self, message: dict[str, Any]) -> None:
        # A pid that nobody waits for is of a worker whose asking Ctrl-C cut short; it ends with the server.
        if "ended" in message:
            self._ended[message["ended"]] = message

    def _read(self, deadline: float) -> dict[str, Any] | None:
        """Gives the next message, or nothing if none comes until then."""
        readable, _, _ = select.select([self._control], [], [], max(0.0, deadline - time.monotonic()))
        if not readable:
            return None
        data = self._control.recv(_MESSAGE_BYTES)
        if not data:
            raise RuntimeError(f"the fork server is gone{self._last_words()}")
        message: dict[str, Any] = json.loads(data)
        return message

    def _last_words(self) -> str:
        return f"; its last words ({self._log}):\n{self._log.read_text(errors='replace')[-2000:]}"


class Worker:
    """One forked process and the channel to it."""

    def __init__(self, server: ForkServer, pid: int, channel: socket.socket) -> None:
        self.pid, self._server, self._channel = pid, server, channel
        self._buffer = b""
        self._end: dict[str, Any] | None = None
        self._oom_kills = _oom_kills()

    def ask(self, order: dict[str, Any] | None, limit_s: float) -> dict[str, Any]:
        """Sends an order (or none, where the worker speaks first) and gives the answer.

        Raises:
            WorkerEnded: it told a fault, ended without an answer, or gave none within `limit_s` and was killed.
        """
        deadline = time.monotonic() + limit_s
        if order is not None:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # its end is told below
                self._channel.sendall(json.dumps(order).encode() + b"\n")
        while b"\n" not in self._buffer:
            readable, _, _ = select.select([self._channel], [], [], max(0.0, deadline - time.monotonic()))
            if not readable:
                self.kill()
                raise WorkerEnded("timeout", f"no answer within {limit_s:g} s; killed")
            data = self._receive()
            if not data:
                raise self._explain()
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\n")
        answer: dict[str, Any] = json.loads(line)
        if "status" in answer:
            raise WorkerEnded(answer["status"], answer["reason"])
        return answer

    def kill(self) -> None:
        """Ends the process and all that it started, at once."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)

    def finish(self) -> dict[str, Any]:
        """Closes the channel, lets the process end, and gives how it ended; one that lingers is killed."""
        if self._end is None:
            self._channel.close()
            self._end = self._server.how_it_ended(self.pid, _END_LIMIT_S)
            if self._end is None:
                self.kill()
                self._end = self._server.how_it_ended(self.pid, _SPAWN_LIMIT_S)
            if self._end is None:
                raise RuntimeError(f"process {self.pid} does not end, although it was killed")
            self.kill()  # what it started and left behind would take time from the next round
        return self._end

    def close(self) -> None:
        """Ends the process if it still lives, and forgets it."""
        if self._end is None:
            self.kill()
            self.finish()

    def _receive(self) -> bytes:
        try:
            return self._channel.recv(_MESSAGE_BYTES)
        except ConnectionResetError:
            return b""

    def _explain(self) -> WorkerEnded:
        code = self.finish()["code"]
        if code == -signal.SIGKILL and _oom_kills() > self._oom_kills:
            return WorkerEnded("oom", "killed by the kernel: out of memory")
        if code < 0:
            return WorkerEnded("crashed", f"killed by signal {-code} ({signal.Signals(-code).name})")
        return WorkerEnded("crashed", f"ended with exit code {code} and no word")


def _oom_kills() -> int:
    with open("/proc/vmstat") as file:
        return next((int(line.split()[1]) for line in file if line.startswith("oom_kill ")), 0)
