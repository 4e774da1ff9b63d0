from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bench.analysis.claims import CLAIMS, MODALITIES, claims, comparisons, piece_verdict, pooled
from bench.table.load import load, load_rounds

RUNS = Path(__file__).parents[2] / "results/reference"
NO_ROUNDS = pd.DataFrame(columns=["run", "case_hash", "round", "latency_s", "log_ratio"])


def timed(make_row, ratios: list[tuple[float, float, float]], operator: str = "linformer", **changes) -> pd.DataFrame:
    """Gives exact attention and an operator at one length after another, with these ratios and their ends."""
    rows = []
    for n, (ratio, low, high) in enumerate(ratios, 64):
        ends = {"latency_ratio": ratio, "latency_ratio_ci_low": low, "latency_ratio_ci_high": high}
        ends |= {"attention_rel_error": 0.1}
        rows += [make_row("sdpa", n), make_row(operator, n, rank=8.0, head_dim=float(n), **{**ends, **changes})]
        rows[-2] |= {"head_dim": float(n)}  # of another width each: lengths make no line
    return pd.DataFrame(rows)


def verdict(table: pd.DataFrame, claim: str, modality: str = "any") -> pd.Series:
    found = claims(table, NO_ROUNDS)
    return found[(found["claim"] == claim) & (found["modality"] == modality)].iloc[0]


@pytest.mark.parametrize(
    ("held", "refuted", "undecided", "found"),
    [
        (1, 0, 0, "held"),
        (0, 1, 0, "refuted"),
        (1, 1, 0, "depends"),
        (10, 1, 0, "held"),  # one in eleven is less than a tenth
        (9, 1, 0, "depends"),
        (1, 0, 1, "held"),
        (1, 0, 2, ""),
        (2, 2, 16, "depends"),
        (0, 0, 3, ""),
        (0, 0, 0, ""),
    ],
)
def test_a_piece_has_the_verdict_of_the_side_that_is_there(held, refuted, undecided, found):
    assert piece_verdict(["for"] * held + ["against"] * refuted + ["open"] * undecided) == found


