"""A suite's sweeps -> cases: the product of each sweep's lists, each word where it has a meaning, equal cases once.

Goes in: a `Suite`, and what the command line narrows it to. Comes out: `Planned` cases, in the order of the file.
`fixed` reaches every sweep in which its word has a meaning; the same word in a sweep wins. A word that a sweep
gives itself and that has no meaning there is an error, since somebody meant something by it.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bench import operators
from bench.case import SCOPES, Case
from bench.errors import UsageError, nearest
from bench.suite.model import Suite
from bench.suite.narrow import narrow
from bench.suite.shape import resolve
from bench.suite.status import Planned, judge

__all__ = ["MAX_CASES", "expand", "providers"]

MAX_CASES = 10_000
"""Of a suite, counted as products of lists before anything is made."""

_MODEL, _ATTENDING = frozenset({"model"}), frozenset({"core", "layer", "model"})
_ONLY_AT = {
    "out_features": frozenset({"projection"}),
    "adapter_dtype": frozenset({"projection", "layer", "model"}),
    **dict.fromkeys(("num_heads", "num_kv_heads", "head_dim", "causal", "mask"), _ATTENDING),
    **dict.fromkeys(("model", "layers", "layer", "task", "steps"), _MODEL),
    **dict.fromkeys(("seconds", "seeds", "learning_rate", "recover_steps"), _MODEL),
}
"""The scopes at which a word has a meaning, where that is not all of them."""

_USUAL_PROVIDERS = ("bench", "torch")
_FIELDS = {field.name for field in dataclasses.fields(Case)}

Words = Mapping[str, tuple[Any, ...]]


def providers(operator: str) -> tuple[str, ...]:
    """Gives who offers an implementation of an operator."""
    return operators.providers_of(operator)


def expand(
    suite: Suite,
    *,
    devices: Sequence[str] = (),
    where: Sequence[tuple[str, Sequence[str]]] = (),
    seed: int | None = None,
) -> tuple[Planned, ...]:
    """Gives every case of a suite and what becomes of it.

    Args:
        suite: what to sweep.
        devices: measure on these in place of the devices that the suite names.
        where: pairs of a case's field, or ``sweep``, and the values to keep; a case must match all pairs.
        seed: in place of the suite's.

    Raises:
        UsageError: the words of a sweep do not go together, more than `MAX_CASES` are asked for, or no case matches
            `where`.
    """
    sweeps = {name: _words(suite, name, devices) for name in suite.sweeps}
    _check_size(suite, sweeps)
    found: dict[Case, str] = {}
    for name, words in sweeps.items():
        for case in _cases(suite, name, words, suite.measure.seed if seed is None else seed):
            found.setdefault(case, name)
    return tuple(judge(case, name) for case, name in narrow(found, where).items())


def _words(suite: Suite, name: str, devices: Sequence[str]) -> Words:
    """Gives the words of a sweep: its own, and those of `fixed` that have a meaning in it."""
    own, fixed = suite.sweeps[name].given(), suite.fixed.given()
    scopes = own.get("scope") or fixed.get("scope") or ("core",)
    names = own.get("operator") or fixed.get("operator", ())
    members = [operators.load(operator) for operator in names]
    if not members:
        raise UsageError(suite.where("sweeps", name), f"sweep {name!r} names no operator", "operator: sdpa")
    senseless = {word for word in own | fixed if not any(scope in _ONLY_AT.get(word, SCOPES) for scope in scopes)}
    if not any(member.has_rank for member in members):
        senseless.add("rank")
    if not any(member.family == "adapter" for member in members):
        senseless.add("adapter_dtype")
    for word in filter(senseless.__contains__, own):
        found = f"{word!r} has no meaning at scope {', '.join(scopes)} for {', '.join(names)}"
        raise UsageError(suite.where("sweeps", name, word), found, "remove it, or move it to 'fixed'")
    if len(own.keys() & {"num_heads", "head_dim", "hidden_size"}) == 2:
        senseless |= {"num_heads", "head_dim", "hidden_size"}  # the sweep's two decide, whatever `fixed` has
    words = {word: values for word, values in fixed.items() if word not in senseless} | own
    return words | {"scope": scopes} | ({"device": tuple(devices)} if devices else {})


def _check_size(suite: Suite, sweeps: Mapping[str, Words]) -> None:
    total = 0
    for name, words in sweeps.items():
        sizes = {word: len(values) for word, values in words.items() if word != "provider"}
        if "options" in words:
            sizes["options"] = sum(math.prod(map(len, each.values())) for each in words["options"])
        total += math.prod(sizes.values())
        if total > MAX_CASES:
            product = " × ".join(f"{word} {size}" for word, size in sizes.items() if size > 1)
            before = "" if total == math.prod(sizes.values()) else " with the sweeps before it"
            found = f"sweep {name!r} asks for {product};{before} that makes {total:,} cases"
            raise UsageError(suite.where("sweeps", name), found, f"at most {MAX_CASES:,}")


def _cases(suite: Suite, name: str, words: Words, seed: int) -> Iterator[Case]:
    offered = _offered(suite, name, words)
    for scope, operator in itertools.product(words["scope"], words["operator"]):
        axes = {word: values for word, values in words.items() if _applies(word, scope, operator)}
        if operators.load(operator).has_rank and "rank" not in axes:
            found = f"{operator!r} needs a rank and sweep {name!r} gives none"
            raise UsageError(suite.where("sweeps", name, "operator"), found, "rank: 64")
        axes["options"] = tuple(_options(operator, words.get("options", ())))
        for values in itertools.product(*axes.values()):
            point = dict(zip(axes, values, strict=True))
            resolve(point, scope, suite, name)
            for provider in offered.get(operator, ()):
                case = Case(operator=operator, provider=provider, scope=scope, seed=seed, **point)
                if "all" not in words.get("provider", ()) or scope in operators.of(case).scopes:
                    yield case  # `all` means those that have it at this scope; who is named is told where it has not


def _applies(word: str, scope: str, operator: str) -> bool:
    """Gives whether a word is an axis of an operator's cases at a scope."""
    if word == "rank":
        return bool(operators.load(operator).has_rank)
    if word == "adapter_dtype" and not operators.load(operator).takes_adapter_dtype:
        return False
    not_axes = {"operator", "provider", "scope", "options"}
    return word in _FIELDS - not_axes and scope in _ONLY_AT.get(word, SCOPES)


