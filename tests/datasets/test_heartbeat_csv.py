from __future__ import annotations

import gzip

import numpy as np
import pytest

from skecg.datasets import _heartbeat_csv
from skecg.datasets._heartbeat_csv import read_heartbeat_csv


@pytest.fixture
def table():
    """Return 300 beats with exact zeros and ones, small numbers and labels: more than a block."""
    rng = np.random.default_rng(0)
    table = rng.random((300, 188)).astype(np.float32).astype(np.float64)
    table[:, 150:187] = 0
    table[:, 3] = 1
    table[:, 5] = np.float32(10.0) ** -rng.integers(0, 5, 300).astype(np.float32)
    table[:, 187] = rng.integers(0, 5, 300)
    return table


def as_text(table, newline="\n", form="%.18e"):
    return "".join(",".join(form % value for value in row) + newline for row in table)


def write(file, text):
    file.write_bytes(text.encode())
    return file


def assert_equal_to(table, result):
    rows, labels = result
    assert rows.dtype == np.float32
    assert labels.dtype == np.int64
    np.testing.assert_array_equal(rows, table[:, :187].astype(np.float32))
    np.testing.assert_array_equal(labels, table[:, 187])


@pytest.fixture
def only_fast(monkeypatch):
    """Fail where the general parser is asked, so that the fast one is what a test sees."""

    def refuse(*args):
        raise AssertionError("the general parser was asked")

    monkeypatch.setattr(_heartbeat_csv, "_parse_lines", refuse)


@pytest.mark.usefixtures("only_fast")
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("zipped", [False, True])
def test_files_in_the_published_form_are_read_bit_by_bit(tmp_path, table, newline, zipped):
    content = as_text(table, newline).encode()
    file = tmp_path / ("beats.csv.gz" if zipped else "beats.csv")
    file.write_bytes(gzip.compress(content) if zipped else content)
    assert_equal_to(table, read_heartbeat_csv(file))


@pytest.mark.usefixtures("only_fast")
def test_known_rows_are_read_by_the_fast_parser(data_home):
    file = data_home / "heartbeat" / "kaggle_train_first10rows.csv"
    assert_equal_to(np.loadtxt(file, delimiter=","), read_heartbeat_csv(file))


@pytest.mark.usefixtures("only_fast")
def test_numbers_that_are_no_float32_are_rounded_as_from_float64(tmp_path):
    # Among them the hardest: float64 numbers beside the middle between two float32 numbers.
    rng = np.random.default_rng(1)
    table = np.zeros((200, 188))
    low = rng.random((200, 187)).astype(np.float32)
    middle = (low.astype(np.float64) + np.nextafter(low, np.float32(2)).astype(np.float64)) / 2
    table[:, :187] = middle + rng.integers(-3, 4, middle.shape) * np.spacing(middle)
    file = write(tmp_path / "beats.csv", as_text(table))
    assert_equal_to(table, read_heartbeat_csv(file))


@pytest.mark.parametrize("form", ["%.9g", "%.17g", "%.7e", "%.4f"])
def test_other_forms_of_numbers_are_read(tmp_path, table, form):
    file = write(tmp_path / "beats.csv", as_text(table[:20], form=form))
    expected = np.loadtxt(file, delimiter=",")
    assert_equal_to(expected, read_heartbeat_csv(file))


def test_one_number_in_another_form_does_not_disturb_the_rest(tmp_path, table):
    table[120, 7] = -0.25
    file = write(tmp_path / "beats.csv", as_text(table))
    assert_equal_to(table, read_heartbeat_csv(file))


def test_large_and_small_exponents_are_read(tmp_path, table):
    table[0, :6] = np.float32([1e38, 1e-37, 1e-8, 1e7, 123456.7, 9.99999e-5])
    file = write(tmp_path / "beats.csv", as_text(table))
    assert_equal_to(table, read_heartbeat_csv(file))


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_the_last_line_may_lack_its_end(tmp_path, table, newline):
    text = as_text(table, newline)
    file = write(tmp_path / "beats.csv", text.removesuffix(newline))
    assert_equal_to(table, read_heartbeat_csv(file))


