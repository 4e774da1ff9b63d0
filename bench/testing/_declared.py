"""What an operator says of itself, before anything is built."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from bench import operators
from bench.audit.subject import Subject
from bench.case import PHASES, SCOPES
from bench.operators._base import Adapter, Attention, Layer, Option
from bench.testing._assertion import claim

__all__ = ["check_declaration", "check_docstring", "check_no_torch_in_a_plan", "check_refusals"]

_PLAN = """
import json, sys
from bench import operators
from bench.case import Case
name, module, *cases = sys.argv[1:]
if name not in operators.names():
    operators.catalogue.add_module(module)
for case in cases:
    operators.load(name).cost(Case.from_json(json.loads(case)))
sys.exit("torch" in sys.modules)
"""


def check_declaration(name: str) -> None:
    """It is an `Attention`, `Adapter` or `Layer`; scopes, phases and options are what the suite knows."""
    operator = operators.load(name)
    kinds = (Attention, Adapter, Layer)
    claim(isinstance(operator, kinds), name, "to be an Attention, an Adapter or a Layer", type(operator).__mro__)
    claim(len(operator.scopes) > 0 and operator.scopes <= set(SCOPES), name, "known scopes", operator.scopes)
    claim(len(operator.phases) > 0 and operator.phases <= set(PHASES), name, "known phases", operator.phases)
    claim(operator.family in ("attention", "adapter", "layer"), name, "a family", operator.family)
    for option, described in operator.options.items():
        told = isinstance(described, Option) and described.about.endswith(".")
        claim(told, name, f"option {option!r} with a sentence that says what it changes", described)
    if operator.reference is not None:
        claim(operator.reference in operators.names(), name, "a reference that exists", operator.reference)


def check_docstring(name: str) -> None:
    """Its class says what it computes, and its closed forms where they come from."""
    operator = operators.load(name)
    claim(bool(type(operator).__doc__), name, "a docstring of its class", None)
    forms = {Attention: "core_cost", Adapter: "projection_cost", Layer: "cost"}
    form = next(form for kind, form in forms.items() if isinstance(operator, kind))
    claim(bool(getattr(type(operator), form).__doc__), name, f"a docstring of {form}", None)


def check_refusals(name: str) -> None:
    """What it does not claim (a causal form, a key mask, grouped heads), it refuses with a reason."""
    operator = operators.load(name)
    if isinstance(operator, Adapter):
        return
    asked: dict[str, dict[str, Any]] = {"causal": {"causal": True}, "mask": {"mask": "padding"}}
    if isinstance(operator, Attention):  # the heads of a `Layer` are its own
        asked["gqa"] = {"num_kv_heads": 1}
    for scope in sorted(operator.scopes & {"core", "layer"}):
        for claimed, change in asked.items():
            reason = operator.unsupported(Subject(name).case(scope, **change))
            supported = getattr(operator, claimed, False)
            claim(supported == (reason is None), name, f"{claimed} = {supported}", f"unsupported says {reason!r}")


def check_no_torch_in_a_plan(name: str) -> None:
    """Importing it and asking its cost loads no torch: a plan runs where torch is not."""
    planned = [json.dumps(case.to_json()) for case in Subject(name).cases()]
    command = [sys.executable, "-c", _PLAN, name, type(operators.load(name)).__module__, *planned]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    claim(done.returncode == 0, name, "closed forms without torch", done.stderr or "torch was imported")
