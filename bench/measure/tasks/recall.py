"""Which value stood beside this key? Associative recall, generated: the task that wants attention to be sharp.

A text in miniature: pairs of a key and a value, then the keys again among blanks, in another order. At each key the
network is asked for its value, of which it has to find the one other place where that key stands. A mean over many
tokens does not hold what is wanted, so this is where low rank should fail, if it fails anywhere.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bench.case import Case
from bench.measure.tasks._base import Task
from bench.measure.tasks._data import IGNORED, Data, Samples

if TYPE_CHECKING:
    import torch

__all__ = ["TASK"]

_BLANK = 0
_KEYS = 64  # symbols 1 to 64
_VALUES = 64  # symbols 65 to 128
_SYMBOLS = 1 + _KEYS + _VALUES
_SYMBOLS_A_PAIR = 4
_FEWEST_PAIRS = 4

_TRAIN, _VALIDATION = 20_000, 500  # samples
_ASKED = 8000  # keys of the test split, whatever the length


class Recall(Task):
    """Multi-query associative recall: seq_len / 4 pairs, 128 symbols, each key asked once.

    A sample is the pairs, then the keys at random places among blanks. 20,000 samples train, 500 are for validation,
    and of the test 8,000 keys are asked (500 samples of 64 tokens); each has draws of its own. Accuracy is that of
    the value, at the keys asked. A token is a symbol and the one before it, so that key and value of a pair are in
    one token: two layers of attention alone bring them together only after more training than a suite has time for
    (5,000 steps of 32 did not), which is why Arora et al. put a short convolution before every attention.

    Every token sees every other, and yet no answer is given away: a value stands in one place only, beside its key;
    keys, values, which belong together, and where a key is asked are drawn independently of one another, so that
    neither a key, nor its place, nor what else is asked says anything about its value. Who does not connect the two
    places of a key can name one of the values that are there: one in seq_len / 4 is right, and that is `majority`.
    A classifier that is linear in the tokens can do no better; there is no `linear`.

    The paper's synthetic has 4, 8, 16 and 64 pairs in 64, 128, 256 and 512 tokens, a vocabulary of 8,192, 100,000
    samples, and asks early for the pair that came first, so that a key's place says something about its value. Here
    are 16, 32 and 64 pairs in 64, 128 and 256, fewer symbols so that a minute of one core suffices, and even odds for
    all places.

    Source: Arora et al., arXiv 2312.04927, definition of multi-query associative recall; the settings of its figure
    2 are those of the authors' code (HazyResearch/zoology), as is the convolution of arXiv 2402.18668, figure 2.
    """

    label = "associative recall"
    learning_rate = 5e-3  # at 1e-3 it takes three times as many steps

    def unsupported(self, case: Case) -> str | None:
        """Gives why there are no samples of that length, or nothing."""
        reason = super().unsupported(case)
        shortest, longest = _FEWEST_PAIRS * _SYMBOLS_A_PAIR, _KEYS * _SYMBOLS_A_PAIR
        if reason is None and not shortest <= case.seq_len <= longest:
            reason = f"seq_len {case.seq_len} asked for; recall has {shortest} to {longest} tokens"
        return reason

    def data(self, case: Case) -> Data:
        """Gives tokens ``[b, seq_len, 258]`` and the values asked for, ``[b, seq_len]``."""
        sizes = (_TRAIN, _VALIDATION, _ASKED // _pairs(case.seq_len))
        train, validation, test = (_drawn(number, case.seq_len, seed) for seed, number in enumerate(sizes))
        return Data(train=train, validation=validation, test=test, outputs=_SYMBOLS, features=2 * _SYMBOLS)

    def baselines(self, case: Case) -> dict[str, float]:
        """Gives the accuracy of naming any value that stands in the sample (`majority`)."""
        return {"majority": 1 / _pairs(case.seq_len)}


def _pairs(seq_len: int) -> int:
    return seq_len // _SYMBOLS_A_PAIR


def _drawn(number: int, seq_len: int, seed: int) -> Samples:
    import torch

    generator = torch.Generator().manual_seed(seed)
    pairs = _pairs(seq_len)
    keys = 1 + _distinct(number, pairs, _KEYS, generator)
    values = 1 + _KEYS + _distinct(number, pairs, _VALUES, generator)
    places = 2 * pairs + _distinct(number, pairs, seq_len - 2 * pairs, generator)
    symbols = torch.full((number, seq_len), _BLANK)
    symbols[:, : 2 * pairs] = torch.stack([keys, values], dim=-1).flatten(1)
    symbols.scatter_(1, places, keys)
    targets = torch.full((number, seq_len), IGNORED).scatter_(1, places, values)
    return Samples(targets=targets, inputs=lambda indices: (_tokens(symbols[indices]), None))


def _tokens(symbols: torch.Tensor) -> torch.Tensor:
    """Gives ``[b, n, 258]`` of symbols ``[b, n]``: which came before and which it is, with a mean square of 1."""
    import torch
    from torch.nn import functional as F

    both = torch.stack([F.pad(symbols, (1, 0), value=_BLANK)[:, :-1], symbols], dim=-1)
    return F.one_hot(both, _SYMBOLS).flatten(2) * math.sqrt(_SYMBOLS)


def _distinct(number: int, kept: int, of: int, generator: torch.Generator) -> torch.Tensor:
    """Gives `number` draws of `kept` different numbers below `of`, in random order."""
    import torch

    return torch.rand(number, of, generator=generator).argsort(dim=1)[:, :kept]


TASK = Recall()
