"""What the seeds of a case scored on its task -> one value with its interval, its difference to the baseline's.

Goes in: the plan and the attempts of kind `task`, one a seed, of every case. Comes out: the columns of the task and
what to warn of, case by case. What became of a task is a column of its own, `task_status`: a task that failed costs
its value, not the latency that was measured beside it, and is told all the same.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.attempt import Attempt
from bench.case import Case
from bench.stats.paired import difference_interval, value_interval

__all__ = ["Outcome", "curve_points", "task_outcomes"]

_EXPONENTIAL = frozenset({"perplexity"})
"""Metrics that are exp of the mean of what is scored: intervals are taken before, on the logarithm."""

_LARGEST_EXPONENT = 709.0  # of a float64
_ALIKE = 1.1  # the most steps of a seed over the least, where all were given the same time
_OTHER_SAMPLES = "{} was scored on other test samples: no {}"


@dataclasses.dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the task of one case."""

    columns: dict[str, Any]
    """Column -> value; absent ones are left out."""
    warnings: tuple[str, ...]
    """What to know beside them."""


@dataclasses.dataclass(frozen=True, slots=True)
class _Scored:
    """The seeds of a case that count."""

    metric: str
    by_seed: Mapping[int, NDArray[np.float64]]
    """Number of the seed -> scores of the test samples."""
    weights: NDArray[np.float64] | None

    @property
    def samples(self) -> int:
        return len(next(iter(self.by_seed.values())))

    @property
    def counted(self) -> bool:
        """Whether scores are whole numbers, out of the weights: right answers, or wrong words."""
        return self.metric in ("accuracy", "word_error_rate")

    def rows(self, seeds: Sequence[int]) -> NDArray[np.float64]:
        """Gives [seeds, samples]."""
        return np.stack([self.by_seed[seed] for seed in seeds])


def task_outcomes(info: dict[str, Any], attempts: Mapping[str, Sequence[Attempt]]) -> dict[str, Outcome]:
    """Gives case_hash -> what became of its task, of the cases that have one.

    Args:
        info: what the run's `run.json` holds.
        attempts: case_hash -> what its journal holds of it.
    """
    entries = {entry["case_hash"]: entry for entry in info["cases"] if entry["row"].get("task")}
    tried = {name: _tried(attempts.get(name, ())) for name in entries}
    scored = {name: _scored(of_case) for name, of_case in tried.items()}
    lower = _at_lower_rank(entries, scored)
    found = {}
    for name, entry in entries.items():
        status, reason = _state(entry, attempts.get(name, ()), tried[name], info)
        columns: dict[str, Any] = {"application": Case.from_json(entry["case"]).application or None}
        columns |= {"task_status": status, "task_reason": reason or None, **_facts(tried[name])}
        warnings: list[str] = []
        own = scored[name]
        if own is not None:
            columns |= _value(own)
            warnings += _of_one_seed(tried[name], columns, own)
            warnings += _of_equal_time(entry, tried[name])
            base = own if entry["baseline_hash"] == name else scored.get(entry["baseline_hash"])
            columns |= _against(own, base, "task_difference", "the baseline", warnings)
            columns |= _against(own, lower.get(name), "task_step", "the next lower rank", warnings)
        elif status == "ok":
            warnings.append(_OTHER_SAMPLES.format("one seed", "task_value"))
        found[name] = Outcome({key: value for key, value in columns.items() if value is not None}, tuple(warnings))
    return found


def curve_points(text: str) -> NDArray[np.float64]:
    """Gives a learning curve as the column `task_curve` holds it.

    Returns:
        [points, 3]: step, seconds of training, value on the validation samples.
    """
    points = [[float(number) for number in point.split(":")] for point in text.split()]
    return np.array(points, dtype=float).reshape(-1, 3)


def _tried(attempts: Sequence[Attempt]) -> list[Attempt]:
    """Gives the attempts at the task, by seed; one that was written again counts once."""
    by_seed = {attempt.round: attempt for attempt in attempts if attempt.kind == "task"}
    return [by_seed[seed] for seed in sorted(by_seed)]


def _diverged(attempt: Attempt) -> bool:
    return attempt.facts.get("diverged_step") is not None


