"""Which of 8 topics is a piece of news about? The second task, on which a fine-tuned model shows what it forgot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.data.sets import documents
from bench.measure.tasks._texts import TextClassification

if TYPE_CHECKING:
    from bench.data.sets._labelled import Labelled

__all__ = ["TASK"]


class Topics(TextClassification):
    """Reuters-21578 R8: of its 5,485 texts 4,000 train and 1,000 validation, of its 2,189 1,000 test.

    Half of them are about earnings and a bag of words has 97 % right, so it says nothing about attention: no network
    is trained on it. It says whether a model whose weights have moved is still of use for something else.

    Source: Lewis, 1997, in the form of Cardoso-Cachopo, 2007.
    """

    label = "topics of news"
    models = frozenset({"minilm"})
    trains = False
    sources = ("documents",)

    def read(self) -> dict[str, Labelled]:
        """Gives the two splits of Lewis (ModApte)."""
        return documents.split("reuters-r8")


TASK = Topics()
