from __future__ import annotations

from bench.report.verdicts.text import render, show

WHOLE = """\
bench ab main (1a2b3c4d5e) -> HEAD (9f8e7d6c5b), suites/nlp.yaml, margin 2 % of latency, 2m 51s
cases: 1 failed, 1 vanished, 1 changed, 1 new
latency: 1 regressed, 1 inconclusive, 1 improved, 1 unchanged
exact: 1 regressed, 1 unchanged
errors: 1 unchanged
differs: torch is 2.12.0 in main and 2.13.0 in HEAD
note: the budget was spent
✗ regressed     linformer[bench] core/forward n=64 d=16 fp32 cpu
                latency 2 ms -> 2.24 ms, × 1.12 [1.1, 1.15], 24 rounds
                the whole interval is beyond the margin, and a second series of fresh rounds says so too
✗ regressed     linformer[bench] core/forward n=64 d=16 fp32 cpu
                peak_tensor_bytes 1 MiB (1,048,576 B) -> 2 MiB (2,097,152 B), × 2
                exactly known, and more than before
! failed        uniform[bench] core/forward n=64 d=16 fp32 cpu: it fails now and did not before \
(head: oom: 2 GiB asked for)
− vanished      linear_elu[bench] core/forward n=64 d=16 fp32 cpu: it is not planned, or has no meaning, any more
~ changed       mla[bench] core/forward n=64 d=16 fp32 cpu: the same name stands for another measurement
? inconclusive  performer[bench] core/forward n=64 d=16 fp32 cpu
                latency 2 ms -> 2.24 ms, × 1.12 [1.1, 1.15], 24 rounds
                the interval holds the margin's edge; about 12 more rounds would decide: a larger --budget, or fewer \
cases by --where
✓ improved      nystrom[bench] core/forward n=64 d=16 fp32 cpu
                latency 2 ms -> 1 ms, × 0.5, 24 rounds
                the whole interval is beyond the margin, and a second series of fresh rounds says so too
+ new           flex[bench] core/forward n=64 d=16 fp32 cpu: it was not planned, or had no meaning, before
= unchanged     sdpa[bench] core/forward n=64 d=16 fp32 cpu: latency 1 ms -> 1.01 ms, × 1.01 [0.995, 1.01], 12 rounds
1 exact metric is equal and 1 error is within its tolerance (--format json lists them)"""


def test_counts_stand_on_top_and_the_most_urgent_first(every):
    assert render(every) == WHOLE


def test_a_file_gets_what_render_gives(every, capsys):
    show(every)

    assert capsys.readouterr().out == WHOLE + "\n"


def test_a_terminal_gets_colours(every, capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    show(every)

    assert "\x1b[1;31m✗ regressed     linformer[bench]" in capsys.readouterr().out


def test_a_name_can_neither_move_the_cursor_nor_begin_a_line(make_comparison, make_verdict, hostile):
    text = render(make_comparison(make_verdict(case_id=hostile), notes=(hostile,)))

    assert "\x1b" not in text
    assert not any(line.startswith(("::", "##")) for line in text.splitlines())
    assert "= unchanged     ::error::x|y\\x1b[31m<b>\\n##[error]`z`: latency" in text
