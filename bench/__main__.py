"""``python -m bench VERB …``: finds the verb in the folder ``verbs``, runs it, and gives its exit code.

A verb is one file with `add_arguments(parser)` and `run(args) -> int`; the first line of its docstring is its help.
Nothing heavy is imported before a verb runs.
"""

from __future__ import annotations

import argparse
import importlib
import os
import pkgutil
import sys
import traceback
from collections.abc import Sequence
from types import ModuleType

import bench.verbs
from bench.errors import BenchError, UsageError, nearest

__all__ = ["main"]

_INTERRUPTED = 130
_BROKEN_PIPE = 141  # as a shell reports a program that SIGPIPE ended
_FAULT = 70  # as sysexits.h has it; Python's own would be 1, by which a gate says that something regressed


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one verb.

    Args:
        argv: the words after ``bench``; absent: those of the command line.

    Returns:
        The exit code.

    Raises:
        SystemExit: help was asked for, or the options are wrong (exit code 2).
    """
    words = sys.argv[1:] if argv is None else list(argv)
    try:
        code = _dispatch(words)
        sys.stdout.flush()
        return code
    except BenchError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the flush at exit complains again
        return _BROKEN_PIPE
    except Exception:  # a fault of ours: told whole, and told apart from every verdict
        traceback.print_exc()
        return _FAULT


def _dispatch(words: list[str]) -> int:
    if not words or words[0].startswith("-"):
        return _help(words)
    names = _names()
    if words[0] not in names:
        raise UsageError("bench", f"unknown verb {words[0]!r}", nearest(words[0], names))
    verb = _load(words[0])
    parser = argparse.ArgumentParser(prog=f"bench {words[0]}", description=_about(verb))
    verb.add_arguments(parser)
    return int(verb.run(parser.parse_args(words[1:])))


def _help(words: list[str]) -> int:
    """Prints what verbs there are; without any word that is a mistake, exit code 2."""
    names = _names()
    width = max(map(len, names)) + 2
    parser = argparse.ArgumentParser(
        prog="bench",
        usage="bench VERB … (bench VERB --help says more)",
        description="Benchmarks attention and its low-rank relatives: latency, memory, accuracy, with intervals.",
        epilog="verbs:\n" + "\n".join(f"  {name:{width}}{_about(_load(name))}" for name in names),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.parse_args(words)
    parser.print_help(sys.stderr)
    return UsageError.exit_code


def _names() -> list[str]:
    modules = pkgutil.iter_modules(bench.verbs.__path__)
    return sorted(module.name for module in modules if not module.name.startswith("_"))


def _load(name: str) -> ModuleType:
    return importlib.import_module(f"bench.verbs.{name}")


def _about(verb: ModuleType) -> str:
    return (verb.__doc__ or "").strip().partition("\n")[0]


if __name__ == "__main__":
    sys.exit(main())
