"""What other tools read of a run, one format a file; on the command line the name has ``-`` for ``_``.

A member is a module with

- `about`: what it makes and who reads it, in a few words;
- `holds_failures`: whether cases without a latency are in it too; where not, ``bench export`` tells what is left
  out;
- either `render(table, rounds, run_info) -> str`, the text of a file, or `write(table, rounds, run_info, folder)`,
  which fills a folder and leaves in it what other runs put there.

`table` and `rounds` are those of `bench.table.load`, `run_info` is what `run.json` holds. Others' formats come by the
entry point ``bench.exports``.
"""

from bench.catalogue import Catalogue

__all__ = ["catalogue", "load", "names"]

catalogue = Catalogue("export", "bench.report.exports", entry_points="bench.exports")
names = catalogue.names
load = catalogue.load
