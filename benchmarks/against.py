"""What this revision costs its users against another one: `python -m benchmarks.against HEAD~1`. Advisory.

Both revisions are checked out and run their own benchmarks in sessions that are alive together and take turns, round
by round, as ABBA. A ratio is formed of rounds that follow each other; the median over a benchmark's rounds is what a
pair of sessions says. What looks changed is run again, alone, in as many fresh pairs, and only those judge it.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import json
import math
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench.errors import BenchError, UsageError
from bench.report import verdicts
from bench.stats.decision import decide
from bench.stats.signed_rank import FEWEST
from bench.sweep.revisions import Revision, checkouts
from bench.verdict import Comparison, Side, Verdict

_SAID = {
    "slower": ("regressed", "beyond_margin"),
    "faster": ("improved", "beyond_margin"),
    "same": ("unchanged", "within_margin"),
    "open": ("inconclusive", "straddles_margin"),
    "few": ("inconclusive", "too_few_rounds"),
}
_CHANGED = ("slower", "faster")
_ONE = "the other has no such benchmark, or it fails there"


@dataclasses.dataclass(slots=True)
class Series:
    """What several pairs of sessions say of one benchmark."""

    logs: list[float] = dataclasses.field(default_factory=list)
    """ln(head / base), one a pair."""
    seconds: tuple[list[float], list[float]] = dataclasses.field(default_factory=lambda: ([], []))
    """Medians of base's sessions and of head's."""


def main(words: list[str] | None = None) -> int:
    """Compares; gives the exit code of `bench ab`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("base", help="a git revision, such as HEAD~1")
    parser.add_argument("head", nargs="?", default="HEAD", help="another one; default: %(default)s")
    parser.add_argument("--margin", type=float, default=0.1, help="smaller changes are none; default: %(default)s")
    parser.add_argument("--pairs", type=int, default=FEWEST, help="of sessions; default: %(default)s")
    parser.add_argument("--format", default="text", choices=verdicts.names(), help="default: %(default)s")
    args = parser.parse_args(words)
    began = time.monotonic()
    try:
        with checkouts(Path.cwd(), args.base, args.head, lambda text: print(text, file=sys.stderr)) as sides:
            first = series(sides, args.pairs)
            suspects = [name for name, each in first.items() if decide(each.logs, args.margin).word in _CHANGED]
            second = series(sides, args.pairs, suspects) if suspects else {}
    except BenchError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    comparison = Comparison(
        kind="ab",
        suite="benchmarks",
        base=Side(name=args.base, commit=sides[0].commit),
        head=Side(name=args.head, commit=sides[1].commit),
        margin=args.margin,
        verdicts=tuple(judged(name, first[name], second.get(name), args.margin) for name in sorted(first)),
        wall_s=time.monotonic() - began,
    )
    verdicts.tell(comparison, args.format)
    return comparison.exit_code()


def series(sides: tuple[Revision, Revision], pairs: int, names: Sequence[str] = ()) -> dict[str, Series]:
    """Runs the benchmarks of two revisions beside each other.

    Args:
        sides: base and head.
        pairs: of sessions.
        names: ids of the benchmarks to run; all that are not slow where there are none.
    """
    found: dict[str, Series] = {}
    with tempfile.TemporaryDirectory(prefix="bench-against-") as folder:
        for number in range(pairs):
            outputs = [Path(folder) / f"{number}-{word}.json" for word in ("base", "head")]
            sessions = [Session(side, output, names) for side, output in zip(sides, outputs, strict=True)]
            take_turns(sessions if number % 2 else sessions[::-1])
            times = [session.times() for session in sessions]
            for name in times[0].keys() | times[1].keys():
                rounds = [of_side.get(name, []) for of_side in times]
                each = found.setdefault(name, Series())
                for seconds, of_side in zip(each.seconds, rounds, strict=True):
                    seconds += [statistics.median(of_side)] if of_side else []
                if all(rounds):
                    logs = [math.log(head / base) for base, head in zip(*rounds, strict=False)]
                    each.logs.append(statistics.median(logs))
    return found