def numbers(*rows: tuple[str, float, float, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["operator", "number", "number_low", "number_high"])


def test_each_operator_weighs_the_same_whatever_its_number_of_cases():
    found = pooled(numbers(("a", 1.0, 0.5, 2.0), ("a", 3.0, 2.5, 4.0), ("b", 4.0, 3.5, 5.0)), ratio=False)

    assert found == pytest.approx((3.0, 2.5, 4.0))


def test_ratios_are_pooled_on_logarithms():
    assert pooled(numbers(("a", 1.0, 1.0, 1.0), ("b", 4.0, 4.0, 9.0)), ratio=True) == pytest.approx((2.0, 2.0, 3.0))


def test_numbers_without_an_interval_stand_back():
    rows = numbers(("a", 1.0, np.nan, np.nan), ("b", 4.0, 3.0, 5.0))

    assert pooled(rows, ratio=False) == (4.0, 3.0, 5.0)
    assert pooled(rows.head(1), ratio=False) == pytest.approx((1.0, math.nan, math.nan), nan_ok=True)


def test_an_end_at_zero_or_infinity_stays_there():
    assert pooled(numbers(("a", 2.0, 0.0, math.inf)), ratio=True) == pytest.approx((2.0, 0.0, math.inf))


def test_there_is_a_row_for_every_claim_and_modality_even_of_an_empty_table(make_row):
    found = claims(pd.DataFrame([make_row("sdpa", 8)]).iloc[:0], NO_ROUNDS)

    assert len(found) == len(CLAIMS) * len(MODALITIES)
    assert set(found["verdict"]) == {"not measured"}
    assert set(found["conditions"]) == {""}


@pytest.mark.parametrize(
    ("ratio", "found"),
    [
        ((0.5, 0.49, 0.51), "held"),
        ((1.5, 1.4, 1.6), "refuted"),
        ((1.0, 0.999, 1.001), "refuted"),  # as fast is not faster
        ((0.99, 0.9, 1.1), "not measured"),
        ((0.5, np.nan, np.nan), "not measured"),
    ],
)
def test_speed_is_judged_by_the_whole_interval(make_row, ratio, found):
    assert verdict(timed(make_row, [ratio]), "higher speed")["verdict"] == found


def test_where_cases_are_surely_on_both_sides_it_depends(make_row):
    found = verdict(timed(make_row, [(0.5, 0.49, 0.51), (1.5, 1.49, 1.51)]), "higher speed")

    assert (found["verdict"], found["supporting"], found["opposing"]) == ("depends", 1, 1)


def test_pieces_that_disagree_make_it_depend(make_row):
    fast, slow = [(0.5, 0.49, 0.51)] * 20, [(1.5, 1.49, 1.51)]
    table = pd.concat([timed(make_row, fast), timed(make_row, slow, "lora", family="adapter")])

    assert verdict(table, "higher speed")["verdict"] == "depends"


def test_an_interval_that_just_misses_the_edge_is_no_discovery_among_many(make_row):
    """Alone it is sure at 5 %; beside nineteen that show nothing, Benjamini and Hochberg ask for 0.25 %."""
    just, nothing = (0.9, 0.82, 0.985), (0.99, 0.9, 1.1)
    alone = comparisons(timed(make_row, [just]), NO_ROUNDS)
    among = comparisons(timed(make_row, [just] + [nothing] * 19), NO_ROUNDS)

    assert alone["side"].tolist() == ["for"]
    assert set(among["side"]) == {"open"}


def test_the_number_its_conditions_and_its_cases_are_told(make_row):
    found = verdict(timed(make_row, [(0.5, 0.49, 0.51)]), "higher speed")

    assert (found["number"], found["ci_low"], found["ci_high"]) == pytest.approx((0.5, 0.49, 0.51))
    assert (found["unit"], found["number_of"]) == ("time / baseline", "low-rank attention, inference")
    assert found["conditions"] == (
        "core/forward, n=64, r=8, fp32, cpu; "
        "low-rank attention, inference: held, 0.5 [0.49, 0.51] time / baseline over 1 operator, for 1"
    )
    assert found["case_ids"] == "linformer n=64 8.0"


def test_an_approximation_that_is_none_is_told_and_not_counted(make_row):
    found = verdict(timed(make_row, [(0.5, 0.49, 0.51)], attention_rel_error=1.5), "higher speed")

    assert (found["verdict"], found["comparisons"], found["case_ids"]) == ("not measured", 0, "")
    assert found["conditions"] == "low-rank attention, inference: not counted 1 (no better than averaging)"


def test_modalities_are_judged_apart(make_row):
    table = timed(make_row, [(0.5, 0.49, 0.51)], modality="vision")

    assert verdict(table, "higher speed", "vision")["verdict"] == "held"
    assert verdict(table, "higher speed", "any")["verdict"] == "not measured"


def test_lower_complexity_rests_on_growth_and_on_operations(planted):
    table, rounds = planted({n: 3 - math.log(n) for n in (128, 256, 512, 1024)}, sd=0.01, seed=1)
    linformer = table["operator"] == "linformer"
    table = table.assign(rank=np.where(linformer, 64.0, np.nan), flops_formula=np.where(linformer, 1.0, 2.0))
    table["attention_rel_error"] = 0.1
    found = claims(table, rounds).set_index(["claim", "modality"]).loc[("lower complexity", "any")]

    assert (found["verdict"], found["unit"]) == ("held", "exponent in n - baseline's")
    assert "low-rank attention, operations: held, 0.5 FLOPs / baseline over 1 operator, for 1" in found["conditions"]


def test_fewer_stored_weights_refute_that_more_must_be_stored(make_row):
    shape = {"family": "adapter", "scope": "projection", "baseline": "full n=8 "}
    rows = [make_row("full", 8, trainable_parameters=100.0, **shape)]
    rows.append(make_row("lora", 8, rank=4.0, trainable_parameters=1.0, **shape))
    found = verdict(pd.DataFrame(rows), "more parameters to store")

    assert found["verdict"] == "refuted"
    assert found[["number", "ci_low", "ci_high"]].tolist() == pytest.approx([0.01] * 3)


def test_what_a_linear_model_does_stands_beside_accuracy(make_row):
    task = {"scope": "model", "task": "films", "application": "trained", "steps": 9.0, "task_status": "ok"}
    task |= {"modality": "language", "task_metric": "accuracy", "task_value": 0.8, "task_value_ci_low": 0.79}
    task |= {
        "task_value_ci_high": 0.81,
        "task_majority": 0.5,
        "task_linear": 0.9,
        "task_seeds": 3,
        "task_diverged": 0,
    }
    ends = {"task_difference": -0.1, "task_difference_ci_low": -0.11, "task_difference_ci_high": -0.09}
    rows = [make_row("sdpa", 64, **task), make_row("linformer", 64, rank=8.0, **task, **ends)]
    found = verdict(pd.DataFrame(rows), "as accurate", "language")

    assert (found["verdict"], found["number"]) == ("refuted", pytest.approx(-0.1))
    assert found["conditions"].endswith("; on films, beside 0.8 of sdpa, the linear baseline is better (0.900)")


@pytest.mark.slow
def test_two_runs_of_one_tree_give_the_same_verdicts():
    """Two runs of suites/nlp.yaml, ten minutes apart on a shared machine; its captured inputs are of text."""
    told = []
    for name in ("nlp-20261124t124007-3429", "nlp-20261124t125004-8f03"):
        table = load(RUNS / name)
        captured = table["input"].str.startswith("captured").fillna(False).astype(bool)
        told.append(claims(table.assign(modality=np.where(captured, "language", "")), load_rounds(RUNS / name)))

    assert told[0]["verdict"].tolist() == told[1]["verdict"].tolist()
    assert (told[0]["verdict"] != "not measured").sum() == 7
