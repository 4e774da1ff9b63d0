"""What was said? Spoken words and sentences, written down by Whisper and compared with what is known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bench.case import Case
from bench.data import models
from bench.data.sets import prompts
from bench.measure.tasks._base import Task
from bench.measure.tasks._data import IGNORED, Data, Samples, Scores

if TYPE_CHECKING:
    import torch

__all__ = ["TASK"]


class Transcripts(Task):
    """77 English announcements of a word or two and 5 sentences of a book, all of them for the test.

    The metric is the word error rate: words that were put in, left out or mistaken, over words that were said, after
    `bench.data.sets.prompts.normal_words` has made one spelling of both. `majority` is the empty transcript, which
    has every word wrong; a worse one is possible. There is no `linear`.

    A token is 20 ms, and the clips, the longest of 7.1 s, are filled up with silence to the 30 s that the model was
    trained on: where they are encoded shorter it repeats a word to the end, with exact attention too. The word
    error rate of tiny.en is 0.067 at 1500 tokens, 0.087 at 750, and 11.3 at 400.

    Source: Radford et al., arXiv 2212.04356, section 3.2, for the metric after a normaliser; 2.1 for the 30 s.
    """

    label = "transcripts"
    modality = "audio"
    metric = "word_error_rate"
    models = frozenset({"whisper"})
    trains = False
    sources = ("voices", "prompts")
    timed = "the encoder alone: words are written down by the decoder, outside the clock"
    evaluated_at_once = 8

    def unsupported(self, case: Case) -> str | None:
        """Gives why clips are not heard in the length that the model was trained on, or nothing."""
        reason = super().unsupported(case)
        if reason or case.model is None:
            return reason
        trained: int = models.load(case.model).MAX_SEQ_LEN
        if case.seq_len == trained:
            return None
        return f"seq_len {case.seq_len} asked for; {case.model} writes down clips of {trained} tokens, no others"

    def absent(self, case: Case) -> str | None:
        """Gives which package the clips cannot be opened without and what to type, or nothing."""
        return super().absent(case) or prompts.lacking()

    def data(self, case: Case) -> Data:
        """Gives log-mels ``[b, 80, 2·seq_len]`` and, as targets ``[N, n]``, the letters of what was said."""
        import torch

        clips = prompts.clips()
        encode = models.load(str(case.model)).encode
        said = [" ".join(prompts.normal_words(text)) for _, text in clips]
        targets = torch.full((len(clips), max(len(text) for text in said)), IGNORED)
        for row, text in zip(targets, said, strict=True):
            row[: len(text)] = torch.tensor([ord(letter) for letter in text])

        def inputs(indices: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
            features, mask = encode([clips[number][0] for number in indices.tolist()], case.seq_len)
            return features, mask

        nothing = Samples(targets[:0], inputs)
        return Data(train=nothing, validation=nothing, test=Samples(targets, inputs), outputs=0)

    def evaluate(self, network: Any, samples: Samples) -> Scores:
        """Gives of each clip the words that are wrong and the words that were said.

        Args:
            network: with ``transcribe(features) -> list[str]``, and weights.
            samples: clips, the letters of their words as targets.
        """
        import torch

        like = next(network.parameters())
        errors, words = [], []
        for indices in torch.split(torch.arange(len(samples)), self.evaluated_at_once):
            batch = samples.batch(indices, like)
            with torch.inference_mode():
                heard = network.transcribe(batch.inputs)
            for text, letters in zip(heard, batch.targets.tolist(), strict=True):
                said = "".join(chr(letter) for letter in letters if letter != IGNORED).split()
                errors.append(float(_edits(prompts.normal_words(text), said)))
                words.append(float(len(said)))
        return Scores(errors, words)

    def baselines(self, case: Case) -> dict[str, float]:
        """Gives the word error rate of saying nothing (`majority`)."""
        return {"majority": 1.0}


def _edits(heard: Sequence[str], said: Sequence[str]) -> int:
    """Gives the fewest words to put in, leave out or replace that make one of the other.

    Source: Wagner and Fischer, J. ACM 21 (1), 1974, algorithm X.
    """
    above = list(range(len(said) + 1))
    for row, word in enumerate(heard, 1):
        here = [row]
        for column, other in enumerate(said, 1):
            here.append(min(above[column] + 1, here[-1] + 1, above[column - 1] + (word != other)))
        above = here
    return above[-1]


TASK = Transcripts()
