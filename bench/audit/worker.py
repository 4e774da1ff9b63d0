"""The process that audits one implementation; it is forked from one that has imported this module, and thus torch."""

from __future__ import annotations

import dataclasses
import os
import warnings
from multiprocessing.connection import Connection

import torch
import torch._dynamo  # the FLOP counter's first use would import it in every process, over a second each

from bench import audit, operators
from bench.audit.examine import applying, examine
from bench.audit.subject import Subject

__all__ = ["serve", "serve_seed"]


def serve(
    answers: Connection,
    operator: str,
    provider: str,
    device: str,
    properties: tuple[str, ...],
    plugins: tuple[str, ...],
) -> None:
    """Audits an implementation and sends what it finds, row by row, so that a crash loses one row only.

    Args:
        answers: where to: ``("properties", names)``, then for each ``("begins", (name, claimed))``, ``("row", row)``.
        operator: its name.
        provider: whose implementation.
        device: where it is called.
        properties: names; empty: all that have a meaning.
        plugins: modules whose operators are added.
    """
    warnings.simplefilter("ignore")  # of packages that are not ours: what matters of them is what they compute
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # a crash is told by how the process ended
    for plugin in plugins:
        operators.catalogue.add_module(plugin)
    subject = Subject(operator, provider, device)
    names = tuple(name for name in applying(subject) if not properties or name in properties)
    answers.send(("properties", names))
    for name in names:
        answers.send(("begins", (name, audit.load(name).claimed(subject.operator) or None)))
        answers.send(("row", examine(subject, name)))
    answers.close()


def serve_seed(answers: Connection) -> None:
    """Sends the errors of the article and its worked example, computed here: ``{exhibits, worked_example}``."""
    from bench.audit.seed import exhibits, worked_example

    torch.set_num_threads(1)
    answers.send({"exhibits": [dataclasses.asdict(each) for each in exhibits()], "worked_example": worked_example()})
    answers.close()
