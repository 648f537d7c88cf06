"""Reader of the CSV files of the heartbeat data set."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import os
import zlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
from tqdm import tqdm

from ._files import open_file

_N_COLUMNS = 188  # 187 values and the label
# About fifty rows: the intermediate arrays of the fast path then stay in the cache.
_BLOCK_BYTES = 1 << 18
# Far above any row of 188 numbers: a file without line ends is not read into memory as a whole.
_LONGEST_ROW_BYTES = 1 << 20
# The largest of the published files has 411 MB, as text, and 87,554 rows.
_MAX_BYTES = 1 << 30
_MAX_ROWS = 500_000
_REMEDY = "Get the file again, or say where it is with data_home or SKECG_DATA."
# Labels are read as float64, which holds integers exactly up to here.
_LARGEST_LABEL = 2.0**53

# The form of every field of the published files, "%.18e", with its separator.
_FIELD = b"0.000000000000000000e+00,"


def read_heartbeat_csv(
    path: str | os.PathLike, *, progress: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Read a CSV file of the heartbeat data set in the form in which Kaggle publishes it.

    The file is read in blocks; beside the result this takes a few MB of memory. Fields in the
    form of the published files (``%.18e``) are read several times faster than others.

    Parameters
    ----------
    path : str or path-like
        A file without a header line, with 187 values and the label in every row, as it is or
        compressed by gzip. Line ends may be LF or CRLF. Blank lines are skipped.
    progress : bool, default=False
        Whether to show a progress bar.

    Returns
    -------
    values : ndarray of float32 of shape (n_beats, 187)
        Each number rounded to float64, then to float32, as a float64 reader with a cast does.
    labels : ndarray of int64 of shape (n_beats,)
        The last column.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is empty, cut off or has a header line; if a row does not have 188 columns; if
        a field is not a number, or not finite in float32; if a label is negative or not integral;
        if it is no regular file, or has more than 1 GB (unpacked) or 500,000 rows. The message
        names the file and the row, counted from 1.

    See Also
    --------
    load_heartbeat : Finds the files of the data set and joins them.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> from skecg.datasets._heartbeat_csv import read_heartbeat_csv
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "beats.csv")
    ...     np.savetxt(path, np.eye(3, 188), delimiter=",")
    ...     values, labels = read_heartbeat_csv(path)
    >>> values.shape, labels
    ((3, 187), array([0, 0, 0]))
    """
    path = Path(path)
    # They grow in place, where a list of blocks would need its memory twice to be joined.
    values, labels = bytearray(), bytearray()
    n_lines = 0
    file = open_file(path, _REMEDY, _MAX_BYTES)
    size = os.fstat(file.fileno()).st_size
    bar = tqdm(total=size, desc=path.name, unit="B", unit_scale=True, disable=not progress)
    with file, bar:
        n_bytes = 0
        for block in _blocks_of_lines(file, path):
            n_bytes += len(block)
            if n_bytes > _MAX_BYTES or len(labels) > _MAX_ROWS * 8:
                raise ValueError(
                    f"{path} must have at most {_MAX_BYTES:,} bytes, unpacked, and {_MAX_ROWS:,} "
                    f"rows; got more. {_REMEDY}"
                )
            rows = _parse_published_form(block)
            if rows is not None:
                n_lines += len(rows)
            else:
                rows = _parse_lines(block, n_lines + 1, path)
                n_lines += block.count(b"\n")
            values.extend(rows[:, :-1].astype(np.float32).tobytes())
            labels.extend(rows[:, -1].astype(np.int64).tobytes())
            bar.update(file.tell() - bar.n)
    if not labels:
        raise ValueError(f"{path} is empty: expected rows of 187 values and a label.")
    return np.frombuffer(values, np.float32).reshape(-1, 187), np.frombuffer(labels, np.int64)


