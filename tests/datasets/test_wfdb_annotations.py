from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import wfdb

from skecg.datasets import MITBIH_RECORDS
from skecg.datasets._wfdb_annotations import read_annotations

REMEDY = "Get the files again."
NORMAL, NOTE, RHYTHM, SKIP, NUM, SUB, CHN, AUX = 1, 22, 28, 59, 60, 61, 62, 63


def words(*pairs):
    """Return the bytes of words of a code and a value, and of notes, that are bytes already."""
    return b"".join(
        pair if isinstance(pair, bytes) else (pair[0] << 10 | pair[1]).to_bytes(2, "little")
        for pair in pairs
    )


END = words((0, 0))


def read(folder, content):
    file = folder / "r.atr"
    file.write_bytes(content)
    return read_annotations(file, REMEDY)


def assert_as_wfdb(annotations, path):
    expected = wfdb.rdann(str(path), "atr")
    assert annotations.sample.dtype == np.int64
    np.testing.assert_array_equal(annotations.sample, expected.sample)
    assert annotations.symbol.dtype == "<U1"
    assert annotations.symbol.tolist() == expected.symbol
    assert annotations.aux_note.tolist() == [note.rstrip("\0") for note in expected.aux_note]


def test_real_annotations_are_those_of_wfdb(data_home):
    for number in MITBIH_RECORDS:
        path = data_home / "mitdb" / str(number)
        assert_as_wfdb(read_annotations(path.with_suffix(".atr"), REMEDY), path)


@pytest.mark.parametrize("fs", [None, 360, 128.5])
def test_every_field_may_stand_behind_an_annotation(tmp_path, fs):
    rng = np.random.default_rng(0)
    n = 300
    sample = np.cumsum(rng.choice([0, 1, 255, 256, 1023, 1024, 70_000, 5_000_000], n))
    assert sample[-1] > 2**26
    wfdb.wrann(
        "r",
        "atr",
        sample=sample,
        symbol=list(rng.choice(list('NLRaVFJASEj/Q~|sT*D"=pB^t+u?![]en@xf()r'), n)),
        subtype=rng.integers(0, 5, n),
        chan=rng.integers(0, 3, n),
        num=rng.integers(0, 4, n),
        # 252 and 236 as second bytes look like AUX and SKIP.
        aux_note=list(rng.choice(["", "", "(N", "(AFIB", "odd", "aüaüaìb", "n" * 255], n)),
        fs=fs,
        write_dir=str(tmp_path),
    )
    annotations = read_annotations(tmp_path / "r.atr", REMEDY)
    assert_as_wfdb(annotations, tmp_path / "r")
    assert len(annotations.sample) >= n - 5  # comments at the first sample describe the file


def test_a_file_is_worked_out_by_hand(tmp_path):
    content = words(
        (RHYTHM, 18), (AUX, 3), b"(N\0\0",  # a note that counts its NUL, and one that pads it
        (NORMAL, 1000), (SUB, 2), (CHN, 1), (NUM, 3),
        (SKIP, 0), b"\x01\x00\x02\x00", (5, 4),  # 65,536 + 2, then 4
        (SKIP, 0), b"\xff\xff\xff\xff", (NORMAL, 1),  # back by one
        (0, 10),  # no annotation, but its interval counts
        (NORMAL, 5), (AUX, 4), b"\0\xec\0\0",  # text that looks like SKIP, and like an end
    )  # fmt: skip
    annotations = read(tmp_path, content + END)
    assert annotations.sample.tolist() == [18, 1018, 66_560, 66_560, 66_575]
    assert annotations.symbol.tolist() == ["+", "N", "V", "N", "N"]
    assert annotations.aux_note.tolist() == ["(N", "", "", "", "\0\xec"]
    assert_as_wfdb(annotations, tmp_path / "r")


def test_a_file_may_be_empty_and_filled_up_with_zeros(tmp_path):
    assert len(read(tmp_path, END).sample) == 0
    annotations = read(tmp_path, words((NORMAL, 7)) + bytes(100))
    assert (annotations.sample.tolist(), annotations.symbol.tolist()) == ([7], ["N"])


