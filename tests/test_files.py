"""Writes are whole or not there; reads say what is wrong and where."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from edgewise.errors import BadInput, BrokenFile, EdgewiseError
from edgewise.files import atomic_file, atomic_write, in_file, read_json, read_text


def test_what_is_written_is_read_back_and_replaces_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    atomic_write(path, "first")
    atomic_write(path, "zweite → 2\n")
    assert path.read_bytes() == "zweite → 2\n".encode()
    atomic_write(path, b"\x00\xff")
    assert path.read_bytes() == b"\x00\xff"
    assert [file.name for file in tmp_path.iterdir()] == ["file.txt"]


def test_the_temporary_lies_in_the_same_folder_and_the_old_file_stays_until_the_end(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    path.write_text("old")
    with atomic_file(path) as temporary:
        assert temporary.parent == tmp_path
        temporary.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"


def test_others_may_read_the_file_as_they_may_any_new_file(tmp_path: Path) -> None:
    atomic_write(tmp_path / "ours", "x")
    (tmp_path / "plain").write_text("x")
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("ours", "plain")]
    assert modes[0] == modes[1]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_any_failure_leaves_the_old_file_and_no_temporary(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / "file.txt"
    path.write_text("old")

    def write_half() -> None:
        with atomic_file(path) as temporary:
            temporary.write_text("half")
            raise error

    with pytest.raises(error):
        write_half()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


FULL_DISK = """
import resource, signal, sys
from edgewise.errors import EdgewiseError
from edgewise.files import atomic_write

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    atomic_write(sys.argv[1], b"n" * 100_000)
except EdgewiseError as error:
    print(error)
"""


@pytest.mark.skipif(
    sys.platform == "win32", reason="limits on a file's size are POSIX; Windows has none to set"
)
@pytest.mark.parametrize("old", ["old " * 100, None], ids=["over an old file", "as a new file"])
def test_a_disk_that_fills_leaves_the_old_file_and_no_temporary(tmp_path: Path, old: str | None) -> None:
    path = tmp_path / "scores.bin"
    if old is not None:
        path.write_text(old)
    run = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(path)], capture_output=True, text=True, check=True
    )
    kept = " The file that was there is unchanged." if old is not None else ""
    assert run.stdout == f"{path} could not be written: File too large.{kept}\n"
    assert [file.read_text() for file in tmp_path.iterdir()] == ([] if old is None else [old])


@pytest.mark.parametrize("parent", ["missing", "a-file"])
def test_a_place_that_cannot_be_written_is_told(tmp_path: Path, parent: str) -> None:
    (tmp_path / "a-file").write_text("x")
    with pytest.raises(
        EdgewiseError, match=r"file\.txt could not be written: (No such file|Not a directory)"
    ):
        atomic_write(tmp_path / parent / "file.txt", "x")


def test_broken_json_is_told_with_line_and_column(tmp_path: Path) -> None:
    path = tmp_path / "circuit.json"
    path.write_text('{\n "edges": [1, 2,,]\n}')
    with pytest.raises(BrokenFile) as caught:
        read_json(path)
    assert str(caught.value) == f"{path}, line 2, column 17: not JSON: Expecting value."


def test_a_missing_file_and_one_that_is_no_text_are_told(tmp_path: Path) -> None:
    with pytest.raises(BrokenFile, match=r"nothing\.json could not be read: No such file or directory\."):
        read_json(tmp_path / "nothing.json")
    (tmp_path / "image").write_bytes(b"ab\xff")
    with pytest.raises(BrokenFile, match=r"image is not a text file: byte 2 is not UTF-8\."):
        read_text(tmp_path / "image")


def test_every_problem_found_in_a_file_is_told_with_its_name() -> None:
    with pytest.raises(BrokenFile) as caught, in_file("a.json"):
        raise BadInput("first.", "second.")
    assert caught.value.problems == ("a.json: first.", "a.json: second.")


@pytest.mark.parametrize("text", ['{"a": 1, "b": 2, "a": 3}', '[{"b": {"a": 1, "a": 1}}]'])
def test_a_key_that_stands_twice_in_a_json_file_is_refused_by_its_name(tmp_path: Path, text: str) -> None:
    path = tmp_path / "run.json"
    path.write_text(text)
    with pytest.raises(BrokenFile, match=r"run\.json: .*the key 'a' stands there more than once; keep one\."):
        read_json(path)


def test_json_that_python_cannot_hold_is_refused(tmp_path: Path) -> None:
    for text in ("[" * 200_000, "9" * 5000):
        (tmp_path / "run.json").write_text(text)
        with pytest.raises(BrokenFile, match="its JSON cannot be read"):
            read_json(tmp_path / "run.json")
