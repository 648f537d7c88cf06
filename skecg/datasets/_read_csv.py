"""Reading signals from text files with a column for each lead."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from .._limits import require_memory
from ._files import open_file
from ._source import MAX_LEADS, Source
from ._time_column import (
    CLOCK,
    INDEX_NAMES,
    TIME_NAMES,
    TIME_UNITS,
    clock_seconds,
    is_regular,
    rate_of,
)

_REMEDY = "Get the file again, or check the path."
_MAX_BYTES = 1 << 34
_HEAD_BYTES = 1 << 20
_HEAD_LINES = 200
_MAX_HEADER_LINES = 3
_MAX_COLUMNS = 1 << 16
_CHUNK_FIELDS = 1 << 20
_MISSING = ("", "-", "nan", "na", "n/a", "null", "none")
_UNIT = re.compile(r"^(.*?)[\s_]*[(\[]([^()\[\]]*)[)\]]$")
_TIME_WITH_UNIT = re.compile(r"(?:time|t)[ _]([a-z]+)")


class _Form(NamedTuple):
    """How the text is written."""

    separator: str
    decimal: str
    n_skipped: int
    names: list[str] | None
    units: list[str | None]
    has_clock: bool


def open_csv(path: Path, sampling_rate: float | None, lead_names: Sequence[str] | None) -> Source:
    """Read a text file; its first column may hold times, and its first lines names and units."""
    try:
        form = _find_form(path)
        columns = _read_columns(path, form)
    except FileNotFoundError:
        raise
    except (ValueError, OverflowError, MemoryError) as error:
        raise ValueError(f"{path} cannot be read as a table ({error}). {_REMEDY}") from error
    names, units = form.names or [""] * len(columns), form.units
    while len(columns) > 1 and not names[-1] and np.isnan(columns[-1]).all():
        # Of a separator at the end of the lines.
        columns, names, units = columns[:-1], names[:-1], units[:-1]
    unit = _time_unit(columns, form)
    times = None
    if unit is not None:
        (times, *columns), names, units = columns, names[1:], units[1:]
    try:
        rate = _rate(times, unit or None, sampling_rate)
        if not columns:
            raise ValueError("there is a column of times and no lead")
        columns, names, units = _as_leads(columns, names, units, lead_names)
    except ValueError as error:
        raise ValueError(f"{path}: {error}.") from error
    return Source(
        path=str(path),
        name=path.stem,
        lead_names=[name or f"channel {i}" for i, name in enumerate(names)],
        rates=[rate] * len(columns),
        units=[unit or "mV" for unit in units],
        n_samples=[len(columns[0])] * len(columns),
        read=lambda channel: columns[channel],
    )


def _find_form(path: Path) -> _Form:
    """Find out from the first lines how a text is written."""
    with open_file(path, _REMEDY, _MAX_BYTES) as file:
        head = file.read(_HEAD_BYTES)
    # A block may end within a character.
    text = head.decode("utf-8-sig", errors="strict" if len(head) < _HEAD_BYTES else "ignore")
    if "\0" in text:
        raise ValueError("it is no text")
    numbered = [
        (number, line)
        for number, line in enumerate(text.split("\n")[:_HEAD_LINES])
        if line.strip() and line[0] != "#"
    ]
    if not numbered:
        raise ValueError("it is empty")
    lines = [line for _, line in numbered[: _MAX_HEADER_LINES + 1]]
    separator = next((each for each in ";\t," if each in lines[-1]), r"\s+")
    decimal = "," if separator in (";", "\t") and re.search(r"\d,\d", lines[-1]) else "."
    rows = [_split(line, separator) for line in lines]
    n_header = next((k for k, row in enumerate(rows) if _is_data(row, decimal)), None)
    if n_header is None:
        raise ValueError(f"there are no numbers in its first {len(rows)} lines")
    n_columns = len(rows[n_header])
    if n_columns > _MAX_COLUMNS:
        raise ValueError(f"it must have at most {_MAX_COLUMNS} columns, got {n_columns}")
    names: list[str] | None = None
    units: list[str | None] = [None] * n_columns
    for row in rows[:n_header]:
        if len(row) != n_columns:
            raise ValueError(f"a header line has {len(row)} fields, and the data {n_columns}")
        if any(re.match(r"[+-]?\d*\.\d", field) for field in row):
            raise ValueError(f"its first line is neither a header nor numbers: {row[:4]}")
        found = [_UNIT.match(field) for field in row]
        units = [match[2] if match else unit for match, unit in zip(found, units)]
        if names is None:
            names = [match[1] if match else field for match, field in zip(found, row)]
    has_clock = CLOCK.fullmatch(rows[n_header][0]) is not None
    return _Form(separator, decimal, numbered[n_header][0], names, units, has_clock)


def _split(line: str, separator: str) -> list[str]:
    fields = line.split() if separator == r"\s+" else line.split(separator)
    return [field.strip().strip("'\"").strip() for field in fields]


def _is_data(row: list[str], decimal: str) -> bool:
    first, *rest = (field.replace(decimal, ".") for field in row)
    if len(row) > 1 and [field for field in row if field] == [
        str(i) for i in range(len(row) - (not row[0]))
    ]:
        return False  # numbers of columns, as pandas writes where there are no names
    return (
        all(map(_is_number, rest))
        and (_is_number(first) or CLOCK.fullmatch(first) is not None)
        and any(field.casefold() not in _MISSING for field in row)
    )


def _is_number(field: str) -> bool:
    if field.casefold() in _MISSING:
        return True
    try:
        float(field)
    except ValueError:
        return False
    return "_" not in field


def _read_columns(path: Path, form: _Form) -> list[np.ndarray]:
    """Return the columns as float64, NaN where a field is empty."""
    n_columns = len(form.units)
    dtype = {i: str if form.has_clock and i == 0 else np.float64 for i in range(n_columns)}
    parts: list[list[np.ndarray]] = []
    with open_file(path, _REMEDY, _MAX_BYTES) as file:
        # A number and its separator take two bytes at least, and a column is joined once.
        require_memory(6 * path.stat().st_size, str(path), "split the file")
        for _ in range(form.n_skipped):
            file.readline()
        chunks = pd.read_csv(
            file, sep=form.separator, decimal=form.decimal, header=None, dtype=dtype,
            comment="#", na_values=["-"], encoding="utf-8-sig", skipinitialspace=True,
            chunksize=max(1, _CHUNK_FIELDS // n_columns), on_bad_lines="error",
        )  # fmt: skip
        for chunk in chunks:
            if chunk.shape[1] != n_columns:
                raise ValueError(f"it must have {n_columns} columns, got {chunk.shape[1]}")
            part = [chunk[i].to_numpy() for i in range(n_columns)]
            if form.has_clock:
                part[0] = np.array([clock_seconds(str(text).strip("'")) for text in part[0]])
            parts.append(part)
    if not parts:
        raise ValueError("it has no rows")
    return [np.concatenate([part.pop(0) for part in parts]) for _ in range(n_columns)]


def _time_unit(columns: list[np.ndarray], form: _Form) -> str | None:
    """Return the unit of the first column if it holds times, "" if it is unsaid, else None."""
    if form.has_clock:
        return "s"
    if form.names is None:
        # No lead rises by one step from beginning to end.
        return "" if len(columns) > 1 and len(columns[0]) > 2 and is_regular(columns[0]) else None
    name = form.names[0].casefold()
    match = _TIME_WITH_UNIT.fullmatch(name)
    if match is None and name not in TIME_NAMES | INDEX_NAMES:
        return None
    said = (match[1] if match else form.units[0] or name).casefold()
    return TIME_UNITS.get(said, "")


def _rate(times: np.ndarray | None, unit: str | None, given: float | None) -> float:
    if times is not None:
        return rate_of(times, unit, given)
    if given is None:
        raise ValueError("there is no column of times; pass sampling_rate")
    return given


def _as_leads(
    columns: list[np.ndarray],
    names: list[str],
    units: list[str | None],
    lead_names: Sequence[str] | None,
) -> tuple[list[np.ndarray], list[str], list[str | None]]:
    """Give the columns their names, or take the rows where the leads are these."""
    n_rows, n_columns = len(columns[0]), len(columns)
    n_leads = n_columns if lead_names is None else len(lead_names)
    if n_leads == n_columns <= MAX_LEADS:
        return columns, names if lead_names is None else list(lead_names), units
    n_leads = n_rows if lead_names is None else n_leads
    if n_leads != n_rows or n_rows > MAX_LEADS:
        raise ValueError(
            f"it must have a column for each of up to {MAX_LEADS} leads, and lead_names, if it is "
            f"given, their names; got {n_columns} columns, {n_rows} rows and {n_leads} names"
        )
    warnings.warn(
        f"The table has {n_rows} rows and {n_columns} columns; each row is read as a lead.",
        UserWarning,
        stacklevel=5,
    )
    rows = [*np.array(columns).T]
    return rows, [""] * n_rows if lead_names is None else list(lead_names), [None] * n_rows
