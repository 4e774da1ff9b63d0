"""Where rounds are run: one way a file. The unit that is placed is a round of a group, never a case.

A member is a class with ``facts``, ``round(cases, group, number) -> [Attempt]``, ``untimed(kind, case, **job) ->
Attempt``, ``ask(job) -> dict`` and ``close()``.
"""
