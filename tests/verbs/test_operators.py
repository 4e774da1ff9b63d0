from __future__ import annotations

import json

from bench import operators


def test_every_operator_is_listed_with_what_it_declares(bench):
    rows = json.loads(bench("operators", "--format", "json").stdout)

    assert [row["operator"] for row in rows] == list(operators.names())
    assert {row["operator"]: row for row in rows}["lora"] == {
        "operator": "lora",
        "place": "bench.operators.adapters.lora",
        "label": "LoRA",
        "about": "``y = W0 x + (α/r) B A x`` with W0 frozen, A Kaiming-uniform, B zero.",
        "family": "adapter",
        "providers": list(operators.providers_of("lora")),
        "scopes": ["layer", "model", "projection"],
        "scopes_by_provider": {who: ["layer", "model", "projection"] for who in operators.providers_of("lora")},
        "phases": ["forward", "train"],
        "rank_kind": "update",
        "options": {"alpha": {"default": 16.0, "about": "Scale of the update: α/r multiplies B A x."}},
        "reason": None,
    }


def test_the_text_says_the_same_in_lines(bench):
    whose = "; ".join(f"by {name} at layer, model, projection" for name in operators.providers_of("lora"))

    assert (
        "lora (LoRA)\n"
        "    ``y = W0 x + (α/r) B A x`` with W0 frozen, A Kaiming-uniform, B zero.\n"
        f"    adapter {whose}; rank: update\n"
        "    alpha=16: Scale of the update: α/r multiplies B A x.\n"
    ) in bench("operators").stdout


def test_each_provider_has_its_own_scopes(bench):
    told = "attention by bench at core, layer, model; by nystrom_attention at layer; by transformers at layer; rank: "

    assert told in bench("operators").stdout


def test_an_operator_that_cannot_be_imported_is_listed_with_its_reason(bench, tmp_path):
    package = tmp_path / "broken-1.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (package / "entry_points.txt").write_text("[bench.operators]\nbroken = no_such_module:OPERATOR\n")

    reason = (
        "no_such_module:OPERATOR: operator 'broken' cannot be imported "
        "(ModuleNotFoundError: No module named 'no_such_module'); pip install what it lacks"
    )
    assert f"broken\n    {reason}\n" in bench("operators").stdout


def test_what_a_provider_offers_and_no_operator_is_called_is_told(bench, tmp_path):
    package = tmp_path / "stranger-1.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: stranger\nVersion: 1.0\n")
    (package / "entry_points.txt").write_text("[bench.providers]\nstranger = stranger:PROVIDER\n")
    (tmp_path / "stranger.py").write_text(
        "from bench.operators import Offer, Provider\n"
        "OFFER = Offer(build=lambda case, own: own, scopes=frozenset({'core'}))\n"
        "PROVIDER = Provider(package='stranger', offers={'linformr': OFFER})\n"
    )

    reason = "stranger offers it, but no operator has this name; did you mean 'linformer'?"
    assert f"linformr\n    {reason}\n" in bench("operators").stdout