@pytest.mark.parametrize("n_lost", [2, 3, 6, 24, 25, 26, 1000, 4698])
def test_a_truncated_last_line_is_named(tmp_path, table, n_lost):
    file = write(tmp_path / "beats.csv", as_text(table)[:-n_lost])
    with pytest.raises(ValueError, match=r"beats\.csv.* 300.*cut off"):
        read_heartbeat_csv(file)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_truncated_gzip_file_is_named(tmp_path, table, share):
    content = gzip.compress(as_text(table).encode())
    file = tmp_path / "beats.csv.gz"
    file.write_bytes(content[: int(share * len(content))])
    with pytest.raises(ValueError, match=r"beats\.csv\.gz is damaged or cut off"):
        read_heartbeat_csv(file)


@pytest.mark.parametrize("text", ["", "\n", "\r\n\r\n"])
def test_an_empty_file_is_refused(tmp_path, text):
    with pytest.raises(ValueError, match=r"beats\.csv is empty"):
        read_heartbeat_csv(write(tmp_path / "beats.csv", text))


def test_every_character_of_the_form_is_checked(tmp_path, table):
    # One wrong character anywhere in a field of line 150 must not be read as a number.
    lines = as_text(table).split("\n")
    for place in range(50, 75):
        wrong = lines[149][:place] + "?" + lines[149][place + 1 :]
        file = write(tmp_path / "beats.csv", "\n".join([*lines[:149], wrong, *lines[150:]]))
        with pytest.raises(ValueError, match=r"beats\.csv, row 150: "):
            read_heartbeat_csv(file)


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ("abc", r"column 8 is not a number: 'abc'"),
        ("", r"column 8 is not a number: ''"),
        ("1_0", r"column 8 is not a number: '1_0'"),
        ("nan", "column 8 is not finite"),
        ("inf", "column 8 is not finite"),
        ("1e39", "column 8 is not finite in float32"),
        ("0.5,0.5", "expected 188 columns.*got 189"),
    ],
)
def test_a_wrong_field_is_named(tmp_path, table, field, message):
    lines = [line.split(",") for line in as_text(table).splitlines()]
    lines[150][7] = field
    file = write(tmp_path / "beats.csv", "\n".join(",".join(line) for line in lines))
    with pytest.raises(ValueError, match=rf"beats\.csv, row 151: {message}"):
        read_heartbeat_csv(file)


@pytest.mark.parametrize("label", [-1, 0.5, 1e300, np.nextafter(1, 2)])
def test_a_label_must_be_a_whole_number_from_0(tmp_path, table, label):
    table[42, 187] = label
    with pytest.raises(ValueError, match=r"row 43: .*(label must be an integer|not finite)"):
        read_heartbeat_csv(write(tmp_path / "beats.csv", as_text(table)))


@pytest.mark.parametrize(
    "header",
    [
        [f"t{i}" for i in range(187)] + ["label"],
        [str(i) for i in range(187)] + ["label"],
        [str(i) for i in range(188)],
    ],
    ids=["names", "numbers and a name", "numbers"],
)
def test_a_header_line_is_refused_as_such(tmp_path, table, header):
    text = ",".join(header) + "\n" + as_text(table)
    with pytest.raises(ValueError, match=r"row 1: .*header line, remove it"):
        read_heartbeat_csv(write(tmp_path / "beats.csv", text))


def test_blocks_of_any_size_give_the_same_result(tmp_path, table, monkeypatch):
    file = write(tmp_path / "beats.csv", as_text(table, "\r\n"))
    for n_bytes in (100, 4701, 10_000):
        monkeypatch.setattr(_heartbeat_csv, "_BLOCK_BYTES", n_bytes)
        assert_equal_to(table, read_heartbeat_csv(file))


def test_the_result_can_be_written_to(tmp_path, table):
    rows, labels = read_heartbeat_csv(write(tmp_path / "beats.csv", as_text(table)))
    rows[0, 0], labels[0] = 0.5, 1


def test_progress_is_shown_on_request(tmp_path, table, capsys):
    file = write(tmp_path / "beats.csv", as_text(table))
    read_heartbeat_csv(file)
    assert capsys.readouterr().err == ""
    read_heartbeat_csv(file, progress=True)
    assert "beats.csv" in capsys.readouterr().err
