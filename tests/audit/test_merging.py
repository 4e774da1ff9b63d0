from __future__ import annotations

import pytest
import torch
from torch import nn

from bench.audit.merging import merged
from bench.audit.subject import Subject, distance


@pytest.mark.parametrize(
    ("operator", "provider", "package", "how"),
    [
        ("lora", "bench", "torch", "merged_weight()"),
        ("lora", "peft", "peft", "merge()"),
        ("lora", "loralib", "loralib", "eval()"),
        ("loha", "lycoris", "lycoris", "merge_to(1)"),
    ],
)
@pytest.mark.filterwarnings("ignore")  # of the packages
def test_each_way_to_merge_is_found_and_undone(operator: str, provider: str, package: str, how: str) -> None:
    pytest.importorskip(package)
    module, _, x = Subject(operator, provider).adapted(Subject(operator, provider).case("projection"), perturbed=True)
    before = module(x).detach()

    folded = merged(module, x)
    assert folded is not None
    folded.unmerge()

    assert folded.how == how
    assert distance(module(x).detach(), before) < 1e-12


def test_what_cannot_be_merged_is_told() -> None:
    assert merged(nn.Linear(2, 2), torch.ones(1, 2)) is None
