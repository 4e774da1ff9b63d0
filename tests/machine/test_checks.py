"""What each check says of machines that were made up: one state, one fact a test."""

from __future__ import annotations

import pytest

from bench.machine import checks

CPU = "sys/devices/system/cpu"


@pytest.fixture
def states():
    """Gives a function: check, sight -> states of its findings."""
    return lambda name, sight: [finding.state for finding in checks.load(name).examine(sight)]


def governors(*names):
    return {f"{CPU}/cpu{cpu}/cpufreq/scaling_governor": f"{name}\n" for cpu, name in enumerate(names)}


def test_performance_on_every_processor_is_fit(states, sight):
    assert states("governor", sight(governors(*["performance"] * 4))) == ["ok"]


def test_one_processor_that_saves_power_is_warned_of(states, sight):
    assert states("governor", sight(governors("performance", "powersave"))) == ["warn"]


@pytest.mark.parametrize(
    ("path", "value", "state"),
    [
        ("intel_pstate/no_turbo", "0", "warn"),
        ("intel_pstate/no_turbo", "1", "ok"),
        ("cpufreq/boost", "1", "warn"),
        ("cpufreq/boost", "0", "ok"),
    ],
)
def test_boost_is_read_the_right_way_round(states, sight, path, value, state):
    assert states("boost", sight({f"{CPU}/{path}": value})) == [state]


def siblings(*lists):
    return {f"{CPU}/cpu{cpu}/topology/thread_siblings_list": text for cpu, text in enumerate(lists)}


def test_two_processors_of_one_core_are_warned_of_and_one_of_each_core_is_named(sight):
    (finding,) = checks.load("smt").examine(sight(siblings("0,2", "1,3", "0,2", "1,3")))

    assert (finding.state, finding.found) == ("warn", "4 processors are 2 cores")
    assert finding.remedy == "taskset -c 0,1 python -m bench …"


def test_a_sibling_that_we_do_not_use_is_no_matter(states, sight):
    assert states("smt", sight(siblings("0,2", "1,3"), cpus=(0, 1))) == ["ok"]


def test_a_hypervisor_is_told(states, sight):
    assert states("virtual", sight({"proc/cpuinfo": "flags\t\t: fpu hypervisor lahf_lm\n"})) == ["warn"]
    assert states("virtual", sight({"proc/cpuinfo": "flags\t\t: fpu lahf_lm\n"})) == ["ok"]


@pytest.mark.parametrize(("busy", "state"), [(0.04, "ok"), (0.2, "warn"), (0.9, "bad")])
def test_neighbours_are_judged_by_the_cores_that_they_take(states, sight, busy, state):
    assert states("neighbours", sight(watched={"busy_cores": busy}))[0] == state


def test_a_busy_neighbour_is_named_and_may_be_left_a_core(sight):
    finding = checks.load("neighbours").examine(sight(watched={"busy_cores": 1.0, "busiest": (("make (7)", 0.97),)}))[
        0
    ]

    assert finding.found.endswith("most by make (7) 0.97")
    assert finding.remedy == "stop it, or leave it a core: `threads: 3` in the suite"


@pytest.mark.parametrize(("stolen", "state"), [(0.005, "ok"), (0.1, "warn"), (0.6, "bad")])
def test_stolen_time_is_judged_apart(states, sight, stolen, state):
    assert states("neighbours", sight(watched={"steal_cores": stolen}))[1] == state


def test_one_core_leaves_none_for_others(states, sight):
    assert states("threads", sight(cores=1, cpus=(0,))) == ["warn"]


def test_a_number_of_threads_from_the_environment_is_told_and_harmless(sight):
    (finding,) = checks.load("threads").examine(sight(environment={"OMP_NUM_THREADS": "1"}))

    assert finding.state == "ok"
    assert "OMP_NUM_THREADS=1 changes nothing here" in finding.found


@pytest.mark.parametrize("name", ["OMP_PROC_BIND", "GOMP_SPINCOUNT"])
def test_variables_that_pin_or_idle_threads_are_warned_of(sight, name):
    finding = checks.load("threads").examine(sight(environment={name: "1"}))[1]

    assert (finding.state, finding.remedy) == ("warn", f"unset {name}")


def test_processors_that_we_may_not_use_are_told(sight):
    (finding,) = checks.load("threads").examine(sight({f"{CPU}/present": "0-6,8\n"}))

    assert "may use 4 of 8 processors" in finding.found


@pytest.mark.parametrize(
    ("files", "state"),
    [
        ({"sys/fs/cgroup/cpu.max": "max 100000\n"}, "ok"),
        ({"sys/fs/cgroup/cpu.max": "150000 100000\n"}, "warn"),
        ({"sys/fs/cgroup/cpu.max": "400000 100000\n"}, "ok"),
        ({"sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1", "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000"}, "ok"),
        ({"sys/fs/cgroup/cpu/cpu.cfs_quota_us": "50000", "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000"}, "warn"),
    ],
)
def test_a_quota_below_the_processors_is_warned_of(states, sight, files, state):
    assert states("limits", sight(files)) == [state]


def test_a_quota_that_was_used_up_is_bad(states, sight):
    files = {"sys/fs/cgroup/cpu.max": "400000 100000\n"}

    assert states("limits", sight(files, watched={"throttled": 3})) == ["bad"]


@pytest.mark.parametrize(("free", "state"), [(1 << 30, "warn"), (4 << 30, "ok")])
def test_little_free_memory_is_warned_of(states, sight, free, state):
    assert states("memory", sight(memory_bytes=free)) == [state]


@pytest.mark.parametrize(
    ("total", "free", "moved", "state"), [(0, 0, 0, "ok"), (9, 9, 0, "ok"), (9, 5, 0, "warn"), (9, 5, 12, "bad")]
)
def test_swap_is_worst_while_pages_move(states, sight, total, free, moved, state):
    files = {"proc/meminfo": f"MemTotal: 99 kB\nSwapTotal: {total} kB\nSwapFree: {free} kB\n"}

    assert states("swap", sight(files, watched={"swapped_pages": moved})) == [state]


def test_the_clock_of_this_process_has_a_step_and_a_cost(sight):
    (finding,) = checks.load("clock").examine(sight())

    assert "step" in finding.found
    assert "a reading" in finding.found


def test_a_machine_without_a_gpu_is_fit(states, sight):
    assert states("gpu", sight()) == ["ok"]


def test_a_gpu_that_nvml_does_not_know_is_unknown(states, sight):
    assert set(states("gpu", sight({"dev/nvidia0": ""}))) & {"unknown"}
