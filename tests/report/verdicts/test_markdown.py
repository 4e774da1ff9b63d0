from __future__ import annotations

import re

from bench.report.verdicts.markdown import render

TOP = """\
### bench ab main (1a2b3c4d5e) -> HEAD (9f8e7d6c5b), suites/nlp.yaml, margin 2 % of latency, 2m 51s

- **cases: 1 failed, 1 vanished, 1 changed, 1 new**
- **latency: 1 regressed, 1 inconclusive, 1 improved, 1 unchanged**
- **exact: 1 regressed, 1 unchanged**
- **errors: 1 unchanged**
- differs: torch is 2.12.0 in main and 2.13.0 in HEAD
- note: the budget was spent
- 1 exact metric is equal and 1 error is within its tolerance (--format json lists them)

| verdict | case | what became of it | why, and what next |
|---|---|---|---|
| ✗ regressed | linformer\\[bench] core/forward n=64 d=16 fp32 cpu | latency 2 ms -> 2.24 ms, \
× 1.12 \\[1.1, 1.15], 24 rounds \
| the whole interval is beyond the margin, and a second series of fresh rounds says so too |
"""

FOLDED = """
<details><summary>unchanged</summary>

| verdict | case | what became of it | why, and what next |
|---|---|---|---|
| = unchanged | sdpa\\[bench] core/forward n=64 d=16 fp32 cpu | latency 1 ms -> 1.01 ms, \
× 1.01 \\[0.995, 1.01], 12 rounds | the whole interval is within the margin |

</details>"""


def rows(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("| ") and "| case |" not in line]


def test_counts_stand_on_top_and_what_is_unchanged_is_folded(every):
    text = render(every)

    assert text.startswith(TOP)
    assert text.endswith(FOLDED)


def test_no_name_can_end_a_cell_or_become_markup(make_comparison, make_verdict, hostile):
    row = rows(render(make_comparison(make_verdict(case_id=hostile))))[0]

    assert len(re.findall(r"(?<!\\)\|", row)) == 5
    assert "::error::x\\|y\\\\x1b\\[31m&lt;b>\\\\n##\\[error]\\`z\\`" in row


def test_a_size_is_kept_and_what_is_left_out_is_counted(make_comparison, make_verdict):
    urgent = [make_verdict(f"a{i}", verdict="regressed", reason="beyond_margin") for i in range(3)]
    quiet = [make_verdict(f"b{i}") for i in range(2000)]
    text = render(make_comparison(*quiet, *urgent), 20_000)
    shown = len(rows(text))

    assert 18_000 < len(text.encode()) <= 20_000
    assert [row.split("|")[1].strip() for row in rows(text)[:4]] == [*["✗ regressed"] * 3, "= unchanged"]
    assert text.endswith(f"\n{2003 - shown} more verdicts, the least urgent, are left out here.")


def test_the_line_that_counts_is_within_the_size_too(make_comparison, make_verdict):
    urgent = make_verdict(verdict="regressed", reason="beyond_margin")
    comparison = make_comparison(urgent, *[make_verdict()] * 200)
    over = [size for size in range(20_000, 20_400) if len(render(comparison, size).encode()) > size]

    assert over == []


def test_a_detail_without_end_is_cut(make_comparison, make_verdict):
    text = render(make_comparison(make_verdict(detail="x" * 10**6)), 20_000)

    assert len(text) < 3_000
    assert "xxx…" in text


def test_notes_without_end_are_counted(make_comparison, make_verdict):
    text = render(make_comparison(make_verdict(), notes=("n",) * 1000), 20_000)

    assert "\n- 970 more differences and notes are left out\n" in text
