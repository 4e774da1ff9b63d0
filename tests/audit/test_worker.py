from __future__ import annotations

import multiprocessing

from bench.audit.worker import serve


def test_each_property_is_announced_before_it_is_tested() -> None:
    """In a process of its own, since it silences its standard error."""
    context = multiprocessing.get_context("forkserver")
    answers, theirs = context.Pipe(duplex=False)
    process = context.Process(target=serve, args=(theirs, "uniform", "bench", "cpu", ("causal", "random"), ()))
    process.start()
    theirs.close()
    words = [answers.recv() for _ in range(5)]
    process.join()

    assert [kind for kind, _ in words] == ["properties", "begins", "row", "begins", "row"]
    assert words[0][1] == ("causal", "random")
    assert words[3][1] == ("random", "depends on no draw")
    assert words[4][1].holds is True
