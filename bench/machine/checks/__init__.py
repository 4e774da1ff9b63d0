"""What is looked at before a machine is trusted: one check a file.

A member is a module with

- `about`: one sentence that says what is looked at;
- `examine(sight) -> list[Finding]`: what is found; one finding, or one a device. It reads through the sight, changes
  nothing, and never raises because something cannot be read: that is a finding whose state is `unknown`.

Other packages add checks by the entry point ``bench.machine_checks``.
"""

from bench.catalogue import Catalogue

__all__ = ["catalogue", "load", "names"]

catalogue = Catalogue("check", "bench.machine.checks", entry_points="bench.machine_checks")
names = catalogue.names
load = catalogue.load
