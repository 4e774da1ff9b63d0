import pytest

from bench.attempt import Attempt, Block
from bench.errors import StoreError
from bench.store.journal import Journal, read_journal


def _attempt(number):
    blocks = (Block(turn=0, calls=3, seconds=0.1 + 0.2), Block(turn=1, calls=3, seconds=0.25))
    return Attempt(
        case_hash=f"case{number}", kind="timing", status="ok", round=number, blocks=blocks, facts={"a": 1.5}
    )


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "journal.jsonl"
    with Journal(path) as journal:
        journal.append([_attempt(0), _attempt(1)])
        journal.append([_attempt(2)])
    return path


def test_what_was_written_is_read_to_the_last_bit(path):
    assert read_journal(path).attempts == (_attempt(0), _attempt(1), _attempt(2))


def test_a_missing_journal_holds_nothing(tmp_path):
    assert read_journal(tmp_path / "journal.jsonl").attempts == ()


@pytest.mark.parametrize("cut", [1, 7, 40])
def test_a_torn_last_line_is_dropped_and_told(path, cut):
    torn = path.read_bytes()[:-cut]
    path.write_bytes(torn)
    reading = read_journal(path)

    assert reading.attempts == (_attempt(0), _attempt(1))
    assert reading.faults == (f"{path}: the last line is torn ({len(torn) - reading.whole_bytes} bytes); left out",)


def test_a_flipped_bit_costs_its_line_alone_and_is_told(path):
    lines = path.read_bytes().splitlines(keepends=True)
    lines[1] = lines[1][:30] + bytes([lines[1][30] ^ 1]) + lines[1][31:]
    path.write_bytes(b"".join(lines))
    reading = read_journal(path)

    assert reading.attempts == (_attempt(0), _attempt(2))
    assert reading.faults == (f"{path}:2: the line does not match its checksum; left out",)


def test_writing_goes_on_after_a_torn_line(path):
    path.write_bytes(path.read_bytes()[:-5])
    with Journal(path) as journal:
        journal.append([_attempt(3)])

    reading = read_journal(path)
    assert reading.attempts == (_attempt(0), _attempt(1), _attempt(3))
    assert reading.faults == ()


def test_a_full_disk_ends_with_what_to_do():
    """/dev/full takes no byte; the journal's file is opened through it."""
    journal = Journal.__new__(Journal)
    with open("/dev/full", "wb", buffering=0) as full:
        journal._path, journal._descriptor = full.name, full.fileno()
        with pytest.raises(StoreError) as told:
            journal.append([_attempt(0)])

    assert str(told.value) == (
        "/dev/full: cannot be written (No space left on device); "
        "free space or permission there, then `bench run … --resume RUN`; what is written is kept"
    )
