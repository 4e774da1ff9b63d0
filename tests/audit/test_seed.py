"""The article's errors against the numbers of the hand: formulas in tests/golden/test_seed_article.py."""

from __future__ import annotations

import pytest

from bench.audit.seed import Exhibit, exhibits, worked_example


@pytest.fixture(scope="module")
def by_number() -> dict[str, Exhibit]:
    return {each.number: each for each in exhibits()}


# number -> values that are the same on every machine; a count or a formula says them
GOLDEN: dict[str, dict[str, float]] = {
    "C1": {"core exponent without LoRA": 2.0, "core exponent with LoRA": 2.0},  # 4·n²·d
    "C2": {"rank of the update": 4},  # r
    "C3": {"added unmerged": 2 * 512 * 16 * (768 + 768), "added merged": 0},  # 2·T·r·(in + out)
    "C4": {"trainable": 4 * (768 + 768), "frozen": 768 * 768, "GPT-3 adapter MB": 37.748736},  # r·(in + out); 2·L·d·r
    "C6": {"rows of P": 5, "columns of Q": 7},
    "C8": {},
    "M1": {"text": 0.192039, "code": 0.411005, "right": 0.471083},
    "M2": {"entries": 9},
    "M5": {"diagonal": 0.576117, "off the diagonal": 0.211942},
    "M7": {"rank": 64, "error at rank 1": 0.280482, "error at rank 2": 0.198331},
}


@pytest.mark.parametrize("number", GOLDEN)
def test_an_error_is_shown_by_its_number(by_number: dict[str, Exhibit], number: str) -> None:
    assert by_number[number].values == pytest.approx(GOLDEN[number], abs=5e-7)


def test_the_transposition_raises_on_every_batch_and_is_wrong_where_it_runs(by_number: dict[str, Exhibit]) -> None:
    values = by_number["K1"].values

    assert values["raise"] == 4
    assert values["row off by"] > 0.1


def test_columns_sum_to_one_and_rows_do_not(by_number: dict[str, Exhibit]) -> None:
    values = by_number["K2"].values

    assert values["columns off by"] < 1e-12
    assert values["rows off by"] > 0.1


@pytest.mark.parametrize(
    ("scale", "entropy", "error"),
    [("1/√d, right", 0.910, 0.4945), ("1/d, the article's", 0.9986, 0.0596), ("none", 0.122, 0.7487)],
)
def test_the_scale_decides_how_hard_attention_is(
    by_number: dict[str, Exhibit], scale: str, entropy: float, error: float
) -> None:
    """One draw against another, as in tests/golden: 10 %."""
    values = by_number["K3"].values

    assert values[f"entropy, {scale}"] == pytest.approx(entropy, rel=0.1)
    assert values[f"rank-32 error, {scale}"] == pytest.approx(error, rel=0.1)


def test_every_error_has_words(by_number: dict[str, Exhibit]) -> None:
    assert list(by_number) == ["C1", "C2", "C3", "C4", "C5", "C6", "C8", "M1", "M2", "M5", "M7", "K1", "K2", "K3"]
    assert all(each.says and each.right and each.shown for each in by_number.values())


def test_the_worked_example_has_the_right_rows() -> None:
    """By hand: e^s / (e^s + 2) and 1 / (e^s + 2) for the scale s; singular values 1 and their difference."""
    rows = [tuple(row.values())[1:] for row in worked_example()]

    assert rows[1] == pytest.approx((0.471083, 0.264458, 1.0, 1.05809, 0.206625), abs=5e-6)
    assert rows[3][:3] == pytest.approx((0.192039, 0.070647, 1 / 3), abs=5e-7)
    assert rows[4] == pytest.approx((1 / 3, 0.0, 1 / 3, None, 1 / 3))
