from __future__ import annotations

import hashlib
import json
import pickle
import re

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skecg.storage import ModelFileError, read_container, write_container
from skecg.storage._container import MAX_HEADER_BYTES

ARRAYS = {"a/b": np.arange(6.0).reshape(2, 3), "c": np.array([True]), "d": np.int16(3).reshape(())}
LIMIT = 10**6


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "file"
    write_container(path, {"text": "é \x00", "list": [1, None]}, ARRAYS)
    return path


def rewrite(path, old: bytes, new: bytes) -> None:
    """Forge a part of the header, with the right length and the right digest."""
    content = path.read_bytes()
    end = 8 + int.from_bytes(content[:8], "little")
    header, data = content[8:end], content[end:]
    assert old in header
    write_raw(path, header.replace(old, new, 1), data)


def write_raw(path, header: bytes, data: bytes) -> None:
    header = re.sub(rb'(sha256\\":\\")[0-9a-f]{64}', rb"\g<1>" + b"0" * 64, header, count=1)
    content = len(header).to_bytes(8, "little") + header + data
    digest = hashlib.sha256(content).hexdigest().encode()
    path.write_bytes(content.replace(b"0" * 64, digest, 1))


def assert_refused(path, reason: str) -> None:
    with pytest.raises(ModelFileError, match=reason) as caught:
        read_container(path, LIMIT)
    assert repr(str(path)) in str(caught.value)


def test_what_was_written_is_read(path):
    header, arrays = read_container(path, LIMIT)
    assert header == {"text": "é \x00", "list": [1, None]}
    assert arrays.keys() == ARRAYS.keys()
    for name, array in arrays.items():
        assert_array_equal(array, ARRAYS[name])
        assert (array.dtype, array.shape) == (ARRAYS[name].dtype, ARRAYS[name].shape)


def test_layout_in_memory_and_byte_order_do_not_matter(path):
    array = np.arange(6, dtype=np.int32).reshape(2, 3)
    write_container(path, {}, {"x": array})
    content = path.read_bytes()
    for other in (np.asfortranarray(array), array.astype(">i4"), np.repeat(array, 2, 1)[:, ::2]):
        write_container(path, {}, {"x": other})
        assert path.read_bytes() == content


def test_every_flipped_bit_is_found(path):
    content = bytearray(path.read_bytes())
    for position in range(len(content)):
        content[position] ^= 1 << position % 8
        path.write_bytes(content)
        assert_refused(path, "file")
        content[position] ^= 1 << position % 8


def test_every_truncation_is_found(path):
    content = path.read_bytes()
    for length in range(len(content)):
        path.write_bytes(content[:length])
        assert_refused(path, "file")
    path.write_bytes(content + b"\0")
    assert_refused(path, "do not fill it exactly")


