"""GGUF files: their tensors, quantised ones decoded, and the byte-level tokenizer that their fields describe.

In: a path. Out: tensors in float32 and a tokenizer. What the package `gguf` reads lazily is read whole here: a file
is decoded once and what comes out is kept elsewhere.

Source: the format's specification, docs/gguf.md of the ggml project.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

if TYPE_CHECKING:
    from tokenizers import Tokenizer

__all__ = ["Contents"]

_NORMAL = 1
"""Of the kinds of token, the one that text is split into; the others stand for something outside the text."""


class Contents:
    """What is in a GGUF file.

    Args:
        path: where it lies.
    """

    def __init__(self, path: Path) -> None:
        from gguf import GGUFReader

        self._reader = GGUFReader(path)

    def tensors(self) -> dict[str, Tensor]:
        """Gives every tensor in float32, by its name in the file."""
        from gguf.quants import dequantize

        decoded = ((tensor.name, dequantize(tensor.data, tensor.tensor_type)) for tensor in self._reader.tensors)
        # a tensor that was stored as float32 is a view of the file, which torch may not write to
        return {name: torch.from_numpy(np.require(values, np.float32, ("C", "W"))) for name, values in decoded}

    def field(self, name: str) -> Any:
        """Gives the value of a field.

        Raises:
            KeyError: the file has no such field.
        """
        return self._reader.fields[name].contents()

    def tokenizer(self) -> Tokenizer:
        """Gives the byte-level BPE that the file describes, digits split one by one as SmolLM2's are."""
        from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

        tokens: list[str] = self.field("tokenizer.ggml.tokens")
        kinds: list[int] = self.field("tokenizer.ggml.token_type")
        merges = [tuple(merge.split(" ")) for merge in self.field("tokenizer.ggml.merges")]
        tokenizer = Tokenizer(models.BPE({token: i for i, token in enumerate(tokens)}, merges))
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
        )
        tokenizer.decoder = decoders.ByteLevel()
        special = [token for token, kind in zip(tokens, kinds, strict=True) if kind != _NORMAL]
        tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in special])
        return tokenizer
