"""Which runs may be compared, and the sentence where they may not."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from bench.analysis.alike import baseline_among, circumstances, latest, mismatches
from bench.errors import ComparisonError
from bench.store.run import Run

GPU = {"name": "H100", "uuid": "u", "driver": "570.1", "memory_bytes": 1, "power_limit_w": 700.0}
INFO: dict[str, Any] = {
    "suite": "s",
    "state": "done",
    "started_utc": "2026-01-02T00:00:00+00:00",
    "machine": {
        "name": "m",
        "cpu_model": "Xeon",
        "cores": 2,
        "kernel": "6.1",
        "governor": None,
        "gpus": [GPU],
        "environment": {},
    },
    "versions": {"torch": "2.13.0", "python": "3.12.1"},
    "settings": {"threads": 2},
}


def run(name: str, *changes: tuple[str, Any]) -> Run:
    """Gives a run with some of its entries changed: ``("machine.cores", 4)``."""
    info = copy.deepcopy(INFO)
    for path, value in changes:
        *above, last = path.split(".")
        place = info
        for word in above:
            place = place[word]
        place[last] = value
    return Run(Path(name), info)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("machine.cpu_model", "EPYC"), "cpu_model is Xeon in a and EPYC in b"),
        (("machine.cores", 4), "cores is 2 in a and 4 in b"),
        (("machine.gpus", []), "GPU is H100 in a and not known in b"),
        (("machine.gpus", [{**GPU, "name": "H200"}]), "GPU is H100 in a and H200 in b"),
        (("machine.gpus", [{**GPU, "driver": "580.2"}]), "GPU driver is 570.1 in a and 580.2 in b"),
        (("machine.gpus", [{**GPU, "power_limit_w": 350.0}]), "GPU power limit in W is 700 in a and 350 in b"),
        (("versions.torch", "2.12.0"), "torch is 2.13.0 in a and 2.12.0 in b"),
        (("settings.threads", 1), "threads is 2 in a and 1 in b"),
        (("settings", {}), "threads is 2 in a and not known in b"),
        (
            ("machine.environment", {"OMP_NUM_THREADS": "1"}),
            "environment is not known in a and OMP_NUM_THREADS=1 in b",
        ),
    ],
)
def test_each_field_that_forbids_is_named_with_both_values(change, words):
    found = mismatches(run("a"), run("b", change))

    assert found[0] == words


def test_a_gpu_s_uuid_and_the_machine_s_memory_forbid_nothing():
    other = run("b", ("machine.gpus", [{**GPU, "uuid": "v"}]), ("machine.memory_bytes", 7))

    assert mismatches(run("a"), other) == ()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("machine.kernel", "6.2"), "kernel is 6.1 in a and 6.2 in b"),
        (("machine.governor", "powersave"), "governor is not known in a and powersave in b"),
        (("versions.python", "3.13.0"), "python is 3.12.1 in a and 3.13.0 in b"),
        (("suite", "t"), "suite is s in a and t in b"),
        (("versions.numpy", "2.4.6"), "numpy is not known in a and 2.4.6 in b"),
        (("machine.memory_bytes", 24 << 30), "memory is not known in a and 24 GiB in b"),
        (
            ("cases", [{"row": {"provider": "peft", "provider_version": "0.18"}}]),
            "provider peft is not known in a and 0.18 in b",
        ),
    ],
)
def test_circumstances_are_told_and_forbid_nothing(change, words):
    assert circumstances(run("a"), run("b", change)) == (words,)
    assert mismatches(run("a"), run("b", change)) == ()


def earlier(day: int, *changes: tuple[str, Any]) -> Run:
    return run(f"day{day}", ("started_utc", f"2026-01-{day:02d}T00:00:00+00:00"), *changes)


def test_the_baseline_is_the_last_comparable_run_before_head():
    head = earlier(9)
    runs = [
        earlier(1),
        earlier(2),
        earlier(3, ("versions.torch", "2.12.0")),
        earlier(4, ("suite", "t")),
        earlier(5, ("state", "interrupted")),
        head,
        earlier(10),
    ]

    assert baseline_among(runs, head, "here").name == "day2"


def test_where_none_is_comparable_the_last_one_s_differences_are_told():
    head = earlier(9)
    runs = [earlier(1, ("machine.cores", 8)), earlier(2, ("versions.torch", "2.12.0"), ("settings.threads", 1))]
    with pytest.raises(ComparisonError) as caught:
        baseline_among(runs, head, "here")

    assert str(caught.value) == (
        "here: holds no run that day9 can be compared with; of the last, day2, torch is 2.12.0 in day2 and 2.13.0 in "
        "day9; threads is 1 in day2 and 2 in day9; measure both on one machine, or --allow-mismatch"
    )


def test_a_mismatch_that_is_allowed_gives_the_last_run_of_the_suite():
    runs = [earlier(1, ("machine.cores", 8)), earlier(2, ("versions.torch", "2.12.0"))]

    assert baseline_among(runs, earlier(9), "here", allow_mismatch=True).name == "day2"


def test_a_folder_with_head_alone_holds_no_baseline():
    head = earlier(9)
    with pytest.raises(ComparisonError) as caught:
        baseline_among([head], head, "here")

    assert str(caught.value) == (
        "here: holds no finished run of suite 's' from before day9; store one there: bench run SUITE --results DIR"
    )


def test_the_latest_is_the_last_that_came_to_its_end():
    assert latest([earlier(1), earlier(2), earlier(3, ("state", "running"))], "here").name == "day2"


def test_a_folder_without_a_finished_run_is_told():
    with pytest.raises(ComparisonError, match=r"^here: holds no run that came to its end; bench run SUITE$"):
        latest([earlier(3, ("state", "running"))], "here")
