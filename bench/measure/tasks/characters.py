"""Which character comes next? A language model of 28 symbols, trained here on 4 million characters of news."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.case import Case
from bench.data.sets import documents
from bench.measure.tasks._base import Task
from bench.measure.tasks._data import Data

if TYPE_CHECKING:
    import torch

__all__ = ["TASK"]

_VALIDATION = 500  # windows
_TEST = 131_072  # characters, whatever the windows' length
_CONTEXT = 5


class Characters(Task):
    """The texts of Reuters-21578 R52: letters, blanks and newlines, 4.25 million to train and 1.51 million to test.

    Windows of seq_len characters; 500 of the train text are for validation, and of the test text as many as make
    131,072 characters, all evenly spread. Baselines, in bits a character on the same test characters: `majority` is
    the unigram (how common each character is), `linear` the 5-gram of `_ngrams`: what the five characters before it
    tell, also where they stand before the window. Some minutes of training don't beat it.

    Source: Lewis, 1997, in the form of Cardoso-Cachopo, 2007.
    """

    label = "characters"
    modality = "language"
    metric = "bits_per_character"
    causal = True
    learning_rate = 3e-3  # after 450 steps of 32 windows of 128: 2.34 bits, at 1e-3 3.08
    sources = ("documents",)

    def data(self, case: Case) -> Data:
        """Gives windows ``[b, seq_len]`` of characters by number and, as targets, the characters after them."""
        import torch

        from bench.measure.tasks._windows import count, spread, windows

        streams, symbols = _streams()
        number, seq_len = count(streams["train"], case.seq_len), case.seq_len
        learnt = torch.ones(number, dtype=torch.bool)
        held_out = spread(number, _VALIDATION)
        learnt[held_out] = False
        return Data(
            train=windows(streams["train"], seq_len, learnt.nonzero()[:, 0]),
            validation=windows(streams["train"], seq_len, held_out),
            test=windows(streams["test"], seq_len, _tested(streams["test"], seq_len)),
            outputs=symbols,
            vocabulary=symbols,
        )

    def baselines(self, case: Case) -> dict[str, float]:
        """Gives bits a character: of the unigram (`majority`) and of what five characters tell (`linear`)."""
        import torch

        from bench.measure.tasks._ngrams import bits

        streams, symbols = _streams()
        starts = _tested(streams["test"], case.seq_len) * case.seq_len
        places = (starts[:, None] + torch.arange(1, case.seq_len + 1)).flatten().numpy()
        known, text = streams["train"].numpy(), streams["test"].numpy()
        return {
            name: float(bits(known, text, places, context=context, symbols=symbols).mean())
            for name, context in {"majority": 0, "linear": _CONTEXT}.items()
        }


def _streams() -> tuple[dict[str, torch.Tensor], int]:
    """Gives the train and the test text by number, int64, and how many symbols the train text has."""
    import torch

    texts = documents.characters()
    number = {symbol: place for place, symbol in enumerate(sorted(set(texts["train"])))}
    return {part: torch.tensor([number[symbol] for symbol in text]) for part, text in texts.items()}, len(number)


def _tested(stream: torch.Tensor, seq_len: int) -> torch.Tensor:
    """Gives the numbers of the windows that are judged."""
    from bench.measure.tasks._windows import count, spread

    return spread(count(stream, seq_len), max(_TEST // seq_len, 1))


TASK = Characters()
