from __future__ import annotations

import io
import os

import pytest

from skecg.sheet import open_regular_file, read_regular_file
from skecg.sheet._files import read_at_most

needs_pipes = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")


def test_a_file_and_a_link_to_it_are_read(tmp_path):
    (tmp_path / "file").write_bytes(b"abc")
    (tmp_path / "link").symlink_to("file")
    for name in ("file", "link"):
        assert read_regular_file(tmp_path / name) == b"abc"
        with open_regular_file(str(tmp_path / name)) as file:
            assert file.read(2) == b"ab"


@needs_pipes
def test_a_pipe_is_refused_without_waiting_for_a_writer(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ValueError, match=r"pipe' is not a regular file"):
        open_regular_file(tmp_path / "pipe")


@pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="the system has no such device")
def test_a_device_is_refused_through_a_link_too(tmp_path):
    (tmp_path / "link").symlink_to("/dev/zero")
    with pytest.raises(ValueError, match=r"link' is not a regular file"):
        open_regular_file(tmp_path / "link")


def test_a_sparse_file_of_30_gigabytes_is_refused(tmp_path):
    with open(tmp_path / "sparse", "wb") as file:
        file.truncate(30 << 30)
    with pytest.raises(ValueError, match=r"sparse' has 32212254720 bytes; at most 640000000"):
        open_regular_file(tmp_path / "sparse")
    with open_regular_file(tmp_path / "sparse", max_bytes=None) as file:
        assert file.read(3) == b"\0\0\0"


def test_the_limit_can_be_reached_but_not_passed(tmp_path):
    (tmp_path / "file").write_bytes(b"abc")
    assert read_regular_file(tmp_path / "file", max_bytes=3) == b"abc"
    with pytest.raises(ValueError, match="has 3 bytes; at most 2"):
        read_regular_file(tmp_path / "file", max_bytes=2)


def test_a_file_that_grows_while_it_is_read_is_refused():
    assert read_at_most(io.BytesIO(b"abc"), 3, "a") == b"abc"
    assert read_at_most(io.BytesIO(b"abc"), None, "a") == b"abc"
    with pytest.raises(ValueError, match="'a' has more than 2 bytes"):
        read_at_most(io.BytesIO(b"abc"), 2, "a")


def test_missing_files_and_folders_keep_their_own_errors(tmp_path):
    with pytest.raises(FileNotFoundError, match="absent"):
        open_regular_file(tmp_path / "absent")
    with pytest.raises(IsADirectoryError):
        open_regular_file(tmp_path)
