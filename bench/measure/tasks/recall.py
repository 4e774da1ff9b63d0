"""Which value stood beside this key? Associative recall, generated: the task that wants attention to be sharp.

A text in miniature: pairs of a key and a value, then the keys again among blanks, in another order. At each key the
network is asked for its value, of which it has to find the one other place where that key stands. A mean over many
tokens does not hold what is wanted, so this is where low rank should fail, if it fails anywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.case import Case
from bench.measure.tasks._base import Task
from bench.measure.tasks._data import IGNORED, Data, Samples

if TYPE_CHECKING:
    import torch

__all__ = ["TASK"]

_BLANK = 0
_KEYS = 255  # tokens 1 to 255
_VALUES = 256  # tokens 256 to 511
_TOKENS_A_PAIR = 8
_FEWEST_PAIRS = 2

_TRAIN, _VALIDATION = 20_000, 500  # samples
_ASKED = 8000  # keys of the test split, whatever the length


class Recall(Task):
    """Multi-query associative recall: seq_len / 8 pairs, 512 tokens, each key asked once.

    A sample is a blank, the pairs, then the keys at random places among blanks. 20,000 samples train, 500 are for
    validation, and of the test 8,000 keys are asked (1,000 samples of 64 tokens); each has draws of its own.
    Accuracy is that of the value, at the keys asked.

    Every token sees every other, and yet no answer is given away: a value stands in one place only, beside its key;
    keys, values, which belong together, and where a key is asked are drawn independently of one another, so that
    neither a key, nor its place, nor what else is asked says anything about its value. Who does not connect the two
    places of a key can name one of the values that are there: one in seq_len / 8 is right, and that is `majority`.
    A classifier that is linear in the tokens can do no better; there is no `linear`.

    The paper's synthetic has 4, 8, 16 and 64 pairs in 64, 128, 256 and 512 tokens, a vocabulary of 8,192, 100,000
    samples, and asks early for the pair that came first, so that a key's place says something about its value. Here
    are 8, 16, 32 and 64 pairs, fewer words so that minutes of one core suffice, and even odds for all places. The
    blank at the start puts every pair across the border of any two tokens that are pooled.

    Source: Arora et al., arXiv 2312.04927, definition of multi-query associative recall; the settings of its figure
    2 are those of the authors' code (HazyResearch/zoology).
    """

    label = "associative recall"

    def unsupported(self, case: Case) -> str | None:
        """Gives why there are no samples of that length, or nothing."""
        reason = super().unsupported(case)
        shortest, longest = _FEWEST_PAIRS * _TOKENS_A_PAIR, _KEYS * _TOKENS_A_PAIR
        if reason is None and not shortest <= case.seq_len <= longest:
            reason = f"seq_len {case.seq_len} asked for; recall has {shortest} to {longest} tokens"
        return reason

    def data(self, case: Case) -> Data:
        """Gives tokens ``[b, seq_len]`` and the values asked for, ``[b, seq_len]``."""
        sizes = (_TRAIN, _VALIDATION, _ASKED // _pairs(case.seq_len))
        train, validation, test = (_drawn(number, case.seq_len, seed) for seed, number in enumerate(sizes))
        vocabulary = 1 + _KEYS + _VALUES
        return Data(train=train, validation=validation, test=test, outputs=vocabulary, vocabulary=vocabulary)

    def baselines(self, case: Case) -> dict[str, float]:
        """Gives the accuracy of naming any value that stands in the sample (`majority`)."""
        return {"majority": 1 / _pairs(case.seq_len)}


def _pairs(seq_len: int) -> int:
    return seq_len // _TOKENS_A_PAIR


def _drawn(number: int, seq_len: int, seed: int) -> Samples:
    import torch

    generator = torch.Generator().manual_seed(seed)
    pairs = _pairs(seq_len)
    first_place = 1 + 2 * pairs
    keys = 1 + _distinct(number, pairs, _KEYS, generator)
    values = 1 + _KEYS + _distinct(number, pairs, _VALUES, generator)
    places = first_place + _distinct(number, pairs, seq_len - first_place, generator)
    tokens = torch.full((number, seq_len), _BLANK)
    tokens[:, 1:first_place] = torch.stack([keys, values], dim=-1).flatten(1)
    tokens.scatter_(1, places, keys)
    targets = torch.full((number, seq_len), IGNORED).scatter_(1, places, values)
    return Samples(targets=targets, inputs=lambda indices: (tokens[indices], None))


def _distinct(number: int, kept: int, of: int, generator: torch.Generator) -> torch.Tensor:
    """Gives `number` draws of `kept` different numbers below `of`, in random order."""
    import torch

    return torch.rand(number, of, generator=generator).argsort(dim=1)[:, :kept]


TASK = Recall()
