"""Is a sentence of a review for or against the film? Two classes, 10,566 sentences of 18 words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.data.sets import film_sentences
from bench.measure.tasks._texts import TextClassification

if TYPE_CHECKING:
    from bench.data.sets._labelled import Labelled

__all__ = ["TASK"]


class FilmSentences(TextClassification):
    """Sentences of film reviews by the sign of the mean of twenty people's ratings: 49.6 % are positive.

    8,566 train, 1,000 validation, 1,000 test; of the train split a pretrained model has 4,000.

    Source: Hutto and Gilbert, ICWSM 2014 (VADER), whose raters read the sentences of Pang and Lee, ACL 2004.
    """

    label = "film sentences"
    models = frozenset({"minilm"})
    sources = ("film_sentences",)
    second = "topics"

    def read(self) -> dict[str, Labelled]:
        """Gives the three splits."""
        return film_sentences.split()


TASK = FilmSentences()
