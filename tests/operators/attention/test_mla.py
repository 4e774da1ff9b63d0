"""What is particular to multi-head latent attention, expanded and absorbed."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from bench import operators
from bench.case import Case
from bench.measure import workload
from bench.operators.attention import _latent

H, C, D_R, D_C, N = 2, 8, 4, 6, 12


def case_of(operator: str = "mla", **changes: Any) -> Case:
    shape: dict[str, Any] = {"seq_len": N, "num_heads": H, "head_dim": C, "hidden_size": H * C, "rank": D_C}
    return Case(**{**shape, "operator": operator, "scope": "layer", "dtype": "float64", "batch_size": 2, **changes})


def rotated(x: torch.Tensor) -> torch.Tensor:
    """RoPE as a product with a complex number: ``[b, n, heads, d_R]``, positions from 0."""
    pairs = torch.view_as_complex(torch.unflatten(x, -1, (-1, 2)).contiguous())
    frequencies = 10000 ** (-torch.arange(0, D_R, 2, dtype=torch.float64) / D_R)
    angles = torch.arange(x.shape[1], dtype=torch.float64)[:, None, None] * frequencies
    return torch.view_as_real(pairs * torch.polar(torch.ones_like(angles), angles)).flatten(-2)


def by_the_equations(layer: Any, x: torch.Tensor) -> torch.Tensor:
    """DeepSeek-V2, arXiv 2405.04434, equations 9 to 11 and 14 to 19, and the RMS norm of its code; not causal."""
    down = layer.kv_a_proj_with_mqa.weight
    latent = x @ down[:D_C].T
    latent = latent / (latent.square().mean(dim=-1, keepdim=True) + 1e-6).sqrt() * layer.kv_a_layernorm.weight
    shared = rotated((x @ down[D_C:].T)[:, :, None])[:, :, 0]
    heads = []
    for i in range(H):
        query = layer.q_proj.weight[i * (C + D_R) : (i + 1) * (C + D_R)]
        up_key, up_value = layer.kv_b_proj.weight[2 * i * C : 2 * (i + 1) * C].split(C)
        content, turned = x @ query[:C].T, rotated((x @ query[C:].T)[:, :, None])[:, :, 0]
        scores = content @ (latent @ up_key.T).mT + turned @ shared.mT
        heads.append((scores / math.sqrt(C + D_R)).softmax(dim=-1) @ (latent @ up_value.T))
    y: torch.Tensor = torch.cat(heads, dim=-1) @ layer.o_proj.weight.T
    return y


@pytest.mark.parametrize("operator", ["mla", "mla_absorbed"])
def test_it_is_what_the_equations_say(operator: str) -> None:
    built = workload.build(case_of(operator))
    layer: Any = built.module
    with torch.no_grad():
        layer.kv_a_layernorm.weight.copy_(torch.linspace(0.5, 1.5, D_C))

        expected = by_the_equations(layer, built.inputs["x"])

    torch.testing.assert_close(built.call(), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"causal": True},
        {"mask": "padding"},
        {"causal": True, "mask": "padding"},
        {"phase": "decode"},
        {"options": (("query_latent", 10.0),)},
        {"options": (("rope_dim", 2.0),)},
    ],
    ids=str,
)
def test_absorbed_is_expanded_to_rounding(form: dict[str, Any]) -> None:
    expanded, absorbed = (workload.build(case_of(name, **form)).call() for name in ("mla", "mla_absorbed"))

    torch.testing.assert_close(absorbed, expanded, rtol=0, atol=1e-12)


def test_the_step_that_cuda_takes_is_the_same_function(monkeypatch: pytest.MonkeyPatch) -> None:
    step: Any = workload.build(case_of("mla_absorbed", phase="decode"))
    fused = step.call()
    step.module.by_formula = True
    monkeypatch.setattr(_latent, "scaled_dot_product", None)  # it must do without

    torch.testing.assert_close(step.call(), fused, rtol=0, atol=1e-12)


def test_the_tokens_before_a_step_of_a_stack_do_not_look_ahead_on_cuda_either() -> None:
    """There the layers above are fed by the whole layers below, which are causal."""
    words: dict[str, Any] = {"scope": "model", "layers": 2, "causal": True, "phase": "decode"}
    built: Any = workload.build(case_of("mla_absorbed", **words))
    expected = built.call()
    x = torch.randn(2, N - 1, H * C, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    token = x[:, :1]
    before = built.module.decoding(x)(token)
    for block in built.module.blocks:
        block.attention.by_formula = True

    torch.testing.assert_close(built.call(), expected, rtol=0, atol=1e-12)
    torch.testing.assert_close(built.module.decoding(x)(token), before, rtol=0, atol=1e-12)


def test_positions_enter_by_the_rotated_part_alone() -> None:
    """Without it the layer is blind to order: permuted tokens give permuted outputs."""
    built = workload.build(case_of())
    layer: Any = built.module
    with torch.no_grad():
        layer.kv_a_proj_with_mqa.weight[D_C:] = 0
        x, order = built.inputs["x"], torch.randperm(N, generator=torch.Generator().manual_seed(0))

        permuted = layer(x[:, order])

    torch.testing.assert_close(permuted, built.call()[:, order], rtol=0, atol=1e-12)


@pytest.mark.parametrize("operator", ["mla", "mla_absorbed"])
def test_a_token_caches_the_latent_and_the_shared_rotated_key(operator: str) -> None:
    """d_c + d_R elements, where `sdpa` caches 2·h·c: DeepSeek-V2, table 1."""
    step = workload.build(case_of(operator, phase="decode"))

    assert [tuple(tensor.shape) for tensor in step.cache or ()] == [(2, N, D_C + D_R)]


def projections(compressed: int = 0) -> int:
    """Weights of the queries, of the latents and of the output."""
    d, width = H * C, H * (C + D_R)
    query = d * compressed + compressed * width if compressed else d * width
    return query + d * (D_C + D_R) + d * d


@pytest.mark.parametrize("compressed", [0, 10])
def test_weights_are_as_many_as_the_factors_have(compressed: int) -> None:
    """``d·d_c + d_c·h·2c + d·d_R``, the queries', ``h·c·d``, and of each norm its width."""
    cost = operators.load("mla").cost(case_of(options=(("query_latent", float(compressed)),)))

    assert cost.parameters == projections(compressed) + D_C * H * 2 * C + D_C + compressed


