import re

import pytest

from bench.errors import StoreError, UsageError
from bench.store.run import create, find, new_folder, open_run, write_whole


def test_a_new_run_is_named_after_its_suite_and_can_be_opened(tmp_path):
    run = create(tmp_path, "nlp", {"suite": "nlp"})

    assert run.name.startswith("nlp-")
    assert open_run(run.path).info == run.info


def test_two_runs_of_one_second_are_two_folders(tmp_path):
    assert create(tmp_path, "nlp", {}).path != create(tmp_path, "nlp", {}).path


def test_a_run_is_found_by_name_and_by_path(tmp_path):
    run = create(tmp_path, "nlp", {})

    assert find(tmp_path, run.name).path == run.path
    assert find(tmp_path, str(run.path)).path == run.path


@pytest.mark.parametrize("name", ["../secret", "nothing-here", "/etc"])
def test_a_name_that_is_no_run_is_refused(tmp_path, name):
    with pytest.raises(UsageError, match="no run"):
        find(tmp_path, name)


def test_a_damaged_run_json_is_told_with_its_line(tmp_path):
    run = create(tmp_path, "nlp", {})
    (run.path / "run.json").write_text("{\n  broken")

    with pytest.raises(UsageError, match=r"run\.json:2: is damaged"):
        open_run(run.path)


def test_a_write_that_fails_leaves_what_stood_there(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")

    def fail(temporary):
        temporary.write_text("half")
        raise OSError(28, "No space left on device")

    with pytest.raises(StoreError, match="No space left"):
        write_whole(path, fail)

    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_a_results_folder_that_is_a_file_is_told(tmp_path):
    (tmp_path / "results").write_text("")

    with pytest.raises(StoreError, match="cannot be made"):
        create(tmp_path / "results", "nlp", {})


def test_a_new_folder_is_named_by_its_prefix_and_the_time(tmp_path):
    folder = new_folder(tmp_path / "results", "audit")

    assert folder.is_dir()
    assert re.fullmatch(r"audit-\d{8}t\d{6}-[0-9a-f]{4}", folder.name)


def test_two_new_folders_of_one_second_are_two(tmp_path):
    assert new_folder(tmp_path, "nlp") != new_folder(tmp_path, "nlp")
