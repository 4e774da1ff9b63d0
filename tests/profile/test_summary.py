from __future__ import annotations

import copy

import pytest

from bench.profile.summary import code_span, machine_text, summary, table

PROFILE = {
    "case_id": "full_naive[bench] core/forward n=64 d=32 fp32 cpu",
    "case": {},
    "threads": 2,
    "machine": {"cpu_model": "A CPU", "cores": 4, "gpus": [{"name": "A GPU"}]},
    "versions": {"torch": "2.13.0"},
    "commit": "0123456789abcdef-dirty",
    "status": "ok",
    "reason": "",
    "trace": {
        "calls": 5,
        "seconds_per_call": 0.01,
        "cpu_seconds_per_call": 0.0095,
        "operators": [
            {"name": "aten::bmm", "calls": 2.0, "self_s": 0.006, "total_s": 0.006, "share": 0.6},
            *(
                {"name": f"aten::{i}", "calls": 1.0, "self_s": 3e-4, "total_s": 3e-4, "share": 0.03}
                for i in range(11)
            ),
        ],
    },
    "memory": {
        "peak_bytes": 4096,
        "freed_before_bytes": 0,
        "allocations": [
            {"bytes": 3072, "operator": "aten::bmm", "backward": "", "source": "a.py:1", "code": "a | b"},
            {"bytes": 1024, "operator": "aten::sum", "backward": "SumBackward0", "source": "a.py:2", "code": "`c`"},
        ],
    },
    "stacks": {
        "mode": "python",
        "refused": [{"mode": "native", "reason": "EPERM"}],
        "enable": "a capability",
        "rate_hz": 100,
        "calls": 7,
        "seconds_per_call": 0.02,
        "samples": 60,
        "setup_samples": 40,
        "frames": [{"name": "attend", "file": "a.py", "share": 1.0}],
    },
    "nvml": None,
    "files": ["flame.svg", "profile.json"],
    "unavailable": {"nvml": "no CUDA device"},
}


def section(text: str, heading: str) -> list[str]:
    return text.partition(f"## {heading}\n\n")[2].partition("\n\n## ")[0].splitlines()


def test_the_operators_share_a_call_and_its_time_is_no_latency():
    assert section(summary(PROFILE), "Where the time goes") == [
        "10 ms for one call under torch's profiler (mean of 5): with the profiler's overhead, not a latency.",
        "",
        "Self time, without that of operators called inside:",
        "",
        "|  share |   self | calls | operator                                                |",
        "| -----: | -----: | ----: | ------------------------------------------------------- |",
        "| 60.0 % |   6 ms |     2 | `aten::bmm`                                             |",
        *(
            f"|  3.0 % | 300 µs |     1 | `aten::{i}`                                               |"
            for i in range(9)
        ),
        "|  6.0 % | 600 µs |     2 | 2 more operators                                        |",
        "|  7.0 % | 700 µs |       | outside operators: Python, freeing memory, the profiler |",
    ]


def test_a_process_that_did_not_get_the_processor_is_told():
    profile = {**PROFILE, "trace": {**PROFILE["trace"], "cpu_seconds_per_call": 0.0085}}

    told = section(summary(profile), "Where the time goes")[0]
    assert told.endswith("not a latency. The process had the processor for 8.5 ms of it: something else ran.")


def test_what_is_alive_at_the_peak_says_who_made_it_and_where():
    assert section(summary(PROFILE), "What holds the memory") == [
        "At most 4 KiB (4,096 bytes) above inputs and weights. Alive then:",
        "",
        "|  size | bytes | made by                       | at                   | line    |",
        "| ----: | ----: | ----------------------------- | -------------------- | ------- |",
        "| 3 KiB | 3,072 | `aten::bmm`                   | `a.py:1`             | `a ¦ b` |",
        "| 1 KiB | 1,024 | `aten::sum` in `SumBackward0` | backward of `a.py:2` | `'c'`   |",
    ]


def test_stacks_without_native_frames_say_why_and_what_would_allow_them():
    assert section(summary(PROFILE), "Where the stacks end") == [
        "60 samples of 7 calls (100 a second, 40.0 % of all samples were set-up and are left out). "
        "Python frames alone, of threads that Python knows.",
        "",
        "- Python, C and C++ frames: not possible (EPERM)",
        "- to allow it: a capability",
        "",
        "|   share | innermost function |",
        "| ------: | ------------------ |",
        "| 100.0 % | `attend (a.py)`    |",
    ]


def test_what_is_unavailable_is_told():
    assert summary(PROFILE).endswith("## Unavailable\n\n- NVML: unavailable: no CUDA device\n")


def test_only_files_that_are_there_are_listed():
    assert [line.partition(":")[0] for line in section(summary(PROFILE), "Files")] == [
        "- flame.svg",
        "- profile.json",
    ]


def test_memory_that_the_call_had_let_go_of_is_told():
    profile = copy.deepcopy(PROFILE)
    profile["memory"]["freed_before_bytes"] = 512

    text = section(summary(profile), "What holds the memory")[0]
    assert text.endswith("inputs and weights, less 512 B that the call had let go of. Alive then:")


def test_the_series_of_a_gpu_is_least_median_and_largest():
    series = {"samples": 9, "sm_clock_hz": [345e6, 1.98e9, 1.98e9], "power_w": [70, 300.5, 350], "gpu_use": None}
    profile = {**PROFILE, "nvml": {**series, "throttle_reasons": ["idle", "power cap"]}}

    assert section(summary(profile), "The GPU") == [
        "9 samples. What slowed the clocks: power cap.",
        "",
        "|               | least | median | largest |",
        "| ------------: | ----: | -----: | ------: |",
        "| SM clock, MHz |   345 |   1980 |    1980 |",
        "|      power, W |    70 |  300.5 |     350 |",
    ]


def test_a_gpu_that_was_only_idle_was_slowed_by_nothing():
    profile = {**PROFILE, "nvml": {"samples": 1, "throttle_reasons": ["idle"]}}

    assert section(summary(profile), "The GPU")[0] == "1 samples. What slowed the clocks: nothing."


def test_a_case_that_failed_is_its_status_and_reason():
    profile = {**PROFILE, "status": "oom", "reason": "no\nmemory", "trace": None}

    assert summary(profile) == (
        "# Profile of `full_naive[bench] core/forward n=64 d=32 fp32 cpu`\n\n"
        "A CPU, 4 cores, A GPU, torch 2.13.0, 2 threads, commit 0123456789ab-dirty\n\n**oom**: no memory\n"
    )


def test_outside_a_checkout_no_commit_is_named():
    assert machine_text({**PROFILE, "commit": None}) == "A CPU, 4 cores, A GPU, torch 2.13.0, 2 threads"


@pytest.mark.parametrize(("text", "shown"), [("a`|\nb", "`a'¦ b`"), (" ", "-")])
def test_a_name_cannot_leave_its_code_span(text, shown):
    assert code_span(text) == shown


def test_a_table_without_rows_has_its_headings():
    assert table(("a", "b"), [], left=1) == ["| a | b |", "| : | - |"]
