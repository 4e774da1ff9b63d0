from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[1] / "suite/examples/design.yaml"


@pytest.mark.slow
def test_check_jsonschema_accepts_the_design_s_example_and_refuses_a_wrong_word(bench, tmp_path):
    schema, wrong = tmp_path / "schema.json", tmp_path / "wrong.yaml"
    schema.write_text(bench("schema").stdout, encoding="utf-8")
    wrong.write_text(EXAMPLE.read_text(encoding="utf-8").replace("lora_merged", "lora_merjed"), encoding="utf-8")
    program = Path(sys.executable).with_name("check-jsonschema")

    codes = [
        subprocess.run([program, "--schemafile", schema, path], capture_output=True, check=False).returncode
        for path in (EXAMPLE, wrong)
    ]
    assert codes == [0, 1]


def test_the_schema_that_suites_name_is_the_one_that_is_printed(bench):
    """Made by: python -m bench schema > docs/suite.schema.json."""
    committed = Path(__file__).parents[2] / "docs" / "suite.schema.json"

    assert bench("schema").stdout == committed.read_text(encoding="utf-8")