def test_symbols_that_the_file_defines_are_known(tmp_path):
    wfdb.wrann(
        "r",
        "atr",
        sample=np.array([5, 10, 20]),
        label_store=np.array([1, 45, 49]),
        custom_labels=pd.DataFrame(
            {"label_store": [45, 49], "symbol": ["w", "&"], "description": ["a wave", "two of it"]}
        ),
        fs=360,
        write_dir=str(tmp_path),
    )
    annotations = read_annotations(tmp_path / "r.atr", REMEDY)
    assert annotations.symbol.tolist() == ["N", "w", "&"]
    assert_as_wfdb(annotations, tmp_path / "r")


def test_a_file_cut_off_anywhere_is_refused(tmp_path):
    content = words(
        (NOTE, 0), (AUX, 24), b"## time resolution: 360.", (RHYTHM, 18), (AUX, 5), b"(AFIB\0",
        (NORMAL, 9), (SUB, 1), (SKIP, 0), b"\0\0\0\0", (NORMAL, 0), (AUX, 4), b"\0\0\0\0", END,
    )  # fmt: skip
    assert read(tmp_path, content).symbol.tolist() == ["+", "N", "N"]
    for n_bytes in range(len(content)):
        with pytest.raises(ValueError, match=rf"r\.atr is damaged .*{REMEDY}"):
            read(tmp_path, content[:n_bytes])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "mark of its end"),
        (words((NORMAL, 7)) + b"\0", "odd number of bytes"),
        (words((NORMAL, 7)), "mark of its end"),
        (words((NORMAL, 7)) + END + words((NORMAL, 7)) + END, "mark of its end"),
        (words((NORMAL, 7), (SKIP, 0), b"\1\0\0\0") + END, "belongs to no annotation"),
        (words((NUM, 1), (NORMAL, 7)) + END, "belongs to no annotation"),
        (words((SKIP, 0), b"\1\0\0\0", (AUX, 2), b"(N", (NORMAL, 7)) + END, "to no annotation"),
        (words((NORMAL, 7), (AUX, 2), b"(N", (AUX, 2), b"(N") + END, "two notes"),
        (words((NORMAL, 7), (AUX, 256), b"n" * 256) + END, "more than 255 bytes"),
        (words((NORMAL, 7), (50, 3)) + END, "the code 50 in it has no symbol"),
    ],
)
def test_damage_is_named(tmp_path, content, message):
    with pytest.raises(ValueError, match=rf"r\.atr is damaged \(.*{message}.*{REMEDY}"):
        read(tmp_path, content)


@pytest.mark.parametrize(
    "notes",
    [
        [b"## annotation type definitions"],  # wfdb never comes back from some of these
        [b"## annotation type definitions", b"45 w wave"],
        [b"## annotation type definitions", b"45 wave", b"## end of definitions"],
        [b"## annotation type definitions", b"59 w wave", b"## end of definitions"],
        [b"## annotation type definitions", b"45 two symbols", b"## end of definitions"],
    ],
)
def test_damaged_definitions_are_refused(tmp_path, notes):
    content = b"".join(
        words((NOTE, 0), (AUX, len(note)), note + b"\0" * (len(note) % 2)) for note in notes
    )
    with pytest.raises(ValueError, match=r"r\.atr is damaged"):
        read(tmp_path, content + words((45, 3)) + END)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=rf"r\.atr.*{REMEDY}"):
        read_annotations(tmp_path / "r.atr", REMEDY)


def test_random_files_give_what_wfdb_reads_or_one_error(tmp_path):
    rng = np.random.default_rng(0)
    tokens = [
        lambda: words((int(rng.choice([1, 1, 5, 8, 22, 28, 0, 47])), int(rng.integers(1024)))),
        lambda: words((SKIP, 0), rng.bytes(4)),
        lambda: words((int(rng.choice([NUM, SUB, CHN])), int(rng.integers(128)))),
        lambda: words((AUX, 4), rng.bytes(4)),
        lambda: words((AUX, 3), rng.bytes(4)),
    ]
    n_read, errors = 0, []
    for _ in range(600):
        kinds = rng.choice(5, rng.integers(1, 12), p=[0.6, 0.1, 0.1, 0.1, 0.1])
        content = b"".join(tokens[kind]() for kind in kinds) + END
        if rng.random() < 0.3:
            wrong = bytearray(content)
            wrong[rng.integers(len(wrong))] = rng.integers(256)
            content = bytes(wrong)
        try:
            annotations = read(tmp_path, content)
        except ValueError as error:
            errors.append(str(error))
        else:
            n_read += 1
            assert_as_wfdb(annotations, tmp_path / "r")
    assert all(REMEDY in error for error in errors)
    assert n_read > 100
