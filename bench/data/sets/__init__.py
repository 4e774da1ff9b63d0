"""Data sets, one a file: a SOURCE and the functions that open its files; see `bench.data`."""
