"""Counts that papers and leaderboards print, from our closed forms; and prints that contradict their own formula."""

from __future__ import annotations

import pytest
import torch

from bench import operators
from bench.case import Case


def trainable(operator: str, rank: int, in_features: int, out_features: int) -> int:
    """Trainable parameters of one adapted projection."""
    case = Case(
        operator=operator,
        scope="projection",
        seq_len=1,
        hidden_size=in_features,
        out_features=out_features,
        rank=rank,
    )
    return operators.load(operator).cost(case).trainable_parameters


def q_and_v(operator: str, rank: int, *, layers: int, hidden_size: int, num_heads: int = 1, kv_heads: int = 1) -> int:
    """Trainable parameters of a model whose q and v projections are adapted, by the closed form of scope `layer`."""
    case = Case(
        operator=operator,
        scope="layer",
        seq_len=1,
        hidden_size=hidden_size,
        num_heads=num_heads,
        num_kv_heads=kv_heads,
        head_dim=hidden_size // num_heads,
        rank=rank,
    )
    return layers * operators.load(operator).cost(case).trainable_parameters


# PEFT's MetaMathQA comparison, counts in its result files. Llama-3.2-3B has 28 layers, hidden size 3072, 24 heads and
# 8 key heads of 128, feed-forward 8192.
@pytest.mark.parametrize(
    ("operator", "rank", "printed"),
    [("lora", 32, 9_175_040), ("lora", 64, 18_350_080), ("dora", 32, 9_289_728), ("lora_fa", 32, 3_670_016)],
)
def test_peft_s_metamathqa_counts_on_q_and_v(operator: str, rank: int, printed: int) -> None:
    assert q_and_v(operator, rank, layers=28, hidden_size=3072, num_heads=24, kv_heads=8) == printed


def test_peft_s_metamathqa_count_on_gate_up_and_down() -> None:
    layer = 2 * trainable("lora", 10, 3072, 8192) + trainable("lora", 10, 8192, 3072)

    assert 28 * layer == 9_461_760  # same source: lora, rank 10, on the feed-forward's projections


def test_peft_s_metamathqa_total_is_the_base_and_the_adapter() -> None:
    base = 3_212_749_824  # Llama-3.2-3B, embeddings tied

    adapter = q_and_v("lora", 32, layers=28, hidden_size=3072, num_heads=24, kv_heads=8)
    assert base + adapter == 3_221_924_864  # same source, total parameters


# Hu et al., arXiv 2106.09685: tables 2 (RoBERTa, DeBERTa) and 4 (GPT-3), adapted on q and v; section 4.2 gives
# 2·L·d·r a projection.
@pytest.mark.parametrize(
    ("layers", "hidden_size", "rank", "count", "printed"),
    [
        pytest.param(12, 768, 8, 294_912, 0.3, id="RoBERTa-base"),
        pytest.param(24, 1024, 8, 786_432, 0.8, id="RoBERTa-large"),
        pytest.param(48, 1536, 16, 4_718_592, 4.7, id="DeBERTa-XXL"),
        pytest.param(96, 12288, 1, 4_718_592, 4.7, id="GPT-3"),
    ],
)
def test_lora_s_paper_counts(layers: int, hidden_size: int, rank: int, count: int, printed: float) -> None:
    found = q_and_v("lora", rank, layers=layers, hidden_size=hidden_size)

    assert found == count
    assert round(found / 1e6, 1) == printed


# The same paper, table 3, GPT-2 with rank 4: what is printed is the count of the prefix-tuning rows above.
@pytest.mark.parametrize(
    ("layers", "hidden_size", "count", "printed"),
    [
        pytest.param(24, 1024, 393_216, 0.35, id="GPT-2 medium"),
        pytest.param(36, 1280, 737_280, 0.77, id="GPT-2 large"),
    ],
)
def test_lora_s_paper_prints_two_counts_that_are_not_its_formula_s(
    layers: int, hidden_size: int, count: int, printed: float
) -> None:
    found = q_and_v("lora", 4, layers=layers, hidden_size=hidden_size)

    assert found == count
    assert round(found / 1e6, 2) != printed


def test_a_layer_has_the_4_d_squared_weights_of_torch_s_multihead_attention() -> None:
    case = Case(operator="sdpa", scope="layer", seq_len=1, hidden_size=48, num_heads=4, head_dim=12)

    module = torch.nn.MultiheadAttention(48, 4, bias=False)
    counted = sum(weight.numel() for weight in module.parameters())
    assert operators.load("sdpa").cost(case).parameters == counted == 4 * 48**2
