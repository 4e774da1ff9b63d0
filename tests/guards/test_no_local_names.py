"""Nothing that is committed names a machine's own folders or the host of a package registry."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

# Spelt in pieces so that this file does not find itself.
LOCAL = re.compile("|".join(["/wo" + r"rk/", "/ro" + "ot/", r"/ho" + r"me/\w", "/op" + r"t/(?:wheels|pypi)"]))
HOSTS = re.compile("|".join(["pypi" + r"\.org", "pythonhosted" + r"\.org", "download.pytorch" + r"\.org"]))


def test_no_committed_file_names_a_local_folder_or_a_registry_host(root: Path, tracked: list[Path]) -> None:
    found = []
    for path in tracked:
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue  # a picture or a table
        for number, line in enumerate(lines, 1):
            place = f"{path.relative_to(root)}:{number}"
            matches = (*LOCAL.finditer(line), *HOSTS.finditer(line))
            found += [f"{place}: names {match[0]!r}; say it without" for match in matches]

    if found:
        pytest.fail("\n".join(found), pytrace=False)
