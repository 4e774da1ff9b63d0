"""The article from which the project began, against its own worked example: X = Q = K = I, 3 x 3.

It prints I/3 for the attention matrix. The right values below follow from the formula by hand: on the diagonal
``e^s / (e^s + 2)`` and off it ``1 / (e^s + 2)`` for a scale s, whose other singular values are their difference.
"""

from __future__ import annotations

import math

import pytest
import torch

from bench import operators
from bench.case import Case
from bench.measure import inputs, reference

# scale -> diagonal, off-diagonal, row entropy in nats, second singular value
WORKED = {
    "unscaled": (1.0, 0.576117, 0.211942, 0.97533, 0.364175),
    "right": (1 / math.sqrt(3), 0.471083, 0.264458, 1.05809, 0.206625),
    "as written": (1 / 3, 0.411005, 0.294498, 1.08548, 0.116507),
}


def layer(name: str, batch: int = 1, seq_len: int = 3, hidden_size: int = 3, **options: float) -> torch.nn.Module:
    case = Case(
        operator=name,
        scope="layer",
        dtype="float64",
        batch_size=batch,
        seq_len=seq_len,
        num_heads=1,
        head_dim=hidden_size,
        hidden_size=hidden_size,
        options=tuple(sorted(options.items())),
    )
    built: torch.nn.Module = operators.load(name).build(case, torch.Generator().manual_seed(0))
    return built


def with_identity_weights(module: torch.nn.Module) -> torch.nn.Module:
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            parameter.copy_(torch.eye(3) if name.endswith("weight") else torch.zeros(3))
    return module


@pytest.mark.parametrize("variant", WORKED)
def test_worked_example_has_the_right_values(variant: str) -> None:
    scale, diagonal, off_diagonal, entropy, singular = WORKED[variant]

    matrix = torch.softmax(scale * torch.eye(3, dtype=torch.float64), dim=-1)

    found = (matrix[0, 0], matrix[0, 1], torch.special.entr(matrix[0]).sum(), torch.linalg.svdvals(matrix)[1])
    assert [float(x) for x in found] == pytest.approx([diagonal, off_diagonal, entropy, singular], abs=5e-6)


@pytest.mark.parametrize(("name", "variant"), [("seed_fixed", "right"), ("seed_as_written", "as written")])
def test_seed_computes_its_row_of_the_worked_example(name: str, variant: str) -> None:
    x = torch.eye(3, dtype=torch.float64)[None]

    output = with_identity_weights(layer(name))(x)[0].detach()

    _, diagonal, off_diagonal, _, _ = WORKED[variant]
    assert [float(output[0, 0]), float(output[0, 1])] == pytest.approx([diagonal, off_diagonal], abs=5e-7)


def test_right_matrix_of_the_worked_example_has_no_low_rank() -> None:
    q = torch.eye(3, dtype=torch.float64)[None, None]

    found = reference.hardness(reference.attention_matrix(q, q)[0], (1, 2, 3))

    assert list(found.eckart_young_error.values()) == pytest.approx([0.280482, 0.198331, 0.0], abs=5e-7)


def test_softmax_of_logits_of_rank_four_has_full_rank() -> None:
    q = torch.randn(1, 1, 64, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    k = torch.randn(1, 1, 64, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)

    assert torch.linalg.matrix_rank(reference.attention_matrix(q, k)[0, 0]) == 64


@pytest.mark.parametrize("shape", [(2, 5, 16), (5, 5, 16), (1, 5, 16), (5, 1, 16)])
@pytest.mark.filterwarnings("ignore:The use of `x.T`:UserWarning")
def test_printed_line_raises_on_a_batch(shape: tuple[int, ...]) -> None:
    q = torch.ones(shape)

    with pytest.raises(RuntimeError):
        q @ q.T


@pytest.mark.filterwarnings("ignore:The use of `x.T`:UserWarning")
def test_printed_line_runs_and_is_wrong_where_batch_and_length_and_width_are_equal() -> None:
    q = torch.randn(4, 4, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)

    weights = torch.softmax(q @ q.T / 4, dim=1)

    assert not torch.allclose(weights.sum(dim=-1), torch.ones(4, 4, dtype=torch.float64))


def test_as_written_serves_a_batch_sample_by_sample() -> None:
    module = layer("seed_as_written", batch=3, seq_len=5, hidden_size=8)
    x = torch.randn(3, 5, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)

    together = module(x)

    assert torch.equal(together, torch.stack([module(sample) for sample in x]))


def test_as_written_is_fixed_with_a_smaller_query() -> None:
    written, fixed = layer("seed_as_written", hidden_size=8), layer("seed_fixed", hidden_size=8)
    x = torch.randn(1, 3, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)

    with torch.no_grad():
        for name, parameter in fixed.named_parameters():
            if name.startswith("linear_q"):
                parameter.div_(math.sqrt(8))

    assert torch.allclose(written(x), fixed(x), rtol=0, atol=1e-14)


def test_the_two_agree_where_the_key_has_width_one() -> None:
    x = torch.randn(1, 3, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    written, fixed = (layer(name, hidden_size=8, d_key=1)(x) for name in ("seed_as_written", "seed_fixed"))

    assert torch.allclose(written, fixed, rtol=0, atol=1e-14)


def test_widths_16_4_8_have_272_parameters() -> None:
    """2·(d·d_key + d_key) + d·d_value + d_value."""
    case = Case(
        operator="seed_fixed",
        scope="layer",
        seq_len=3,
        num_heads=1,
        head_dim=16,
        hidden_size=16,
        options=(("d_key", 4), ("d_value", 8)),
    )

    assert operators.load("seed_fixed").cost(case).parameters == 272


# scale -> entropy / ln n, stable rank, best rank-32 error; iid q and k, n = 256, c = 64
SCALES = {"iid": (0.910, 2.77, 0.4945), "seed_scale": (0.9986, 1.02, 0.0596)}


@pytest.mark.parametrize("name", SCALES)
def test_scale_of_the_article_makes_attention_nearly_uniform(name: str) -> None:
    """One draw of 256 x 64 entries against another: entropy to 1 %, stable rank and error to 10 %."""
    case = Case(operator="-", seq_len=256, num_heads=1, head_dim=64, hidden_size=64, input=name)
    tensors = inputs.load(name).tensors(case)

    found = reference.hardness(reference.attention_matrix(tensors["q"], tensors["k"])[0], (32,))

    entropy, stable_rank, error = SCALES[name]
    assert found.input_entropy == pytest.approx(entropy, rel=0.01)
    assert found.input_stable_rank == pytest.approx(stable_rank, rel=0.1)
    assert found.eckart_young_error[32] == pytest.approx(error, rel=0.1)


def test_attention_without_a_scale_is_sharp_and_of_high_rank() -> None:
    """The third row of the same table: 0.122, 29.96, 0.7487. The stable rank hangs on the fullest column of one draw
    (27 to 55 over six seeds of ours), hence a factor of two.
    """
    case = Case(operator="-", seq_len=256, num_heads=1, head_dim=64, hidden_size=64)
    tensors = inputs.load("iid").tensors(case)

    found = reference.hardness(reference.attention_matrix(tensors["q"] * 8, tensors["k"])[0], (32,))

    assert found.input_entropy == pytest.approx(0.122, rel=0.1)
    assert 29.96 / 2 < found.input_stable_rank < 29.96 * 2
    assert found.eckart_young_error[32] == pytest.approx(0.7487, rel=0.1)
