"""What a head reads of padded samples, and how samples are padded."""

from __future__ import annotations

import torch

from bench.data.models._network import masked_mean, padded


def test_token_ids_are_padded_with_zeros_and_a_mask_says_where() -> None:
    ids, mask = padded([[5, 6, 7], [8], []], 4)

    assert ids.tolist() == [[5, 6, 7, 0], [8, 0, 0, 0], [0, 0, 0, 0]]
    assert mask.tolist() == [[True, True, True, False], [True, False, False, False], [False] * 4]
    assert (ids.dtype, mask.dtype) == (torch.int64, torch.bool)


def test_a_mean_is_over_what_is_there() -> None:
    hidden = torch.tensor([[[1.0, 2.0], [3.0, 4.0], [100.0, 100.0]]])

    assert masked_mean(hidden, torch.tensor([[True, True, False]])).tolist() == [[2.0, 3.0]]
    assert masked_mean(hidden[:, :2], None).tolist() == [[2.0, 3.0]]
