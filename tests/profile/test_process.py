from __future__ import annotations

import pytest

from bench.profile.process import LOG, Job

pytestmark = pytest.mark.slow


def test_a_part_answers_with_its_facts(naive, tmp_path):
    answer = Job(naive, tmp_path, seconds=0.01).ask("loop")

    assert (answer.status, answer.reason, answer.silent) == ("ok", "", False)
    assert answer.facts["calls"] >= 1


def test_a_case_that_raises_is_an_answer_with_its_status_and_the_log_has_the_traceback(naive, tmp_path, faulty):
    answer = Job(naive.replace(operator="raising"), tmp_path, 0.01, ["faulty"]).ask("trace")

    assert answer.status == "crashed"
    assert answer.reason.startswith("ValueError: the article's line does not run on a batch (fail, faulty.py:")
    assert "Traceback" in (tmp_path / LOG).read_text()


def test_a_process_that_is_killed_is_an_answer_too(naive, tmp_path, faulty):
    answer = Job(naive.replace(operator="killed"), tmp_path, 60.0, ["faulty"]).ask("loop")

    assert (answer.status, answer.reason, answer.silent) == ("crashed", "the process was ended by SIGKILL", True)


def test_the_threads_are_the_case_s(naive, tmp_path):
    assert Job(naive.replace(threads=3), tmp_path, 1.0).threads == 3
