from __future__ import annotations

import json

import pytest

from bench.suite.status import cuda_present

PLUGIN = """
from bench import operators
NAIVE = type(operators.load("full_naive"))
class Leaky(NAIVE):
    def build(self, case, generator):
        attend = super().build(case, generator)
        return lambda q, k, v, mask=None: attend(q, k, v, mask) + 0.01 * v.mean(dim=(1, 2), keepdim=True)
MEMBERS = {"leaky": Leaky()}
"""


@pytest.mark.slow
def test_an_operator_that_keeps_its_claims_gives_exit_code_0_and_is_stored(bench, tmp_path) -> None:
    done = bench("audit", "--operator", "full_naive", "--property", "causal")

    (stored,) = tmp_path.glob("results/audit-*/audit.json")
    assert (done.returncode, done.stderr) == (0, "")
    rows = json.loads(stored.read_text(encoding="utf-8"))["rows"]
    assert [(row["property"], row["holds"]) for row in rows] == [("causal", True)]
    assert (tmp_path / "reports" / stored.parent.name / "index.html").is_file()


@pytest.mark.slow
def test_one_of_ours_that_breaks_its_claim_gives_exit_code_3_and_the_smallest_input(bench, tmp_path) -> None:
    (tmp_path / "leaks.py").write_text(PLUGIN)
    done = bench("audit", "--plugin", "leaks", "--operator", "leaky", "--property", "causal", "--format", "json")

    (row,) = json.loads(done.stdout)
    assert done.returncode == 3
    assert row["observed"].startswith("adding 3 to token 1 changes the tokens before it by ")
    assert (
        row["evidence"] == "leaky[bench] core/forward n=2 d=16 fp64 cpu batch_size=2 head_dim=8 causal=true, seed 0"
    )


@pytest.mark.slow
def test_the_seed_as_written_brings_its_page_of_errors(bench, tmp_path) -> None:
    done = bench("audit", "--operator", "seed_as_written")

    (page,) = tmp_path.glob("reports/audit-*/index.html")
    assert done.returncode == 0
    assert "core grow as n^2.00 without LoRA" in page.read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_package_that_does_otherwise_is_told_and_is_no_failure_of_ours(bench) -> None:
    pytest.importorskip("nystrom_attention")
    words = ("--operator", "nystrom", "--provider", "nystrom_attention", "--property", "batch_independence")
    done = bench("audit", *words)

    assert done.returncode == 0
    assert "taking sample 1 away changes sample 0 by" in done.stdout
    assert f"bench audit {' '.join(words)}" in done.stdout


def test_an_unknown_property_is_told(bench) -> None:
    done = bench("audit", "--property", "casual")

    assert (done.returncode, done.stderr) == (
        2,
        "error: --property: unknown property 'casual'; did you mean 'causal'?\n",
    )


@pytest.mark.skipif(cuda_present(), reason="there is a CUDA device")
def test_a_device_that_is_not_there_is_told(bench) -> None:
    done = bench("audit", "--device", "cuda")

    assert (done.returncode, done.stderr) == (2, "error: --device: there is no CUDA device here; leave it out\n")
