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


def test_both_parsers_give_the_same_bits(tmp_path, monkeypatch):
    # Numbers of 19 random digits, none of them a float64, over the range of float32.
    rng = np.random.default_rng(2)
    mantissas = rng.integers(0, 10**18, (60, 187))
    exponents = rng.integers(-46, 38, mantissas.shape)
    exponents[::2] = rng.integers(-4, 1, exponents[::2].shape)
    rows = (
        ",".join(f"{m % 10}.{m:018d}e{e:+03d}" for m, e in zip(*row))
        for row in zip(mantissas, exponents)
    )
    text = "".join(f"{row},{1:.18e}\r\n" for row in rows)
    file = write(tmp_path / "beats.csv", text)
    assert _heartbeat_csv._parse_published_form(text.encode()) is not None
    fast, _ = read_heartbeat_csv(file)
    monkeypatch.setattr(_heartbeat_csv, "_parse_published_form", lambda block: None)
    general, _ = read_heartbeat_csv(file)
    np.testing.assert_array_equal(fast.view(np.uint32), general.view(np.uint32))
    with np.errstate(under="ignore"):
        expected = np.loadtxt(file, delimiter=",")[:, :187].astype(np.float32)
    np.testing.assert_array_equal(general.view(np.uint32), expected.view(np.uint32))


def test_a_number_is_rounded_to_float64_first(tmp_path):
    # 1 + 2^-24 = 1.000000059604644775390625 is the middle between 1 and the next float32. The
    # number is above it, but its float64 is the middle, and that goes to the even one, 1.
    row = ["1.000000059604644776e+00"] * 187 + ["0.000000000000000000e+00"]
    rows, _ = read_heartbeat_csv(write(tmp_path / "beats.csv", ",".join(row) + "\n"))
    np.testing.assert_array_equal(rows, np.ones((1, 187)))


def test_quotes_blanks_blank_lines_and_a_byte_order_mark_are_read(tmp_path, table):
    lines = as_text(table[:3], form="%.9g").splitlines()
    lines[0] = ",".join(f'"{field}"' for field in lines[0].split(","))
    lines[2] = lines[2].replace(",", ", ")
    file = write(tmp_path / "beats.csv", "\ufeff" + "\n\n".join(lines) + "\n")
    assert_equal_to(table[:3], read_heartbeat_csv(file))


def test_blank_lines_count_as_rows_in_messages(tmp_path, table):
    file = write(tmp_path / "beats.csv", as_text(table[:3]) + "\n\nabc\n")
    with pytest.raises(ValueError, match=r"row 6: expected 188 columns.*got 1\."):
        read_heartbeat_csv(file)


def test_a_file_without_line_ends_is_refused_before_it_fills_the_memory(tmp_path):
    file = tmp_path / "beats.csv"
    file.write_bytes(bytes(3 << 20))
    with pytest.raises(ValueError, match=r"beats\.csv has no line end"):
        read_heartbeat_csv(file)


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


@pytest.mark.parametrize("character", "?:/ex")
def test_every_character_of_the_form_is_checked(tmp_path, table, character):
    # One wrong character anywhere in a field of line 15 must not be read as a number.
    lines = as_text(table[:20]).split("\n")
    # The 25 places of column 3: a digit, the dot, 18 digits, "e", the sign, 2 digits, the comma.
    for place in range(50, 75):
        wrong = lines[14][:place] + character + lines[14][place + 1 :]
        if wrong == lines[14]:
            continue
        file = write(tmp_path / "beats.csv", "\n".join([*lines[:14], wrong, *lines[15:]]))
        with pytest.raises(ValueError, match=r"beats\.csv, row 15: "):
            read_heartbeat_csv(file)


@pytest.mark.parametrize("sign", "*)(/.,")
def test_no_byte_between_plus_and_minus_passes_for_the_sign_of_an_exponent(tmp_path, table, sign):
    # XOR with "+" takes these to 1..5 and 7, beside the 0 and 6 of the two signs.
    lines = as_text(table[:20]).split("\n")
    lines[14] = lines[14][:71] + sign + lines[14][72:]
    with pytest.raises(ValueError, match=r"beats\.csv, row 15: "):
        read_heartbeat_csv(write(tmp_path / "beats.csv", "\n".join(lines)))


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ("abc", r"column 8 is not a number: 'abc'"),
        ("", r"column 8 is not a number: ''"),
        ("1_0", r"column 8 is not a number: '1_0'"),
        ("nan", "column 8 is not finite"),
        ("inf", "column 8 is not finite"),
        ("1e39", "column 8 is not finite in float32"),
        ("1.000000000000000000e+39", "column 8 is not finite in float32"),
        ("0.5,0.5", "expected 188 columns.*got 189"),
    ],
)
def test_a_wrong_field_is_named(tmp_path, table, field, message):
    lines = [line.split(",") for line in as_text(table).splitlines()]
    lines[150][7] = field
    file = write(tmp_path / "beats.csv", "\n".join(",".join(line) for line in lines))
    with pytest.raises(ValueError, match=rf"beats\.csv, row 151: {message}"):
        read_heartbeat_csv(file)


@pytest.mark.parametrize("label", [-1, 0.5, 1e16, 1e300, np.nextafter(1, 2)])
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


def test_a_packed_file_that_never_ends_is_given_up(tmp_path, table, monkeypatch):
    monkeypatch.setattr(_heartbeat_csv, "_MAX_BYTES", 2_000_000)
    file = tmp_path / "beats.csv.gz"
    file.write_bytes(gzip.compress((as_text(table[:1], form="%.0f") * 100_000).encode()))
    assert file.stat().st_size < 200_000  # of 38 MB
    with pytest.raises(ValueError, match=r"beats\.csv\.gz must have at most 2,000,000 bytes"):
        read_heartbeat_csv(file)


def test_a_file_of_too_many_rows_is_given_up(tmp_path, table, monkeypatch):
    monkeypatch.setattr(_heartbeat_csv, "_MAX_ROWS", 100)
    with pytest.raises(ValueError, match="and 100 rows; got more"):
        read_heartbeat_csv(write(tmp_path / "beats.csv", as_text(table)))


def test_a_folder_or_a_sparse_file_is_refused(tmp_path):
    with pytest.raises(ValueError, match="is not a regular file"):
        read_heartbeat_csv(tmp_path)
    with (tmp_path / "beats.csv").open("wb") as stream:
        stream.truncate(30 * 2**30)  # takes no space on the disk
    with pytest.raises(ValueError, match="must have at most 1,073,741,824 bytes"):
        read_heartbeat_csv(tmp_path / "beats.csv")
