"""Which of 20 newsgroups was a message sent to? 18,821 texts of 162 words in the middle: the long texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.data.sets import documents
from bench.measure.tasks._texts import TextClassification

if TYPE_CHECKING:
    from bench.data.sets._labelled import Labelled

__all__ = ["TASK"]


class Documents(TextClassification):
    """20 Newsgroups in its split by date, lower-case words only: 10,293 train, 1,000 validation, 7,528 test.

    Of these a pretrained model has 4,000 and 1,000. Topics show in single words: a bag of words wins against small
    networks here, which is told beside them.

    Source: Lang, ICML 1995, in the form of Cardoso-Cachopo, 2007.
    """

    label = "documents"
    models = frozenset({"minilm"})
    sources = ("documents",)

    def read(self) -> dict[str, Labelled]:
        """Gives the two splits by date."""
        return documents.split("20newsgroups")


TASK = Documents()
