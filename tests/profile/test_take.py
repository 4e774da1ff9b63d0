from __future__ import annotations

import json

import pytest

from bench.errors import StoreError, UsageError
from bench.profile.take import FACTS, fresh_folder, slug, take


def test_a_slug_is_the_id_and_a_part_of_the_hash(naive):
    assert slug(naive) == f"full_naive-bench-core-forward-n64-d32-fp32-cpu-head_dim16-threads1-{naive.case_hash[:8]}"


def test_a_slug_is_no_way_out_of_its_folder(naive):
    named = slug(naive.replace(operator="../../a b", input="x" * 300))

    assert named.startswith("a-b-bench-core")
    assert set("/ \\") & set(named) == set()
    assert len(named) <= 109


def test_a_folder_that_has_a_profile_gets_a_neighbour(tmp_path):
    for name in ("case", "case-2"):
        folder = fresh_folder(tmp_path / "case", exact=False)
        (folder / FACTS).touch()

        assert folder.name == name


def test_a_folder_that_is_named_and_not_empty_is_left_alone(tmp_path):
    (tmp_path / "mine").touch()
    with pytest.raises(UsageError) as told:
        fresh_folder(tmp_path, exact=True)

    assert str(told.value) == f"--output {tmp_path}: is there and not empty; a new folder"


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"cannot be made \(Not a directory\); --output another folder$"):
        fresh_folder(tmp_path / "file" / "below", exact=True)


@pytest.mark.slow
def test_a_case_that_fails_leaves_its_status_and_no_parts(naive, tmp_path, faulty):
    told = []
    profile = take(naive.replace(operator="raising"), tmp_path, seconds=0.1, plugins=["faulty"], tell=told.append)

    assert (profile["status"], profile["trace"], told) == ("crashed", None, ["torch trace"])
    assert json.loads((tmp_path / FACTS).read_text()) == profile
    assert (tmp_path / "summary.md").read_text().splitlines()[-1].startswith("**crashed**: ValueError: the article's")