@pytest.mark.parametrize(
    "content",
    [
        b"", b"\0" * 7, b"\0" * 100, pickle.dumps({"weights": np.zeros(9)}), b"\x89PNG" * 99,
        b"\xff" * 99, (2**63).to_bytes(8, "little") + b"{}",
    ],
    ids=["empty", "7 bytes", "zeros", "pickle", "picture", "ones", "huge header"],
)  # fmt: skip
def test_what_is_no_model_file(content, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(content)
    assert_refused(path, "truncated or no model file|skecg.save")


def test_folders_and_devices(tmp_path):
    assert_refused(tmp_path, "folder or device")


def test_a_file_of_safetensors_that_is_not_ours(tmp_path):
    from safetensors.numpy import save_file

    save_file({"x": np.zeros(3)}, tmp_path / "file", metadata={"format": "pt"})
    assert_refused(tmp_path / "file", "not a file that skecg.save has written")


def test_a_newer_format_says_so(path):
    rewrite(path, b'format_version\\":1,', b'format_version\\":2,')
    assert_refused(path, "written by a newer skecg: it has format 2, this version reads up to 1")


def test_a_large_file_is_refused_unread(path):
    with path.open("r+b") as file:
        file.truncate(2**40)  # a hole: no byte of it is on the disk
    assert_refused(path, "max_bytes=1,000,000")


def test_a_long_header_is_refused_unread(path):
    write_raw(path, b" " * (MAX_HEADER_BYTES + 1), b"")
    with pytest.raises(ModelFileError, match="header of 4,194,305 bytes; at most 4,194,304"):
        read_container(path, 2**30)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"shape":[2,3]', b'"shape":[2,4]'), (b'"shape":[2,3]', b'"shape":[-2,-3]'),
        (b'"shape":[2,3]', b'"shape":[1000000000000,1000000000000]'),
        (b'"shape":[2,3]', b'"shape":[0,9223372036854775807]'),
        (b'"shape":[2,3]', b'"shape":[2.0,3]'), (b'"shape":[2,3]', b'"shape":"23"'),
        (b'"shape":[2,3]', b'"shape":[[6]]'), (b'"shape":[2,3]', b'"shape":[2,3],"shape":[2,3]'),
        (b'"shape":[2,3]', b'"shape":[2,3],"more":1'), (b'"shape":[2,3]', b'"shape":[2,NaN]'),
        (b'"dtype":"F64"', b'"dtype":"F65"'), (b'"dtype":"F64"', b'"dtype":["F64"]'),
        (b'"dtype":"F64"', b'"dtype":"BF16"'), (b"[0,48]", b"[8,56]"), (b"[0,48]", b"[0,49]"),
        (b"[0,48]", b"[0]"), (b"[0,48]", b"[true,48]"), (b"[48,50]", b"[0,2]"),
        (b'"a/b"', b'"../b"'), (b'"a/b"', b'"/a/b"'), (b'"a/b"', b'"a//b"'),
        (b'"a/b"', b'"a\\\\b"'), (b'"a/b"', b'"a\\u0000b"'), (b'"a/b"', b'""'),
        (b'"a/b"', b'"' + b"a" * 1001 + b'"'), (b'"a/b"', b'"c"'), (b'"a/b"', b'"\xff"'),
        (b'"skecg":', b'"other":"x","skecg":'), (b'\\"list\\"', b'\\"text\\"'),
        (b'[1,null]', b"[" * 60_000), (b'[1,null]', b"[NaN]"), (b"[1,null]", b"1" * 5000),
        (b'{"dtype":"BOOL"', b'[{"dtype":"BOOL"'), (b'}"}', b'}","x":"y"}'),
    ],
    ids=lambda part: part[:40].decode(errors="replace"),
)  # fmt: skip
def test_forged_headers_with_the_right_digest(path, old, new):
    rewrite(path, old, new)
    assert_refused(path, "broken table|cannot be read|do not fill it exactly|skecg.save")


def test_forging_a_header_for_these_tests_works(path):
    rewrite(path, b"[1,null]", b"[2,null]")
    assert read_container(path, LIMIT)[0]["list"] == [2, None]


def test_the_text_of_a_header_is_plain_json(path):
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.loads(json.loads(content[8 : 8 + length])["__metadata__"]["skecg"])
    digest = header["sha256"].encode()
    zeros = content.replace(digest, b"0" * 64)
    assert hashlib.sha256(zeros).hexdigest().encode() == digest


@pytest.mark.parametrize("dtype", [np.longdouble, "M8[s]", object, "S3", np.complex128])
def test_arrays_that_no_file_can_hold(tmp_path, dtype):
    with pytest.raises(TypeError, match="cannot hold 'x', an array of"):
        write_container(tmp_path / "file", {}, {"x": np.zeros(2, dtype)})


def test_names_that_are_not_plain(tmp_path):
    with pytest.raises(ValueError, match="plain names"):
        write_container(tmp_path / "file", {}, {"../x": np.zeros(2)})


def test_more_text_than_a_header_holds(tmp_path):
    with pytest.raises(ValueError, match="at most 4,194,304"):
        write_container(tmp_path / "file", {"text": "x" * 2**22}, {})
    with pytest.raises(ValueError, match="more than 65,536 lists and dictionaries"):
        write_container(tmp_path / "file", {"history": [{}] * 2**16}, {})
    assert not (tmp_path / "file").exists()


def test_more_arrays_than_a_file_holds(path, tmp_path):
    with pytest.raises(ValueError, match="at most 8,192 arrays; got 8,193"):
        write_container(tmp_path / "new", {}, {f"x{i}": np.zeros(0) for i in range(8193)})
    entry = b'{"dtype":"U8","shape":[0],"data_offsets":[0,0]}'
    many = b"".join(b'"x%d":%b,' % (i, entry) for i in range(8190))
    rewrite(path, b'"a/b":', many + b'"a/b":')
    assert_refused(path, "has 8,193 arrays; at most 8,192")