def _scored(tried: Sequence[Attempt]) -> _Scored | None:
    """Gives the scores of the seeds; none where one gave no finite ones: the rest would flatter."""
    done = [attempt for attempt in tried if attempt.status == "ok"]
    if not done or any(_diverged(attempt) or attempt.status == "nan" for attempt in tried):
        return None
    by_seed = {attempt.round: _array(attempt.facts["scores"]) for attempt in done}
    weights = [_array(attempt.facts["weights"]) for attempt in done if "weights" in attempt.facts]
    if len({len(scores) for scores in by_seed.values()}) > 1:
        return None
    if weights and (len(weights) < len(done) or not all(np.array_equal(each, weights[0]) for each in weights)):
        return None
    return _Scored(str(done[0].facts["task_metric"]), by_seed, weights[0] if weights else None)


def _array(scores: str | Sequence[float]) -> NDArray[np.float64]:
    """Gives scores as numbers; those of an accuracy are written as a text of 0 and 1."""
    return np.array([float(score) for score in scores])


def _at_lower_rank(
    entries: Mapping[str, Mapping[str, Any]], scored: Mapping[str, _Scored | None]
) -> dict[str, _Scored | None]:
    """Gives, for each case with a rank, the scores of the same case at the next lower rank that has any."""
    lines: dict[str, list[tuple[int, str]]] = {}
    for name, entry in entries.items():
        rank = entry["case"].get("rank")
        if rank is not None and scored[name] is not None:
            alike = {word: value for word, value in entry["case"].items() if word != "rank"}
            lines.setdefault(json.dumps(alike, sort_keys=True), []).append((rank, name))
    below = {}
    for line in lines.values():
        ordered = sorted(line)
        below.update({name: scored[lower] for (_, lower), (_, name) in itertools.pairwise(ordered)})
    return below


def _state(
    entry: Mapping[str, Any], attempts: Sequence[Attempt], tried: Sequence[Attempt], info: Mapping[str, Any]
) -> tuple[str, str]:
    """Gives what became of the task, and the detail."""
    if entry["status"] != "planned":
        return entry["status"], entry["reason"]
    seeds = int(entry["seeds"])
    failed = [attempt for attempt in tried if attempt.status != "ok"]
    if failed:
        return failed[0].status, _share(len(failed), seeds, failed[0].reason)
    if diverged := [attempt for attempt in tried if _diverged(attempt)]:
        first = min(attempt.facts["diverged_step"] for attempt in diverged)
        return "diverged", _share(len(diverged), seeds, f"the loss was not finite at step {first}")
    if len(tried) == seeds:
        return "ok", ""
    for attempt in attempts:
        if attempt.kind == "cost" and attempt.status != "ok":  # then nothing else of the case is tried
            return attempt.status, attempt.reason
    missing = seeds - len(tried)
    if info.get("state") != "done":
        return "interrupted", _share(missing, seeds, f"the run was stopped; --resume {info['run']}")
    budget_s = info["settings"]["budget_s"]
    return "skipped", _share(missing, seeds, f"the budget of {budget_s:g} s was spent; --budget")


def _share(count: int, seeds: int, detail: str) -> str:
    return detail if seeds == 1 else f"{count} of {seeds} seeds: {detail}"


def _facts(tried: Sequence[Attempt]) -> dict[str, Any]:
    """Gives the columns that need no statistics: means over the seeds, of errors the largest."""
    done = [attempt.facts for attempt in tried if attempt.status == "ok"]
    if not tried:
        return {}
    ended = [facts for facts in done if facts.get("diverged_step") is None]
    return {
        "task_metric": next((facts["task_metric"] for facts in done), None),
        "task_seeds": len(ended),
        "task_diverged": sum(map(_diverged, tried)),
        "task_learning_rate": max(_known(done, "learning_rate"), default=None),
        "task_steps": _mean(done, "steps"),
        "task_train_s": _mean(done, "train_s"),
        "task_value_before": _mean(done, "value_before"),
        "task_curve": _curve(ended or done),
        "checkpoint_bytes": max(_known(done, "checkpoint_bytes"), default=None),
        "step0_rel_error": max(_known(done, "step0_rel_error"), default=None),
        "merge_rel_error": max(_known(done, "merge_rel_error"), default=None),
        "second_task_difference": _forgetting(ended),
        "layer_rel_errors": _by_layer(ended),
    }


def _known(facts: Sequence[Mapping[str, Any]], name: str) -> list[float]:
    return [float(each[name]) for each in facts if each.get(name) is not None]


