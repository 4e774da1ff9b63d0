"""Model errors of a table's rows: which column holds them, against what they are, and in which words they are told.

Goes in: rows of the table. Comes out: numbers and texts, row by row.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

__all__ = ["against_exact", "error_of", "error_texts"]


def against_exact(rows: pd.DataFrame) -> pd.Series[bool]:
    """Gives, row by row, whether a model error is one against exact attention and not against another operator."""
    if "error_reference" not in rows:  # a run of an earlier bench
        return pd.Series(True, index=rows.index)
    return rows["error_reference"].isna()


def error_of(rows: pd.DataFrame) -> tuple[pd.Series[float], str]:
    """Gives the model error that the rows carry and what it is an error of: ``A`` first, ``the output`` otherwise.

    What is judged against another operator than exact attention has none among them.
    """
    to_exact = against_exact(rows)
    for column, name in (("attention_rel_error", "A"), ("output_rel_error", "the output")):
        if column in rows and rows.loc[to_exact, column].notna().any():
            return rows[column].astype(float).where(to_exact), name
    return pd.Series(np.nan, index=rows.index, dtype=float), ""


def error_texts(rows: pd.DataFrame) -> list[str]:
    """Gives each row's model error in a few signs: ``A 0.3``, else ``o 0.2`` of the output, else ``-``."""
    texts = []
    for _, row in rows.iterrows():
        known = ((sign, row.get(name)) for sign, name in (("A", "attention_rel_error"), ("o", "output_rel_error")))
        found = next(
            (f"{sign} {value:.2g}" for sign, value in known if value is not None and not pd.isna(value)), "-"
        )
        reference = row.get("error_reference")
        texts.append(found if found == "-" or not isinstance(reference, str) else f"{found} to {reference}")
    return texts
