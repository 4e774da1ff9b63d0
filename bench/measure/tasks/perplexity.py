"""How surprised is a language model by the next word of a book? Perplexity of SmolLM2 on excerpts it is fed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.case import Case
from bench.data import models
from bench.data.sets import documents
from bench.measure.tasks._base import Task
from bench.measure.tasks._data import Data

if TYPE_CHECKING:
    import torch

__all__ = ["TASK"]

_SEED = 0
_TEST_EXCERPTS, _VALIDATION_EXCERPTS = 16, 8  # of 140
_TEST_TOKENS = 8192  # whatever the windows' length: half a minute of one core
_BETWEEN = "\n\n"


class Perplexity(Task):
    """140 excerpts of books of about 900 words, in a random order: 16 for the test, 8 for validation, 116 to train.

    A split is one stream of tokens, cut into windows of seq_len; of the test stream as many, evenly spread, as make
    8,192 tokens. The excerpts have lost their commas, full stops and quotes, so that perplexity is higher than on
    text as people write it: it serves to compare operators, not to be compared with what is published. The weights
    are the 4-bit ones. The baseline `linear` is the perplexity of the unigram: tokens are as common as in the train
    split, where each is counted once more than it was seen. There is no `majority`.
    """

    label = "perplexity of books"
    modality = "language"
    metric = "perplexity"
    models = frozenset({"smollm2"})
    trains = False
    causal = True
    sources = ("documents",)
    evaluated_at_once = 1  # the logits of 1024 tokens are 200 MB

    def data(self, case: Case) -> Data:
        """Gives windows ``[b, seq_len]`` of token ids and, as targets, the tokens after them."""
        import torch

        from bench.measure.tasks._windows import count, windows

        streams = _streams(case)
        train, validation = (
            windows(stream, case.seq_len, torch.arange(count(stream, case.seq_len)))
            for stream in (streams["train"], streams["validation"])
        )
        test = windows(streams["test"], case.seq_len, _tested(streams["test"], case.seq_len))
        return Data(train=train, validation=validation, test=test, outputs=_vocabulary(case))

    def baselines(self, case: Case) -> dict[str, float]:
        """Gives the perplexity of the unigram (`linear`) on the test tokens."""
        import torch

        from bench.measure.tasks._windows import windows

        streams = _streams(case)
        asked = windows(streams["test"], case.seq_len, _tested(streams["test"], case.seq_len)).targets.flatten()
        counts = torch.bincount(streams["train"], minlength=_vocabulary(case)).double() + 1
        return {"linear": float((counts.sum() / counts)[asked].log().mean().exp())}


def _streams(case: Case) -> dict[str, torch.Tensor]:
    """Gives the token ids ``[N]``, int64, of each split."""
    import numpy as np
    import torch

    excerpts = documents.book_excerpts()
    order = np.random.default_rng(_SEED).permutation(len(excerpts)).tolist()
    parts = {
        "test": order[:_TEST_EXCERPTS],
        "validation": order[_TEST_EXCERPTS : _TEST_EXCERPTS + _VALIDATION_EXCERPTS],
        "train": order[_TEST_EXCERPTS + _VALIDATION_EXCERPTS :],
    }
    texts = [_BETWEEN.join(excerpts[number] for number in numbers) for numbers in parts.values()]
    ids = models.load(str(case.model)).token_ids(texts)
    return {part: torch.tensor(tokens) for part, tokens in zip(parts, ids, strict=True)}


def _tested(stream: torch.Tensor, seq_len: int) -> torch.Tensor:
    """Gives the numbers of the windows that are judged."""
    from bench.measure.tasks._windows import count, spread

    return spread(count(stream, seq_len), max(_TEST_TOKENS // seq_len, 1))


def _vocabulary(case: Case) -> int:
    return int(models.load(str(case.model)).VOCABULARY)


TASK = Perplexity()
