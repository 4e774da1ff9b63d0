"""The article from which the project began: each of its errors with the number that shows it, computed here.

Goes in: nothing but our own operators. Comes out: exhibits for the page that `bench audit --operator seed_as_written`
adds. The article calls an exact attention with a wrong scale "LoRA" and sells it as fast and of low rank. Numbers in
`values` are compared with golden ones by the tests; times are shown and compared with nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch

from bench.audit._claims import CLAIMS
from bench.audit._exhibit import Exhibit
from bench.case import Case
from bench.measure import inputs, reference

__all__ = ["Exhibit", "exhibits", "worked_example"]


def exhibits() -> list[Exhibit]:
    """Gives all errors in the order of the list, each computed anew."""
    return [make() for make in (*CLAIMS, *_FORMULAS)]


def worked_example() -> list[dict[str, Any]]:
    """Gives the article's example, X = Q = K = I (3 x 3), under each scale beside what it prints.

    Returns:
        Rows of `variant diagonal off_diagonal row_sum entropy_nats singular_value_2`; entropy where rows sum to 1.
    """
    eye = torch.eye(3, dtype=torch.float64)
    matrices = {
        "softmax(QKᵀ), unscaled": torch.softmax(eye, -1),
        "softmax(QKᵀ/√3), right": torch.softmax(eye / math.sqrt(3), -1),
        "softmax(QKᵀ/3), what its code computes": torch.softmax(eye / 3, -1),
        "softmax(QKᵀ)/3, its formula done right": torch.softmax(eye, -1) / 3,
        "what it prints": eye / 3,
    }
    rows = []
    for variant, matrix in matrices.items():
        whole = bool((matrix.sum(-1) - 1).abs().max() < 1e-12)
        rows.append(
            {
                "variant": variant,
                "diagonal": float(matrix[0, 0]),
                "off_diagonal": float(matrix[0, 1]),
                "row_sum": float(matrix[0].sum()),
                "entropy_nats": float(torch.special.entr(matrix[0]).sum()) if whole else None,
                "singular_value_2": float(torch.linalg.svdvals(matrix)[1]),
            }
        )
    return rows


def _scaled_wrongly() -> Exhibit:
    rows = {row["variant"].split(",")[0]: row for row in worked_example()}
    text, code, right = (rows[name] for name in ("softmax(QKᵀ)/3", "softmax(QKᵀ/3)", "softmax(QKᵀ/√3)"))
    return Exhibit(
        number="M1",
        says="A = softmax(QKᵀ)/d_v in the text, softmax(QKᵀ/d_key) in the code.",
        right="softmax(QKᵀ/√d_key): inside, a square root, the width of the keys.",
        shown=f"Diagonal of the worked example: {text['diagonal']:.6f} by its text, whose rows sum to "
        f"{text['row_sum']:.4f}; {code['diagonal']:.6f} by its code; right is {right['diagonal']:.6f}.",
        values={"text": text["diagonal"], "code": code["diagonal"], "right": right["diagonal"]},
    )


def _forgets_the_values() -> Exhibit:
    generator = torch.Generator().manual_seed(0)
    q, k, v = (torch.randn(3, 4, generator=generator) for _ in range(3))
    scores = q @ k.T
    return Exhibit(
        number="M2",
        says="That is the “weighted sum”; QKᵀ = [q_1 k_1ᵀ, …, q_n k_nᵀ]; softmax = e^{q_1 k_1} / Σ e^{q_i k_i}.",
        right="The output is A·V, and V never appears; QKᵀ is n x n; A_ij = e^{s_ij} / Σ_l e^{s_il}.",
        shown=f"3 queries and 3 keys make {scores.numel()} scores, not 3; A·V is {tuple((scores @ v).shape)}.",
        values={"entries": scores.numel()},
    )


def _is_never_zero() -> Exhibit:
    diagonal = float(torch.softmax(torch.eye(3, dtype=torch.float64), -1)[0, 0])
    return Exhibit(
        number="M5",
        says="e/(e + 1 + 1) = 1/3 with zeros off the diagonal, and dividing that by 3 changes nothing.",
        right="A softmax is never 0, and I/3 over 3 is I/9.",
        shown=f"e/(e + 2) = {diagonal:.6f}; off the diagonal {(1 - diagonal) / 2:.6f}.",
        values={"diagonal": diagonal, "off the diagonal": (1 - diagonal) / 2},
    )


def _has_full_rank() -> Exhibit:
    q, k = (torch.randn(1, 1, 64, 4, generator=torch.Generator().manual_seed(s), dtype=torch.float64) for s in (0, 1))
    rank = int(torch.linalg.matrix_rank(reference.attention_matrix(q, k)[0, 0]))
    eye = torch.eye(3, dtype=torch.float64)[None, None]
    worked = reference.hardness(reference.attention_matrix(eye, eye)[0], (1, 2)).eckart_young_error
    return Exhibit(
        number="M7",
        says="A low-rank A = P·Q exists.",
        right="The right 3 x 3 A has rank 3, and a softmax of logits of rank d_key is in general of full rank.",
        shown=f"Logits of rank 4 at n = 64: rank(A) = {rank}. The worked example errs by at least {worked[1]:.6f} at "
        f"rank 1 and {worked[2]:.6f} at rank 2 (relative Frobenius).",
        values={"rank": rank, "error at rank 1": worked[1], "error at rank 2": worked[2]},
    )


def _transposes_everything() -> Exhibit:
    shapes = [(2, 5, 16), (5, 5, 16), (1, 5, 16), (5, 1, 16)]
    raising = []
    for shape in shapes:
        x = torch.ones(shape)
        try:
            x @ x.permute(2, 1, 0)  # what .T does to three dimensions
        except RuntimeError:
            raising.append(shape)
    q = torch.randn(4, 4, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    sums = torch.softmax(q @ q.permute(2, 1, 0) / 4, dim=1).sum(-1)
    off = float((sums - 1).abs().max())
    return Exhibit(
        number="K1",
        says="k.T",
        right="k.transpose(-2, -1): .T of three dimensions reverses them all.",
        shown=f"{len(raising)} of {len(shapes)} batches raise RuntimeError: {', '.join(map(str, raising))}; where "
        f"batch = n = d_key = 4 it runs, and a row sums to 1 ± {off:.2f}.",
        values={"raise": len(raising), "row off by": off},
    )


def _normalises_columns() -> Exhibit:
    q, k = (torch.randn(2, 6, 4, generator=torch.Generator().manual_seed(s), dtype=torch.float64) for s in (0, 1))
    weights = torch.softmax(q @ k.transpose(-2, -1) / 2, dim=1)
    columns, rows = (float((weights.sum(dim) - 1).abs().max()) for dim in (1, 2))
    return Exhibit(
        number="K2",
        says="softmax(…, dim=1)",
        right="dim=-1: of (batch, n, n) dim=1 normalises over queries.",
        shown=f"Columns sum to 1 within {columns:.0e}, rows are off by up to {rows:.2f}.",
        values={"columns off by": columns, "rows off by": rows},
    )


def _makes_attention_uniform() -> Exhibit:
    case = Case(operator="-", seq_len=256, num_heads=1, head_dim=64, hidden_size=64)
    iid = inputs.load("iid").tensors(case)
    values: dict[str, float] = {}
    words = []
    for name, factor in (("1/√d, right", 1.0), ("1/d, the article's", 1 / 8), ("none", 8.0)):
        found = reference.hardness(reference.attention_matrix(iid["q"] * factor, iid["k"])[0], (32,))
        entropy, stable, error = found.input_entropy, found.input_stable_rank, found.eckart_young_error[32]
        values |= {f"entropy, {name}": entropy, f"stable rank, {name}": stable, f"rank-32 error, {name}": error}
        words.append(f"{name}: {entropy:.4f}, {stable:.2f}, {error:.4f}")
    return Exhibit(
        number="K3",
        says="/ d_key",
        right="/ √d_key. With 1/d attention is almost uniform, so that every low-rank method looks nearly perfect.",
        shown="Entropy / ln n, stable rank and best rank-32 error of N(0, 1) at n = 256, d = 64 under the scale "
        + "; ".join(words)
        + ".",
        values=values,
    )


_FORMULAS: tuple[Callable[[], Exhibit], ...] = (
    _scaled_wrongly,
    _forgets_the_values,
    _is_never_zero,
    _has_full_rank,
    _transposes_everything,
    _normalises_columns,
    _makes_attention_uniform,
)