@pytest.mark.parametrize("operator", ["mla", "mla_absorbed"])
@pytest.mark.parametrize("queries", [1, N])
def test_flops_are_those_of_the_published_forms(operator: str, queries: int) -> None:
    """A sample's, n_q queries against n cached: expanded ``2h(n·d_c·2c + n_q·n(2c + d_R))``, absorbed
    ``2h(n_q·d_c·2c + n_q·n(2d_c + d_R))``; and two for each weight and token of the other projections."""
    forms = {
        "mla": 2 * H * (N * D_C * 2 * C + queries * N * (2 * C + D_R)),
        "mla_absorbed": 2 * H * (queries * D_C * 2 * C + queries * N * (2 * D_C + D_R)),
    }

    cost = operators.load(operator).cost(case_of(operator, phase="decode" if queries == 1 else "forward"))

    assert cost.forward_flops == 2 * (forms[operator] + 2 * queries * projections())


@pytest.mark.parametrize("phase", ["decode", "forward"])
@pytest.mark.parametrize("n", [2, 16, 256])
@pytest.mark.parametrize("latent", [2, 8, 64, 512])
def test_absorbed_has_fewer_flops_for_few_queries(phase: str, n: int, latent: int) -> None:
    """Iff ``n_q (2d_c·c + n(2d_c - 2c)) < 2n·d_c·c``."""
    expanded, absorbed = (
        operators.load(name).cost(case_of(name, phase=phase, seq_len=n, rank=latent)).forward_flops
        for name in ("mla", "mla_absorbed")
    )
    queries = 1 if phase == "decode" else n

    assert (absorbed < expanded) == (queries * (2 * latent * C + n * (2 * latent - 2 * C)) < 2 * n * latent * C)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            {"options": (("rope_dim", 3.0),)},
            "mla turns pairs and rope_dim is 3, not an even number",
        ),
        (
            {"num_kv_heads": 1},
            "mla has a latent in place of fewer key and value heads: leave num_kv_heads out",
        ),
        (
            {"phase": "decode", "mask": "padding"},
            "phase decode has no key mask: what is not there is not cached",
        ),
    ],
    ids=str,
)
def test_what_has_no_meaning_is_refused(change: dict[str, Any], reason: str) -> None:
    assert operators.load("mla").unsupported(case_of(**change)) == reason


def test_the_package_s_form_without_a_mask_is_refused_one() -> None:
    case = case_of("mla", mask="padding").replace(provider="transformers")

    assert operators.of(case).unsupported(case) == "mla of transformers honours no key mask"