class Session:
    """pytest over a revision's benchmarks, which times a round only when it is told to.

    Args:
        side: the revision.
        output: where pytest-benchmark's JSON goes.
        names: ids of the benchmarks to run; all that are not slow where there are none.
    """

    def __init__(self, side: Revision, output: Path, names: Sequence[str]) -> None:
        self._side, self._output = side, output
        self._channel, theirs = socket.socketpair()
        self._said = b""
        environment = side.place.environment() | {"BENCH_TURNS": str(theirs.fileno())}
        # The plug-in of turns is this revision's for both. `bench` itself is registered as a plug-in by what is
        # installed, and imported from the checkout, which may be older than that: it is left out.
        environment["PYTHONPATH"] += os.pathsep + str(Path(__file__).parent)
        command = [side.place.python, "-m", "pytest", "-q", "-p", "turns", "-p", "no:bench", "-p", "no:cacheprovider"]
        with output.with_suffix(".log").open("wb") as log:
            self._process = subprocess.Popen(
                [*command, "-m", "not slow", f"--benchmark-json={output}", *(names or ["benchmarks"])],
                cwd=side.place.folder,
                env=environment,
                pass_fds=[theirs.fileno()],
                stdout=log,
                stderr=log,
            )
        theirs.close()

    def is_ready(self) -> bool:
        """Waits until the session wants a turn; says no when it has ended."""
        self._said = self._said or self._channel.recv(1)
        return self._said == b"r"

    def turn(self) -> None:
        """Lets it make a round, and waits until it has; a round that fails is over when the next turn is wanted."""
        self._channel.sendall(b"g")
        self._said = self._channel.recv(1)

    def go_on(self) -> None:
        """Lets it go on after a round, to where it wants the next turn."""
        if self._said == b"d":
            self._channel.sendall(b"g")
            self._said = b""

    def times(self) -> dict[str, list[float]]:
        """Waits for the end; gives benchmark -> seconds of its rounds.

        Raises:
            UsageError: nothing could be run.
        """
        self._process.wait()
        self._channel.close()
        if not self._output.exists() or not self._output.stat().st_size:
            last = self._output.with_suffix(".log").read_text(errors="replace").strip().splitlines()[-1:]
            found = f"cannot be run there ({''.join(last)})"
            raise UsageError(f"{self._side.name}: benchmarks/", found, "python -m pytest benchmarks says more")
        benchmarks = json.loads(self._output.read_text(encoding="utf-8"))["benchmarks"]
        return {each["fullname"]: each["stats"]["data"] for each in benchmarks}


def take_turns(sessions: Sequence[Session]) -> None:
    """Lets sessions make a round each, one after the other, in an order that turns round, until all have ended."""
    order = list(sessions)
    while order := [session for session in order if session.is_ready()]:
        for session in order:
            session.turn()
        for session in order:
            session.go_on()
        order.reverse()


def judged(name: str, first: Series, second: Series | None, margin: float) -> Verdict:
    """Gives the verdict of one benchmark.

    Args:
        name: pytest's id of it.
        first: of every benchmark.
        second: of one that looked changed; what it says counts.
        margin: smaller changes are none.
    """
    about = functools.partial(Verdict, case_id=name, case_hash="", group=name.partition("::")[0])
    seen = second or first
    base, head = seen.seconds
    if not base:
        return about(metric="case", verdict="new", reason="only_in_head", detail=_ONE)
    if not head:
        return about(metric="case", verdict="vanished", reason="only_in_base", detail=_ONE)
    decision = decide(seen.logs, margin)
    verdict, reason = _SAID[decision.word]
    if second and decision.word not in _CHANGED:
        verdict, reason = "inconclusive", "not_confirmed"
    ratio = decision.ratio
    return about(
        metric="latency",
        verdict=verdict,
        reason=reason,
        base=statistics.median(base),
        head=statistics.median(head),
        ratio=ratio.centre,
        ratio_ci_low=None if math.isnan(ratio.low) else ratio.low,
        ratio_ci_high=None if math.isnan(ratio.high) else ratio.high,
        rounds=ratio.count,
        more_rounds=decision.more_rounds,
    )


if __name__ == "__main__":
    sys.exit(main())