def _mean(facts: Sequence[Mapping[str, Any]], name: str) -> float | None:
    known = _known(facts, name)
    return math.fsum(known) / len(known) if known else None


def _forgetting(facts: Sequence[Mapping[str, Any]]) -> float | None:
    before, after = _mean(facts, "second_before"), _mean(facts, "second_after")
    return None if before is None or after is None else after - before


def _curve(facts: Sequence[Mapping[str, Any]]) -> str | None:
    """Gives the mean over seeds of each point that all of them have: ``step:seconds:value`` and so on."""
    curves = [each["curve"] for each in facts if each.get("curve")]
    if not curves:
        return None
    points = min(map(len, curves))
    mean = np.array([curve[:points] for curve in curves], dtype=float).mean(axis=0)  # absent: NaN
    return " ".join(f"{step:.6g}:{seconds:.4g}:{value:.6g}" for step, seconds, value in mean)


def _by_layer(facts: Sequence[Mapping[str, Any]]) -> str | None:
    errors = [each["layer_rel_errors"] for each in facts if each.get("layer_rel_errors")]
    return " ".join(f"{error:.4g}" for error in np.array(errors, dtype=float).mean(axis=0)) if errors else None


def _value(own: _Scored) -> dict[str, Any]:
    scores = own.rows(sorted(own.by_seed))
    found = value_interval(scores, own.weights, proportion=own.metric == "accuracy")
    ends = [found.centre, found.low, found.high]
    if own.metric in _EXPONENTIAL:
        ends = [math.exp(min(end, _LARGEST_EXPONENT)) for end in ends]
    ends = [max(end, 0.0) for end in ends]  # no metric is below 0
    columns: dict[str, Any] = {"task_samples": own.samples, **_named("task_value", ends)}
    return columns | (_named("task_accuracy", ends) if own.metric == "accuracy" else {})


def _against(own: _Scored, other: _Scored | None, column: str, name: str, warnings: list[str]) -> dict[str, float]:
    """Gives the value less another case's, of the seeds that both have, in the metric's own unit.

    Of an exponential metric the interval is that of the logarithm of the ratio, carried over to the other's value as
    it was seen: it leaves 0 out where the ratio's leaves 1 out.
    """
    if other is None:
        return {}
    if other is own:  # by definition, not by measurement
        return _named(column, [0.0, 0.0, 0.0])
    seeds = sorted(own.by_seed.keys() & other.by_seed.keys())
    if not seeds:
        return {}
    if own.samples != other.samples or not _same(own.weights, other.weights):
        warnings.append(_OTHER_SAMPLES.format(name, column))
        return {}
    scores, beside = own.rows(seeds), other.rows(seeds)
    found = difference_interval(scores, beside, own.weights, counted=own.counted)
    ends = [found.centre, found.low, found.high]
    if own.metric in _EXPONENTIAL:
        reference = math.exp(min(value_interval(beside, other.weights).centre, _LARGEST_EXPONENT))
        ends = [reference * math.expm1(min(end, _LARGEST_EXPONENT)) for end in ends]
    return _named(column, ends)


def _same(weights: NDArray[np.float64] | None, others: NDArray[np.float64] | None) -> bool:
    if weights is None or others is None:
        return weights is others
    return np.array_equal(weights, others)


def _named(column: str, ends: Sequence[float]) -> dict[str, float]:
    return dict(zip((column, f"{column}_ci_low", f"{column}_ci_high"), ends, strict=True))


def _of_one_seed(tried: Sequence[Attempt], columns: Mapping[str, Any], own: _Scored) -> list[str]:
    """A training that was done once says nothing of how another would have ended, nor does one draw of features."""
    if len(own.by_seed) > 1:
        return []
    if columns.get("task_steps"):
        return ["one seed was trained: the interval of task_value is over test samples alone"]
    if any(attempt.facts.get("random") for attempt in tried):
        return ["it was drawn once: the interval of task_value is over test samples alone"]
    return []


def _of_equal_time(entry: Mapping[str, Any], tried: Sequence[Attempt]) -> list[str]:
    """Equal time is equal where the machine is as fast for one seed as for the next."""
    steps = [float(attempt.facts["steps"]) for attempt in tried if attempt.facts.get("steps")]
    if entry["case"].get("seconds") is None or len(steps) < 2 or max(steps) <= _ALIKE * min(steps):
        return []
    return ["its seeds were given equal time and made unequal steps: the machine was not always as fast"]
