"""The pass of a task: what each kind of case tells, and that what it tells is so."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from safetensors.torch import save

from bench.case import Case
from bench.measure import applied, networks
from bench.measure.samples import data_of
from bench.stats.paired import value_interval

EVERY = {"task_metric", "scores", "steps", "train_s"}
TRAINED = EVERY | {"learning_rate", "curve"}


def value(facts: dict) -> float:
    return facts["scores"].count("1") / len(facts["scores"])


def test_a_small_transformer_learns_its_task(small: Case) -> None:
    facts = applied.measure(small.replace(steps=120))

    assert facts.keys() == TRAINED
    assert (facts["task_metric"], facts["steps"], len(facts["scores"])) == ("accuracy", 120, 96)
    assert facts["learning_rate"] == 0.01
    assert value(facts) > 0.9  # a guess is right in 0.25
    assert facts["curve"][0][:2] == [0, 0.0]
    assert facts["curve"][-1][0] == 120
    assert facts["curve"][-1][2] > facts["curve"][0][2]


def test_a_seed_gives_the_same_scores_again_and_another_seed_others(small: Case) -> None:
    first, again, other = (applied.measure(case) for case in (small, small, small.replace(seed=1)))

    assert first["scores"] == again["scores"]
    assert [look[2] for look in first["curve"]] == [look[2] for look in again["curve"]]
    assert first["scores"] != other["scores"]


def test_perplexity_has_nats_and_tokens_of_each_sample(small: Case) -> None:
    """What repeats can be told from what it repeats; without that it is one of 16."""
    facts = applied.measure(small.replace(task="echo", mask="none", causal=True, steps=60))

    assert facts["task_metric"] == "perplexity"
    assert facts["weights"] == [9.0] * 96  # the second half of 16, and the token after the last of the first
    assert len(facts["scores"]) == 96


def test_a_training_that_breaks_has_no_scores(small: Case) -> None:
    facts = applied.measure(small.replace(learning_rate=1e300))

    assert facts["diverged_step"] == facts["steps"] < 24
    assert "scores" not in facts


def test_exact_attention_swapped_in_changes_nothing(swapped: Case) -> None:
    facts = applied.measure(swapped)

    assert facts.keys() == EVERY | {"layer_rel_errors"}
    assert (facts["steps"], facts["train_s"]) == (0, 0.0)
    # float64, two ways to add 16 terms, through two layers
    assert max(facts["layer_rel_errors"]) < 1e-13
    assert len(facts["layer_rel_errors"]) == 2


def test_the_first_layer_errs_by_its_own_operator_and_the_second_also_by_what_it_is_fed(swapped: Case) -> None:
    case = swapped.replace(operator="linformer", provider="bench", rank=2)
    both, second = (applied.measure(each)["layer_rel_errors"] for each in (case, case.replace(layer=1)))

    assert both[0] > 1e-3
    assert second[0] == 0.0
    assert second[1] > 1e-3
    assert both[1] != second[1]


def test_a_network_that_recovers_tells_what_it_was_worth_before(swapped: Case) -> None:
    case = swapped.replace(operator="linformer", provider="bench", rank=2)
    frozen = applied.measure(case)
    facts = applied.measure(case.replace(recover_steps=40, learning_rate=0.003))

    assert facts.keys() == TRAINED | {"layer_rel_errors", "value_before"}
    assert facts["value_before"] == pytest.approx(value(frozen))
    assert facts["layer_rel_errors"] == frozen["layer_rel_errors"]
    assert value(facts) > facts["value_before"]


def test_fine_tuning_begins_at_the_frozen_model_with_its_probe(adapted: Case, swapped: Case) -> None:
    facts, frozen = applied.measure(adapted), applied.measure(swapped)

    assert facts["step0_rel_error"] < 1e-13  # a bias that is added by a product, and one that is added after it
    assert facts["value_before"] == pytest.approx(value(frozen))


def test_fine_tuning_tells_what_it_stores_what_it_forgot_and_what_merging_changes(adapted: Case) -> None:
    facts = applied.measure(adapted)

    told = {"step0_rel_error", "value_before", "checkpoint_bytes", "second_before", "second_after", "merge_rel_error"}
    assert facts.keys() == TRAINED | told
    assert facts["learning_rate"] == 2e-3  # of LoRA, for the case names none
    # float64, through two layers
    assert 0 < facts["merge_rel_error"] < 1e-13
    assert 0.5 < facts["second_before"] <= 1.0
    assert facts["steps"] == 12


def test_what_is_stored_is_a_file_of_what_is_trained(adapted: Case) -> None:
    """LoRA of rank 2 on q and v of two layers, 16 wide, and a head of 4 classes with a bias."""
    found = applied.measure(adapted)["checkpoint_bytes"]
    network = networks.build(adapted, data_of(adapted).sizes, torch.nn.Linear(16, 4))
    file = save({name: weight.detach() for name, weight in network.named_parameters() if weight.requires_grad})

    assert found == len(file)
    assert found > 8 * (2 * 2 * 2 * 2 * 16 + 4 * 16 + 4)


def test_head_only_forgets_nothing(adapted: Case) -> None:
    facts = applied.measure(adapted.replace(operator="head_only", rank=None))

    assert facts["second_before"] == facts["second_after"]
    assert "merge_rel_error" not in facts


def test_a_second_task_that_cannot_be_done_here_is_told(adapted: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    from bench.measure import tasks

    monkeypatch.setattr(tasks.load("stripes"), "absent", lambda case: "no stripes; buy some", raising=False)
    facts = applied.measure(adapted)

    assert facts["warnings"] == ["what it forgets is not measured: no stripes; buy some"]
    assert not facts.keys() & {"second_before", "second_after"}


def test_baselines_are_columns(small: Case) -> None:
    assert applied.baselines(small) == {"task_majority": 0.25}


@pytest.mark.parametrize(
    ("operator", "rank", "steps", "expected"),
    [("lora", 2, 5, 2e-3), ("full", None, 5, 1e-4), ("ia3", None, 5, 1e-2), ("linformer", 2, None, 1e-4)],
)
def test_the_usual_learning_rate_is_the_adapter_s_or_that_of_full_fine_tuning(
    swapped: Case, operator: str, rank: int | None, steps: int | None, expected: float
) -> None:
    case = swapped.replace(operator=operator, provider="bench", rank=rank, steps=steps)

    assert applied.learning_rate(case) == expected


@pytest.mark.parametrize(
    ("operator", "rank", "expected"), [("lora", 8, 2e-4), ("full", None, 1e-5), ("nystrom", 8, 1e-5)]
)
def test_a_model_that_takes_other_learning_rates_says_so(operator: str, rank: int | None, expected: float) -> None:
    case = Case(
        **{"operator": operator, "provider": "bench", "rank": rank},
        **{"scope": "model", "model": "dinov2", "task": "fashion_mnist"},
        **{"seq_len": 65, "num_heads": 6, "head_dim": 64, "hidden_size": 384},
    )

    assert applied.learning_rate(case) == pytest.approx(expected, rel=1e-12)


def test_the_usual_learning_rate_from_scratch_is_the_task_s(small: Case) -> None:
    assert applied.learning_rate(small.replace(learning_rate=None)) == 1e-3
    assert applied.learning_rate(small) == 0.01


@pytest.mark.slow
@pytest.mark.parametrize(("operator", "rank"), [("sdpa", None), ("linformer", 4)])
def test_a_real_task_agrees_within_its_interval_whatever_the_threads(operator: str, rank: int | None) -> None:
    """Handwritten digits: sums are taken in another order, and a training amplifies that."""
    case = Case(
        operator=operator,
        provider="torch" if operator == "sdpa" else "bench",
        scope="model",
        phase="train",
        task="digits",
        seq_len=16,
        num_heads=4,
        head_dim=16,
        hidden_size=64,
        layers=2,
        rank=rank,
        batch_size=32,
        steps=100,
    )
    found = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        runs = [applied.measure(case.replace(seed=seed))["scores"] for seed in range(3)]
        found.append(value_interval(np.array([[float(one) for one in run] for run in runs]), proportion=True))
    torch.set_num_threads(1)

    one, two = found
    assert one.low <= two.centre <= one.high
    assert two.low <= one.centre <= two.high
    assert one.centre > 0.8  # it has learnt something: a guess is right in 0.1