def _blocks_of_lines(file: io.BufferedReader, path: Path) -> Iterator[bytes]:
    """Yield blocks of whole lines; only a last line without a line end is a block of its own."""
    is_gzip = file.peek(2)[:2] == b"\x1f\x8b"
    stream = gzip.GzipFile(fileobj=file) if is_gzip else file
    try:
        block = stream.readline(_LONGEST_ROW_BYTES).removeprefix(codecs.BOM_UTF8)
        # Rows of one length then fill a block to its end, and nothing is copied to join a row.
        n_bytes = max(1, _BLOCK_BYTES // max(1, len(block))) * len(block)
        while block:
            if not block.endswith(b"\n"):
                block += stream.readline(_LONGEST_ROW_BYTES)
            end = block.rfind(b"\n") + 1
            if len(block) - end >= _LONGEST_ROW_BYTES:
                raise ValueError(f"{path} has no line end in {len(block)} bytes: not a CSV file.")
            yield from (part for part in (block[:end], block[end:]) if part)
            block = stream.read(n_bytes)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ValueError(f"{path} is damaged or cut off ({error}); get the file again.") from error


@cache
def _published_form(row_bytes: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a row of zeros as bytes, and how far XOR with it may lead away from zero."""
    line_end = b"\r\n" if row_bytes > _N_COLUMNS * len(_FIELD) else b"\n"
    template = np.frombuffer((_FIELD * _N_COLUMNS)[:-1] + line_end, np.uint8)
    # A digit XOR "0" is its value and anything else is more than 9; "-" XOR "+" is 6.
    limit = np.select([template == ord("0"), template == ord("+")], [9, 6], 0).astype(np.uint8)
    return template, limit


@cache
def _divisors() -> np.ndarray:
    """Return 10^(18 - exponent) by exponent code: 0 to 99 for e+00 to e+99, 600 on for e-00 on.

    It is NaN where the power of ten is no exact float64 and where the code means no exponent.
    """
    divisors = np.full(1000, np.nan)
    divisors[:19] = [float(10**k) for k in range(18, -1, -1)]
    divisors[600:605] = [float(10**k) for k in range(18, 23)]
    return divisors


def _parse_published_form(block: bytes) -> np.ndarray | None:
    """Parse rows whose fields all have the form %.18e, such as ``7.582644820213317871e-01``.

    It returns None for a block in any other form or with anything wrong, for which
    :func:`_parse_lines` finds the right numbers or the right words.

    A field is three words of 8 bytes. XOR with the row of zeros leaves the digits as numbers:

        d . d d d d d d   d d d d d d d d   d d d d e ± d d
        d 0 d d d d d d   d d d d d d d d   d d d d 0 s d d      (s = 0 or 6)

    Neighbouring digits are joined to pairs, pairs to fours and fours to eights, for all bytes of
    a word at once: in the little-endian word the more significant digit is lower, so that
    x + (10 x << 8) holds 10 a + b where b was. The 19 digits give an integer below 2^64, and the
    last four bytes an exponent code. Integer to float64 and one division by an exact power of ten
    are two roundings: the result is at most 2 units of float64 away from the right float64.
    Rounded to float32 the two can only differ beside the middle between two float32 numbers, where
    the lower 29 bits are near 2^28; those fields, one in many millions, are read again exactly.
    """
    row_bytes = block.find(b"\n") + 1
    if row_bytes - _N_COLUMNS * len(_FIELD) not in (0, 1) or len(block) % row_bytes:
        return None
    template, limit = _published_form(row_bytes)
    digits = np.frombuffer(block, np.uint8).reshape(-1, row_bytes) ^ template
    if (digits > limit).any():
        return None
    shape, strides = (3, len(digits), _N_COLUMNS), (8, row_bytes, len(_FIELD))
    words = np.ndarray(shape, "<u8", digits, strides=strides).astype(np.uint64, order="C")
    words[0] += (words[0] & 0xFF) * 255  # d 0 -> 0 d: the first digit takes the dot's place
    words *= 1 + (10 << 8)
    words >>= 8
    words &= 0x00FF00FF00FF00FF
    words *= 1 + (100 << 16)
    words >>= 16
    words &= 0x0000FFFF0000FFFF
    last_four, exponent_code = words[2] & 0xFFFFFFFF, words[2] >> 32
    mantissa, next_eight = eights = words[:2]
    eights *= 1 + (10_000 << 32)
    eights >>= 32
    mantissa *= 10**8
    mantissa += next_eight
    mantissa *= 10**4
    mantissa += last_four
    rows = mantissa.astype(np.float64)
    rows /= _divisors()[exponent_code.view(np.int64)]

    from_middle = rows.view(np.uint64) - (2**28 - 4)
    from_middle &= 2**29 - 1
    is_doubtful = from_middle <= 8
    if np.isnan(rows.max()):
        is_doubtful |= np.isnan(rows)
    try:
        for i, j in np.argwhere(is_doubtful):
            start = i * row_bytes + j * len(_FIELD)
            rows[i, j] = float(block[start : start + len(_FIELD) - 1])
    except ValueError:  # a byte between "+" and "-" that is not a sign
        return None
    labels = rows[:, -1]
    if rows.max() > np.finfo(np.float32).max or labels.max() > _LARGEST_LABEL or (labels % 1).any():
        return None
    return rows


def _parse_lines(block: bytes, first_row: int, path: Path) -> np.ndarray:
    """Parse rows of any legal form, or say which row is wrong, and how."""
    rows = []
    for number, line in enumerate(block.split(b"\n"), first_row):
        # Bytes that are not ASCII become a character that is part of no number.
        text = line.removesuffix(b"\r").decode("ascii", errors="replace")
        if not text.strip():
            continue
        try:
            rows.append(_parse_row(text, is_first=number == 1, has_end=block.endswith(b"\n")))
        except (ValueError, csv.Error) as error:
            hint = "" if block.endswith(b"\n") else " The file seems to be cut off in this row."
            raise ValueError(f"{path}, row {number}: {error}{hint}") from None
    return np.array(rows).reshape(-1, _N_COLUMNS)


def _parse_row(text: str, *, is_first: bool, has_end: bool) -> np.ndarray:
    fields = next(csv.reader([text], strict=True))
    if len(fields) != _N_COLUMNS:
        raise ValueError(f"expected 188 columns, 187 values and a label, got {len(fields)}.")
    header = " If it is a header line, remove it: the published files have none."
    try:
        row = np.array([float(field) for field in fields])
    except ValueError:
        row = None
    if row is None or "_" in text:
        column = next(i for i, field in enumerate(fields) if not _is_number(field))
        hint = header if is_first else ""
        raise ValueError(f"column {column + 1} is not a number: {fields[column][:40]!r}.{hint}")
    with np.errstate(over="ignore", under="ignore"):
        is_finite = np.isfinite(row.astype(np.float32))
    if not is_finite.all():
        column = int(np.argmin(is_finite))
        raise ValueError(f"column {column + 1} is not finite in float32: {fields[column][:40]!r}.")
    if is_first and np.array_equal(row, np.arange(_N_COLUMNS)):
        raise ValueError(f"the row holds the column numbers 0 to 187.{header}")
    # What is left of a label may still be a number: 1.0000 or 1.000000000000000000e+0.
    widths = {len(field) for field in fields[:-1]}
    if not has_end and widths == {len(_FIELD) - 1} and len(fields[-1]) < len(_FIELD) - 1:
        raise ValueError(f"the label is shorter than the other fields: {fields[-1]!r}.")
    if not (0 <= row[-1] <= _LARGEST_LABEL and row[-1].is_integer()):
        raise ValueError(f"the label must be an integer of 0 or more, got {fields[-1][:40]!r}.")
    return row


def _is_number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return "_" not in field  # Python reads 1_000 as a number; CSV files do not write one so.
