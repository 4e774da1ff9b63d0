"""Texts that each belong to one class: words for a network that is trained here, a pretrained model's own tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench.case import Case
from bench.data import models
from bench.measure.tasks._classification import Classification, stored
from bench.measure.tasks._data import Data

if TYPE_CHECKING:
    from bench.data.sets._labelled import Labelled

__all__ = ["TextClassification"]


class TextClassification(Classification):
    """A classification of texts.

    A token is a word; a longer text is cut at `seq_len` tokens, a shorter one padded. The linear baseline is a bag of
    words and of pairs of words, and has the whole text: length costs it nothing, and that is a part of what it is.
    """

    modality = "language"
    padded = True

    def data(self, case: Case) -> Data:
        """Gives token ids ``[b, seq_len]`` and their mask, and classes."""
        splits = self.splits(case)
        vocabulary = 0
        if case.model is None:
            from bench.measure.tasks._words import Vocabulary

            words = Vocabulary(_texts(splits.train))
            encode, vocabulary = words.encode, len(words)
        else:
            encode = models.load(case.model).encode
        train, validation, test = (
            stored(part, *encode(_texts(part), case.seq_len))
            for part in (splits.train, splits.validation, splits.test)
        )
        outputs = len(splits.train.classes)
        return Data(train=train, validation=validation, test=test, outputs=outputs, vocabulary=vocabulary)

    def linear(self) -> Any:
        """Gives logistic regression on tf-idf of words and pairs of words."""
        from bench.measure.tasks import _linear

        return _linear.bag_of_words()


def _texts(labelled: Labelled) -> list[str]:
    return [str(sample) for sample in labelled.samples]
