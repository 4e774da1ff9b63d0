"""What the article claims of LoRA, each with the number that decides it: C1 to C8 of `seed.exhibits`."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from bench import operators
from bench.audit._exhibit import Exhibit
from bench.audit.growth import exponent
from bench.case import Case
from bench.measure import workload
from bench.measure.layers import SelfAttention, linear

__all__ = ["CLAIMS"]


def _factorises_the_update() -> Exhibit:
    lengths = (128, 256, 512)
    counts = {kind: [_core_flops(n, adapted=kind == "with") for n in lengths] for kind in ("without", "with")}
    grown = {f"core exponent {kind} LoRA": exponent(lengths, cost) for kind, cost in counts.items()}
    return Exhibit(
        number="C1",
        says="LoRA factorises the attention matrix, A = P·Q.",
        right="LoRA factorises the update of a weight, W0 + (α/r)·B·A, with W0 frozen; attention stays n².",
        shown=f"FLOPs of the core grow as n^{grown['core exponent without LoRA']:.2f} without LoRA on q and v and as "
        f"n^{grown['core exponent with LoRA']:.2f} with it.",
        values=grown,
    )


def _adds() -> Exhibit:
    module, weight = _lora(16, 24, rank=4)
    values = torch.linalg.svdvals(module.merged_weight().detach() - weight)
    rank = int((values > 1e-9 * values[0]).sum())
    return Exhibit(
        number="C2",
        says="An adapter matrix is multiplied with the weights.",
        right="LoRA adds; bottleneck adapters insert h + W_up σ(W_down h); only (IA)³ multiplies.",
        shown=f"Merged weight minus W0, 24 x 16 at r = 4, has rank {rank}.",
        values={"rank of the update": rank},
    )


def _costs_more_unmerged() -> Exhibit:
    shape: dict[str, Any] = {"scope": "projection", "seq_len": 512, "hidden_size": 768}
    base, unmerged, merged = (
        _counted(Case(operator=name, **shape, rank=rank))
        for name, rank in (("full", None), ("lora", 16), ("lora_merged", None))
    )
    return Exhibit(
        number="C3",
        says="Lower complexity and faster inference.",
        right="Unmerged LoRA adds 2Tr(d_in + d_out) FLOPs and two launches; merged it costs exactly the base.",
        shown=f"T = 512, d = 768, r = 16: {unmerged - base:,} FLOPs more than the base's {base:,} unmerged, "
        f"{merged - base} more merged.",
        values={"added unmerged": unmerged - base, "added merged": merged - base},
    )


def _stores_less() -> Exhibit:
    module, weight = _lora(768, 768, rank=4, dtype="float16")
    whole, adapter = _file_bytes({"weight": weight}), _file_bytes({"a": module.a.detach(), "b": module.b.detach()})
    trained = sum(w.numel() for w in module.parameters() if w.requires_grad)
    gpt3 = 96 * 2 * 2 * 12288 * 4
    return Exhibit(
        number="C4",
        says="More parameters, more to store and to send.",
        right="The adapter is what is stored and sent: GPT-3 has 350 GB, its adapter at r = 4 on q and v 35 MB.",
        shown=f"A file of one 768 x 768 projection in fp16 has {whole:,} bytes, of its adapter at r = 4 {adapter:,} "
        f"({trained:,} trainable weights of {weight.numel():,}). With 2·d·r weights for q and v in each of its 96 "
        f"layers GPT-3's adapter has {2 * gpt3 / 1e6:.1f} MB.",
        values={"trainable": trained, "frozen": weight.numel(), "GPT-3 adapter MB": 2 * gpt3 / 1e6},
    )


def _must_be_formed_first() -> Exhibit:
    ratios = {}
    for n in (64, 128, 256):
        shape: dict[str, Any] = {"seq_len": n, "num_heads": 1, "head_dim": 64, "hidden_size": 64}
        full, oracle = (
            _seconds(workload.build(Case(operator=name, **shape, rank=rank)).call)
            for name, rank in (("full_naive", None), ("svd_oracle", 16))
        )
        ratios[f"n = {n}"] = oracle / full
    return Exhibit(
        number="C5",
        says="Factorising A saves compute.",
        right="A must be formed before it can be factorised: 4n²c, and an SVD of O(n³) on top.",
        shown="The SVD of A to rank 16 takes, of full attention's time, "
        + ", ".join(f"×{ratio:.3g} at {at}" for at, ratio in ratios.items())
        + " (timed just now).",
        values=ratios,
    )


def _shapes() -> Exhibit:
    n, rank = 5, 2
    matrix = torch.softmax(torch.randn(n, n + 2, generator=torch.Generator().manual_seed(0)), -1)
    u, s, vh = torch.linalg.svd(matrix)
    p, q = u[:, :rank] * s[:rank], vh[:rank]
    return Exhibit(
        number="C6",
        says="P's rows are A's columns and Q's columns A's rows; Q is query and factor, A attention and adapter.",
        right="P is rows(A) x r and Q is r x cols(A); queries and keys are activations X·W; d_v is the value width.",
        shown=f"A of {tuple(matrix.shape)} is P of {tuple(p.shape)} times Q of {tuple(q.shape)}.",
        values={"rows of P": p.shape[0], "columns of Q": q.shape[1]},
    )


def _no_such_model() -> Exhibit:
    return Exhibit(
        number="C8",
        says="Used in the audio model “WAV2LPC”.",
        right="No model of that name was found; any audio transformer will do.",
        shown="Nothing to compute.",
        values={},
    )


CLAIMS: tuple[Callable[[], Exhibit], ...] = (
    _factorises_the_update,
    _adds,
    _costs_more_unmerged,
    _stores_less,
    _must_be_formed_first,
    _shapes,
    _no_such_model,
)


def _core_flops(n: int, *, adapted: bool) -> int:
    """Counted FLOPs of a self-attention with the plain formula, less those of its projections."""
    case = Case(operator="full_naive", scope="layer", seq_len=n, num_heads=2, head_dim=16, hidden_size=32)
    generator = torch.Generator().manual_seed(0)
    layer: Any = operators.load("full_naive").build_layer(case, SelfAttention(case, generator), generator)
    if adapted:
        for name in ("q", "v"):
            setattr(layer, name, operators.load("lora").build(case.replace(rank=4), getattr(layer, name), generator))
    x = torch.randn(1, n, 32, generator=generator)
    with FlopCounterMode(display=False) as whole:
        layer(x)
    with FlopCounterMode(display=False) as around:
        for project in (layer.q, layer.k, layer.v, layer.o):
            project(x)
    return int(whole.get_total_flops() - around.get_total_flops())


def _lora(in_features: int, out_features: int, *, rank: int, dtype: str = "float64") -> tuple[Any, torch.Tensor]:
    shape: dict[str, Any] = {"hidden_size": in_features, "out_features": out_features, "rank": rank}
    case = Case(operator="lora", scope="projection", dtype=dtype, seq_len=1, **shape)
    generator = torch.Generator().manual_seed(0)
    base = linear(case, in_features, out_features, generator)
    weight = base.weight.detach().clone()
    module = operators.load("lora").build(case, base, generator)
    module.perturb(generator)
    return module, weight


def _counted(case: Case) -> int:
    """As torch counts, and what the operator says that it does not see."""
    built = workload.build(case)
    with FlopCounterMode(display=False) as counter:
        built.call()
    unseen: int = operators.load(case.operator).cost(case).counter_gap(case.phase)
    return int(counter.get_total_flops()) + unseen


def _file_bytes(tensors: dict[str, torch.Tensor]) -> int:
    file = io.BytesIO()
    torch.save(tensors, file)
    return file.tell()


def _seconds(call: Callable[[], Any]) -> float:
    """The least of several calls: what is shown is an order of magnitude."""
    times = []
    for _ in range(20):
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    return min(times)
