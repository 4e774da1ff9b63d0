"""What is written is the likeliest token each time, and nothing that must not be."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from bench.data.models._dictation import Decoder, Dictation

END, LETTERS = 0, 12


@pytest.fixture
def decoder() -> Decoder:
    """A decoder of letters with drawn weights, which never likes the end: its scores are those of what it heard."""
    torch.manual_seed(0)
    made = Decoder(vocabulary=LETTERS, max_tokens=10, hidden_size=16, num_heads=4, ff_size=32, layers=2)
    return made.eval().requires_grad_(False)


@pytest.fixture
def hidden() -> torch.Tensor:
    return torch.randn(3, 6, 16, generator=torch.Generator().manual_seed(1))


DICTATION = Dictation(prompt=(1, 2), end=END, never=(1, 2), never_first=(END,), text=str)


def likeliest(decoder: Decoder, hidden: torch.Tensor, dictation: Dictation) -> list[int]:
    """Gives what one sample's text is by its definition: all is written anew for each token, nothing kept."""
    written: list[int] = []
    for step in range(5):
        ids = torch.tensor([[*dictation.prompt, *written]])
        scores = decoder(ids, decoder.listen(hidden))[0, -1]
        forbidden = {*dictation.never, *(dictation.never_first if step == 0 else ())}
        allowed = [token for token in range(LETTERS) if token not in forbidden]
        token = max(allowed, key=lambda each: scores[each].item())
        if token == dictation.end:
            break
        written.append(token)
    return written


def test_each_token_is_the_likeliest_after_those_before_it(decoder: Decoder, hidden: torch.Tensor) -> None:
    expected = [likeliest(decoder, sample[None], DICTATION) for sample in hidden]

    assert decoder.greedy(hidden, DICTATION) == expected


def test_a_text_ends_at_its_end_whatever_its_batch_mates_write(decoder: Decoder, hidden: torch.Tensor) -> None:
    end = decoder.greedy(hidden, DICTATION)[0][1]  # what the first text has second: now it ends there
    dictation = dataclasses.replace(DICTATION, end=end, never_first=())
    together = decoder.greedy(hidden, dictation)

    assert together == [decoder.greedy(sample[None], dictation)[0] for sample in hidden]
    assert not any(end in tokens for tokens in together)


def test_what_must_not_be_written_is_not(decoder: Decoder, hidden: torch.Tensor) -> None:
    never = tuple(range(4, LETTERS))
    written = decoder.greedy(hidden, dataclasses.replace(DICTATION, never=never, never_first=(END, 3)))

    assert not {token for tokens in written for token in tokens} & set(never)
    assert not {tokens[0] for tokens in written if tokens} & {END, 3}


def test_a_text_takes_half_the_positions_at_most(decoder: Decoder, hidden: torch.Tensor) -> None:
    endless = dataclasses.replace(DICTATION, never=(1, 2, END))

    assert [len(tokens) for tokens in decoder.greedy(hidden, endless)] == [5, 5, 5]


def test_nothing_is_written_where_the_end_comes_first(decoder: Decoder, hidden: torch.Tensor) -> None:
    silent = dataclasses.replace(DICTATION, never=tuple(range(1, LETTERS)), never_first=())

    assert decoder.greedy(hidden, silent) == [[], [], []]
