from __future__ import annotations

import numpy as np
import pandas as pd

from bench.analysis.claims import CLAIMS, MODALITIES
from bench.report.claims import claim_lines, told_claims


def frame(**changes) -> pd.DataFrame:
    """Gives a verdict on every claim, none of them measured but the first."""
    nothing = {
        "verdict": "not measured",
        "number": np.nan,
        "ci_low": np.nan,
        "ci_high": np.nan,
        "unit": "",
        "number_of": "",
    }
    nothing |= {"conditions": "", "case_ids": "", "comparisons": 0, "supporting": 0, "opposing": 0}
    rows = [
        {"claim": claim, "statement": statement, "modality": modality, **nothing}
        for claim, statement in CLAIMS.items()
        for modality in MODALITIES
    ]
    rows[0] |= {"verdict": "held", "number": 0.5, "ci_low": 0.4, "ci_high": 0.6, "unit": "time / baseline"}
    rows[0] |= {"number_of": "adapters, training"}
    rows[0] |= {"conditions": "here; there", "case_ids": "a; b", "comparisons": 2, "supporting": 2, **changes}
    return pd.DataFrame(rows)


def test_a_cell_tells_verdict_number_conditions_and_cases():
    cell = told_claims(frame())[0].cells[0]

    assert (cell.modality, cell.verdict, cell.number) == ("language", "held", "0.5 [0.4, 0.6] time / baseline")
    assert cell.number_of == "adapters, training"
    assert cell.counted == "2 comparisons: 2 surely for, 0 surely against"
    assert (cell.conditions, cell.case_ids) == (("here", "there"), ("a", "b"))


def test_what_counts_and_does_not_suffice_is_not_called_unmeasured():
    cell = told_claims(frame(verdict="not measured", supporting=0))[0].cells[0]

    assert cell.verdict == "not decided"


def test_where_nothing_counts_it_is_said():
    cell = told_claims(frame(verdict="not measured", comparisons=0, supporting=0))[0].cells[0]

    assert (cell.verdict, cell.counted) == ("not measured", "no comparison counts")


def test_claims_keep_their_order_and_every_modality():
    told = told_claims(frame())

    assert [claim.name for claim in told] == list(CLAIMS)
    assert {len(claim.cells) for claim in told} == {len(MODALITIES)}


def test_only_what_something_speaks_of_is_measured():
    told = told_claims(frame())

    assert [len(claim.measured) for claim in told] == [1, 0, 0, 0, 0, 0]


def test_where_nothing_speaks_of_any_claim_there_is_none():
    assert told_claims(frame(conditions="", case_ids="")) == []


def test_lines_have_a_heading_for_each_modality():
    headings, first, *_ = claim_lines(told_claims(frame()))

    assert headings == ("claim", "language", "vision", "audio", "generated inputs")
    assert first[:3] == ("lower complexity", "held: 0.5 [0.4, 0.6] time / baseline", "not measured")