def _options(
    operator: str, maps: Sequence[Mapping[str, tuple[float, ...]]]
) -> Iterator[tuple[tuple[str, float], ...]]:
    """Gives the operator's settings, sorted by name, without what is at its default, so that equals are equal."""
    declared = operators.load(operator).options
    for each in maps or ({},):
        mine = {option: values for option, values in sorted(each.items()) if option in declared}
        for values in itertools.product(*mine.values()):
            pairs = zip(mine, values, strict=True)
            yield tuple((option, value) for option, value in pairs if value != declared[option].default)


def _offered(suite: Suite, name: str, words: Words) -> dict[str, list[str]]:
    """Gives operator -> the providers to measure; those of `words` filter, the usual ones must offer all."""
    own = {operator: (operators.load(operator).provider,) for operator in words["operator"]}
    offered = {operator: providers(operator) for operator in own} if "provider" in words else own
    asked = words.get("provider", _USUAL_PROVIDERS)
    every = {provider for each in offered.values() for provider in each}
    wanted = every if "all" in asked else set(asked)
    kept = {operator: [provider for provider in each if provider in wanted] for operator, each in offered.items()}
    if "provider" not in words:
        for operator in (operator for operator, mine in kept.items() if not mine):
            found = f"{operator!r} is offered by {', '.join(offered[operator])}, not by bench or torch"
            raise UsageError(suite.where("sweeps", name, "operator"), found, "provider: all")
        return kept
    inside = bool(suite.sweeps[name].provider)
    place = ("sweeps", name, "provider") if inside else ("fixed", "provider")
    for index, provider in enumerate(asked):
        known = every if inside else {*every, *operators.provider_catalogue.names()}
        somebody = {*known, "all", *_USUAL_PROVIDERS}
        if provider not in somebody and (inside or provider not in operators.all_providers()):
            found = f"unknown provider {provider!r} of {', '.join(offered)}"
            raise UsageError(suite.where(*place, index), found, nearest(provider, known))
    if not any(kept.values()):
        found = f"no operator of sweep {name!r} is offered by {', '.join(asked)}"
        raise UsageError(suite.where(*place), found, f"provider: {', '.join(sorted(every))} or all")
    return kept
