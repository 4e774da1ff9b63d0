"""The audit: what each operator claims, beside what is observed of it; one property a file in `checks/`.

`bench.audit.names()` lists the properties; a check is a module with

- `about`: one sentence that says what holds where the property holds;
- `applies(operator) -> bool`: whether the property has a meaning for such an operator;
- `claimed(operator) -> str`: what the operator claims of it, in words; empty where it claims nothing;
- `observe(subject) -> Observation`: what is seen on small inputs, from the smallest upwards.

Other packages add checks by the entry point ``bench.audits``. `bench.testing` turns each check into an assertion, so
that an operator of ours that violates its own claim fails the tests.
"""

from bench.catalogue import Catalogue

__all__ = ["catalogue", "load", "names"]

catalogue = Catalogue("property", "bench.audit.checks", entry_points="bench.audits")
names = catalogue.names
load = catalogue.load
