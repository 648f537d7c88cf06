from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from skecg.storage import _replacement
from skecg.storage._replacement import remove_unfinished, replacement

posix = pytest.mark.skipif(os.name != "posix", reason="signals and locks of POSIX")
# Writes half of a file and waits.
WRITER = """
import sys, time
from skecg.storage._replacement import replacement
with replacement(sys.argv[1]) as file:
    file.write(b"half")
    file.flush()
    print("written", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "model"
    path.write_bytes(b"old")
    return path


@pytest.fixture
def writer(path):
    """Return another process that has written half of a file that is to replace ``path``."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", WRITER, path], text=True, **pipes) as process:
        assert process.stdout.readline() == "written\n"
        assert len(os.listdir(path.parent)) == 2
        yield process
        process.kill()


def replace(path, content: bytes) -> None:
    with replacement(path) as file:
        file.write(content)


def test_a_file_is_replaced_and_nothing_else_stays(path):
    replace(path, b"new")
    assert path.read_bytes() == b"new"
    assert os.listdir(path.parent) == ["model"]


def test_an_error_leaves_the_old_file_alone(path):
    with pytest.raises(KeyError), replacement(path):
        raise KeyError
    assert path.read_bytes() == b"old"
    assert os.listdir(path.parent) == ["model"]


@posix
def test_the_next_call_removes_what_a_killed_process_left(path, writer):
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    assert path.read_bytes() == b"old"
    assert len(os.listdir(path.parent)) == 2
    replace(path, b"new")
    assert os.listdir(path.parent) == ["model"]


@posix
def test_what_another_process_is_writing_stays(path, writer):
    replace(path, b"new")
    assert path.read_bytes() == b"new"
    writer.communicate("go on")
    assert writer.returncode == 0
    assert path.read_bytes() == b"half"
    assert os.listdir(path.parent) == ["model"]


@pytest.mark.parametrize("age_in_hours", [1, 25])
def test_without_locks_age_tells(age_in_hours, path, monkeypatch):
    monkeypatch.setattr(_replacement, "_lock", lambda file: None)
    left = path.with_name(".model.0123456789abcdef")
    left.touch()
    then = time.time() - 3600 * age_in_hours
    os.utime(left, (then, then))
    replace(path, b"new")
    assert left.exists() == (age_in_hours < 24)


@posix
def test_only_what_such_a_call_leaves_is_removed(path, tmp_path):
    name = ".model.0123456789abcdef"
    others = [".model.old", "model.0123456789abcdef", ".other.0123456789abcdef", f"{name}0"]
    for other in others:
        (tmp_path / other).touch()
    (tmp_path / name.replace("0", "1")).mkdir()
    (tmp_path / name.replace("0", "2")).symlink_to(path)
    os.mkfifo(tmp_path / name.replace("0", "3"))
    before = {*os.listdir(tmp_path)}
    (tmp_path / name).touch()
    remove_unfinished(path)
    assert {*os.listdir(tmp_path)} == before


@posix
def test_a_name_that_another_process_takes_for_abandoned_is_given_up(path, monkeypatch):
    lock, taken = _replacement._lock, []

    def lock_late(file):
        if not taken:
            taken.append(file.name)
            os.unlink(file.name)
        return lock(file)

    monkeypatch.setattr(_replacement, "_lock", lock_late)
    replace(path, b"new")
    assert taken
    assert path.read_bytes() == b"new"
    assert os.listdir(path.parent) == ["model"]
