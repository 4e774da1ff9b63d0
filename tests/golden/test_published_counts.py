"""Counts that papers and leaderboards print, from our closed forms; and prints that contradict their own formula."""

from __future__ import annotations

import dataclasses

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


def model(
    operator: str, rank: int | None, *, layers: int, hidden_size: int, heads: int = 1, kv_heads: int = 1
) -> Case:
    """A stack of blocks with an operator in it."""
    return Case(
        operator=operator,
        scope="model",
        layers=layers,
        seq_len=1,
        hidden_size=hidden_size,
        num_heads=heads,
        num_kv_heads=kv_heads,
        head_dim=hidden_size // heads,
        rank=rank,
    )


def in_a_model(operator: str, rank: int, *, layers: int, hidden_size: int, heads: int = 1, kv_heads: int = 1) -> int:
    """Trainable parameters of an adapter in a stack, on the projections that it adapts: q and v, o and down, down."""
    case = model(operator, rank, layers=layers, hidden_size=hidden_size, heads=heads, kv_heads=kv_heads)
    return operators.load(operator).cost(case).trainable_parameters


# PEFT's MetaMathQA comparison, counts in its result files. Llama-3.2-3B has 28 layers, hidden size 3072, 24 heads and
# 8 key heads of 128, feed-forward 8192.
LLAMA = {"layers": 28, "hidden_size": 3072, "heads": 24, "kv_heads": 8}


@pytest.mark.parametrize(
    ("operator", "rank", "printed"),
    [("lora", 32, 9_175_040), ("lora", 64, 18_350_080), ("dora", 32, 9_289_728), ("lora_fa", 32, 3_670_016)],
)
def test_peft_s_metamathqa_counts_on_q_and_v(operator: str, rank: int, printed: int) -> None:
    assert in_a_model(operator, rank, **LLAMA) == printed


def test_peft_s_metamathqa_count_on_gate_up_and_down() -> None:
    layer = 2 * trainable("lora", 10, 3072, 8192) + trainable("lora", 10, 8192, 3072)

    assert 28 * layer == 9_461_760  # same source: lora, rank 10, on the feed-forward's projections


def test_peft_s_metamathqa_total_is_the_base_and_the_adapter() -> None:
    base = 3_212_749_824  # Llama-3.2-3B, embeddings tied

    assert base + in_a_model("lora", 32, **LLAMA) == 3_221_924_864  # same source, total parameters


@dataclasses.dataclass(frozen=True)
class Row:
    """A count of Hu et al., arXiv 2106.09685, tables 2 (RoBERTa, DeBERTa), 3 (GPT-2) and 4 (GPT-3)."""

    model: str
    layers: int
    hidden_size: int
    adapter: str
    """LoRA on q and v, ``2·L·d·2·r``; AdapterL or AdapterH, ``L_adpt(2dr + r + d) + 2·L_LN·d`` of section 5.1."""
    printed: str
    """In millions, with as many decimals as the paper has."""
    rank: int | None = None
    """Printed for LoRA; of the others inferred, or absent where no rank gives what is printed."""
    count: int | None = None
    """By the formula; absent with the rank."""

    def counted(self, rank: int) -> int:
        """Gives the count at a rank by our closed forms."""
        operator = {"LoRA": "lora", "AdapterL": "pfeiffer", "AdapterH": "houlsby"}[self.adapter]
        norms = 2 * self.layers * self.hidden_size if self.adapter == "AdapterL" else 0  # one layer norm a block
        return norms + in_a_model(operator, rank, layers=self.layers, hidden_size=self.hidden_size)

    def prints(self, count: int) -> bool:
        """Whether a count is what is printed, to its decimals."""
        decimals = len(self.printed.partition(".")[2])
        return f"{count / 1e6:.{decimals}f}" == self.printed

    def holds(self) -> bool:
        """Whether what is printed is the count: at the rank, or where none is known at any up to hidden_size."""
        ranks = [self.rank] if self.rank else range(1, self.hidden_size + 1)
        return any(self.prints(self.counted(rank)) for rank in ranks)


ROWS = [
    Row("RoBERTa-base", 12, 768, "LoRA", "0.3", 8, 294_912),
    Row("RoBERTa-large", 24, 1024, "LoRA", "0.8", 8, 786_432),
    Row("DeBERTa-XXL", 48, 1536, "LoRA", "4.7", 16, 4_718_592),
    Row("GPT-3", 96, 12288, "LoRA", "4.7", 1, 4_718_592),
    Row("GPT-2 medium", 24, 1024, "LoRA", "0.35", 4, 393_216),
    Row("GPT-2 large", 36, 1280, "LoRA", "0.77", 4, 737_280),
    Row("GPT-2 medium", 24, 1024, "AdapterL", "0.37", 6, 368_784),
    Row("GPT-2 medium", 24, 1024, "AdapterL", "11.09", 224, 11_089_152),
    Row("GPT-2 large", 36, 1280, "AdapterL", "0.88", 8, 875_808),
    Row("GPT-2 large", 36, 1280, "AdapterL", "23.00", 248, 23_002_848),
    Row("GPT-2 medium", 24, 1024, "AdapterH", "11.09"),
    Row("GPT-3", 96, 12288, "AdapterH", "7.1", 1, 7_078_080),
    Row("GPT-3", 96, 12288, "AdapterH", "40.1", 8, 40_109_568),
]


@pytest.mark.parametrize("row", [row for row in ROWS if row.rank], ids=lambda row: f"{row.model} {row.adapter}")
def test_a_count_of_the_lora_paper_s_tables_is_its_formula_s(row: Row) -> None:
    assert row.rank is not None
    assert row.counted(row.rank) == row.count


def test_three_counts_of_the_lora_paper_contradict_its_own_formula() -> None:
    """Both of LoRA are those of the prefix-tuning rows above them; 11.09M is the row of AdapterL, which has norms."""
    contradicting = [(row.model, row.adapter, row.printed) for row in ROWS if not row.holds()]

    assert contradicting == [
        ("GPT-2 medium", "LoRA", "0.35"),
        ("GPT-2 large", "LoRA", "0.77"),
        ("GPT-2 medium", "AdapterH", "11.09"),
    ]


def test_linformer_shared_among_heads_has_24_projections_in_12_layers() -> None:
    # Wang et al., arXiv 2006.04768, section 4: of 12 layers with 12 heads each; every one is k × n
    shape = model("linformer_trained", 128, layers=12, hidden_size=768, heads=12, kv_heads=12).replace(seq_len=512)
    plain = operators.load("sdpa").cost(shape.replace(operator="sdpa", rank=None)).parameters

    assert operators.load("linformer_trained").cost(shape).parameters - plain == 24 * 128 * 512


@pytest.mark.parametrize("bias", [False, True])
def test_a_layer_has_the_4_d_squared_weights_of_torch_s_multihead_attention(bias: bool) -> None:
    """And torch's 4·d biases where it has them, which ours has not."""
    case = Case(operator="sdpa", scope="layer", seq_len=1, hidden_size=48, num_heads=4, head_dim=12)

    module = torch.nn.MultiheadAttention(48, 4, bias=bias)
    counted = sum(weight.numel() for weight in module.parameters())
    assert operators.load("sdpa").cost(case).parameters + 4 * 48 * bias == counted == 4 * 48**2 + 4 * 48 * bias
