import subprocess
import sys

import pytest

from bench.errors import StoreError
from bench.store.lock import device_lock

_HOLD = """
import sys
from pathlib import Path
from bench.store.lock import device_lock
with device_lock("cpu", "run-a", Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path):
    command = [sys.executable, "-c", _HOLD, str(tmp_path)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_a_second_run_is_refused_with_the_name_of_the_first(holder, tmp_path):
    with pytest.raises(StoreError) as told, device_lock("cpu", "run-b", tmp_path):
        pass

    message = f"cpu: is being measured by run run-a (process {holder.pid}); wait for it, or stop it"
    assert str(told.value) == message


def test_a_killed_holder_holds_nothing(holder, tmp_path):
    holder.kill()
    holder.wait()

    with device_lock("cpu", "run-b", tmp_path):
        pass


def test_another_device_is_free(holder, tmp_path):
    with device_lock("GPU-1234", "run-b", tmp_path):
        pass
