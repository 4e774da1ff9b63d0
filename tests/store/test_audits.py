from __future__ import annotations

from pathlib import Path

import pytest

from bench.errors import StoreError, UsageError
from bench.store.audits import create_audit, read_audit


def test_an_audit_is_read_back_as_it_was_stored(tmp_path: Path) -> None:
    folder = create_audit(tmp_path / "results", {"rows": [{"observed": "×1.3"}]})

    stored = read_audit(folder)
    assert stored["rows"] == [{"observed": "×1.3"}]
    assert (stored["audit"], folder.name[:6]) == (folder.name, "audit-")


def test_no_half_written_file_stays(tmp_path: Path) -> None:
    folder = create_audit(tmp_path, {})

    assert [path.name for path in folder.iterdir()] == ["audit.json"]


def test_a_folder_without_an_audit_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as told:
        read_audit(tmp_path)

    found = "is no audit (it has no audit.json); a folder of bench audit under results/"
    assert str(told.value) == f"{tmp_path}: {found}"


def test_a_damaged_audit_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "audit.json").write_text('{"rows":\n[')

    with pytest.raises(UsageError) as told:
        read_audit(tmp_path)

    assert told.value.where == f"{tmp_path / 'audit.json'}:2"
    assert told.value.right == "run bench audit again"


def test_results_that_cannot_be_made_are_told(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("a file")

    with pytest.raises(StoreError, match=r"cannot be made \(Not a directory\); --results a folder that can$"):
        create_audit(tmp_path / "results", {})
