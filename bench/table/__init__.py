"""Attempts -> records -> DataFrame: one row a case, tidy columns, units in the names. Nothing is measured here."""
