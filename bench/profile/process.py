"""The asking end of a pass: a fresh process for one part of a profile, and what it answered or how it ended.

Goes in: a `Job`. Comes out: an `Answer`; a pass that fails is an answer with a status, and no error.
"""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bench.case import Case
from bench.machine.fingerprint import cores, memory_available

__all__ = ["LOG", "Answer", "Job"]

LOG = "child.log"
"""The file, in the profile's folder, that takes what the processes printed."""


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """How one pass went."""

    status: str
    """`ok`, or one of the failures of an attempt."""
    reason: str
    """The detail of a status that is not `ok`."""
    facts: dict[str, Any]
    """What the pass found; empty where it failed."""
    output: str
    """What the process printed."""
    silent: bool = False
    """Whether the process ended without an answer."""


@dataclasses.dataclass(frozen=True, slots=True)
class Job:
    """What all passes of a profile share."""

    case: Case
    folder: Path
    """Takes the files."""
    seconds: float
    """How long the part `loop` calls."""
    plugins: Sequence[str] = ()
    """Modules whose operators are added."""

    @property
    def threads(self) -> int:
        """Of torch: the case's, or as many as there are cores."""
        return self.case.threads or cores()

    def ask(
        self,
        part: str,
        *,
        before: Sequence[str] = (),
        meanwhile: Callable[[subprocess.Popen[bytes]], None] | None = None,
    ) -> Answer:
        """Runs one part in a process of its own and waits for its end.

        Args:
            part: `trace`, `memory` or `loop`.
            before: a command that runs the process, such as ``py-spy record … --``.
            meanwhile: is called once the process runs, and returns when it has ended.
        """
        with tempfile.TemporaryDirectory() as place:
            answer, asked, printed = (Path(place, name) for name in ("answer.json", "job.json", "output"))
            asked.write_text(json.dumps(self._words(part, answer)), encoding="utf-8")
            shown = self.case.case_id
            command = [*before, sys.executable, "-m", "bench.profile.child", str(asked), shown]
            # The profiler's library reports each start and stop unless told to be silent.
            environment = {**os.environ, "KINETO_LOG_LEVEL": "99"}
            with (
                printed.open("wb") as output,
                subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment
                ) as process,
            ):
                if meanwhile is not None:
                    meanwhile(process)
                code = process.wait()
            text = printed.read_text(encoding="utf-8", errors="replace")
            with (self.folder / LOG).open("a", encoding="utf-8") as log:
                log.write(f"# {part}: {' '.join(before)}\n{text}")
            if not answer.is_file():
                return Answer("crashed", _end(code), {}, text, silent=True)
            said = json.loads(answer.read_text(encoding="utf-8"))
        return Answer(said.get("status", "ok"), said.get("reason", ""), said.get("facts", {}), text)

    def _words(self, part: str, answer: Path) -> dict[str, Any]:
        return {
            "part": part,
            "case": self.case.to_json(),
            "threads": self.threads,
            # CUDA reserves address space without using it: no limit there
            "memory_bytes": memory_available() * 8 // 10 if self.case.device == "cpu" else None,
            "plugins": list(self.plugins),
            "seconds": self.seconds,
            "folder": str(self.folder),
            "answer": str(answer),
        }


def _end(code: int) -> str:
    if code < 0:
        return f"the process was ended by {signal.Signals(-code).name}"
    return f"the process ended with exit code {code} and no answer"
