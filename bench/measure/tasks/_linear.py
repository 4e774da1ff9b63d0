"""What a task is worth without any attention: the most common class, and a linear classifier, by scikit-learn.

In: `Splits`. Out: shares of the test samples that are right. A network that does no better has shown nothing, so the
numbers stand beside its own, of the same samples.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bench.measure.tasks._splits import Splits

__all__ = ["accuracy", "bag_of_words", "logistic", "majority"]

_MOST_WORDS = 50_000
_MOST_ITERATIONS = 2000


def majority(splits: Splits) -> float:
    """Gives the accuracy of the answer that is most common in training."""
    answer = np.bincount(splits.train.labels).argmax()
    return float((splits.test.labels == answer).mean())


def accuracy(classifier: Any, splits: Splits) -> float:
    """Fits a scikit-learn classifier of raw samples to the train split and gives its accuracy on the test split."""
    classifier.fit(splits.train.samples, splits.train.labels)
    return float(classifier.score(splits.test.samples, splits.test.labels))


def bag_of_words() -> Any:
    """Gives a classifier of texts: logistic regression on tf-idf of the 50,000 commonest words and pairs of words."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, max_features=_MOST_WORDS)
    return make_pipeline(words, LogisticRegression(C=10.0, max_iter=_MOST_ITERATIONS))


def logistic(features: Any, *, strength: float) -> Any:
    """Gives a classifier: logistic regression on ``features(samples) [N, f]``, each of mean 0 and deviation 1.

    Args:
        features: makes an array of a list or an array of samples.
        strength: of the L2 penalty, the inverse of scikit-learn's C.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, StandardScaler

    regression = LogisticRegression(C=1 / strength, max_iter=_MOST_ITERATIONS)
    return make_pipeline(FunctionTransformer(features), StandardScaler(), regression)
