"""Why is a case slow: its operators, its memory and its stacks, each looked at in a process of its own.

`choose` finds the case, `take` makes the passes and the folder, `summary` says it in a page, `difference` compares
two folders. `child`, `trace` and `memory` run behind the process border; nothing here is ever part of a timed pass.
"""
