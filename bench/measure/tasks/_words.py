"""Words as the tokens of a network that is trained from scratch: the commonest of the train split, by number.

In: texts. Out: token ids ``[N, n]`` and the mask of those that are there. Words that the train split has not, or
only rarely, are one and the same token, as any vocabulary that is not made from the test texts has it.
"""

from __future__ import annotations

import collections
import re
from collections.abc import Sequence

import torch

__all__ = ["Vocabulary"]

_WORD = re.compile(r"[a-z0-9]+(?:'[a-z]+)*")  # in lower case; punctuation is left out, an apostrophe inside is not
_NOTHING, _UNKNOWN = 0, 1
_FIRST = 2


class Vocabulary:
    """The words that have a token of their own.

    Args:
        texts: of the train split, and of no other.
        most: tokens at most, the two without a word among them.
    """

    def __init__(self, texts: Sequence[str], most: int = 20_000) -> None:
        counts = collections.Counter(word for text in texts for word in _words(text))
        order = sorted(counts, key=lambda word: (-counts[word], word))
        self._ids = {word: number for number, word in enumerate(order[: most - _FIRST], _FIRST)}

    def __len__(self) -> int:
        return len(self._ids) + _FIRST

    def encode(self, texts: Sequence[str], seq_len: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Gives the ids ``[N, seq_len]``, int64, of the first words of each text, and true where there is one.

        A text without any word has one unknown token: attention over nothing is not defined.
        """
        ids = torch.full((len(texts), seq_len), _NOTHING)
        for row, text in zip(ids, texts, strict=True):
            found = [self._ids.get(word, _UNKNOWN) for word in _words(text)[:seq_len]] or [_UNKNOWN]
            row[: len(found)] = torch.tensor(found)
        return ids, ids != _NOTHING


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())
