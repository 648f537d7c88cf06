"""Headers of WFDB records of every form, checked before anything is read by them."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import wfdb

from ._files import check_file, read_file
from ._record import MAX_RATE
from ._source import MAX_LEADS
from ._wfdb_record import check_text

_MAX_HEADER_BYTES = 1 << 20
_MAX_BYTES = 1 << 36
_MAX_SEGMENTS = 10_000
_MAX_PER_FRAME = 10_000
# The whole of a record of segments against what was recorded of it.
_MOST_GAPS = 100
# A name that leads to no other folder, and to no address.
_FILE_NAME = re.compile(r"[\w+-][\w.+-]*", re.ASCII)
# Bits of a sample. Of the compressed formats, the fewest: a long run of one value takes no more.
_BITS = {
    "8": 8,
    "16": 16,
    "24": 24,
    "32": 32,
    "61": 16,
    "80": 8,
    "160": 16,
    "212": 12,
    "310": 32 / 3,
    "311": 32 / 3,
    **dict.fromkeys(("508", "516", "524"), 1 / 1024),
}


def read_header(path: Path, remedy: str) -> wfdb.Record | wfdb.MultiRecord:
    """Read and check a header, with the files that it names.

    Parameters
    ----------
    path : pathlib.Path
        The record's files without their extension.
    remedy : str
        The last sentence of every error.

    Raises
    ------
    FileNotFoundError
        If a file is missing.
    ValueError
        If a file is no regular file or too large, or the header is damaged.
    """
    record = _parse(path, remedy)
    if isinstance(record, wfdb.MultiRecord):
        with refused(path, remedy):
            _check_segments(record, path, remedy)
        return record
    _check_single(record, path, remedy)
    return record


def _check_single(record: wfdb.Record, path: Path, remedy: str) -> None:
    """Check the header of one segment, and that its files hold what it says."""
    with refused(path, remedy):
        _check_leads(record)
    for file, channels in files_of(record).items():
        n_bytes = check_file(path.with_name(file), remedy, _MAX_BYTES)
        with refused(path, remedy):
            _check_size(record, channels, n_bytes)


def beside(path: Path, extension: str) -> Path:
    """Return a file of the record; its name may hold dots."""
    if not isinstance(extension, str) or _FILE_NAME.fullmatch(extension) is None:
        raise ValueError(f"annotator must be an extension such as 'atr', got {extension!r}.")
    return path.with_name(f"{path.name}.{extension}")


def files_of(record: wfdb.Record) -> dict[str, list[int]]:
    """Return the channels of each signal file."""
    channels = defaultdict(list)
    for i, file in enumerate(record.file_name):
        channels[file].append(i)
    return dict(channels)


@contextmanager
def refused(path: Path, remedy: str) -> Iterator[None]:
    """Say which record it is, whatever wfdb makes of a damaged one."""
    try:
        yield
    except FileNotFoundError:
        raise
    except Exception as error:
        raise ValueError(
            f"{path}.hea cannot be read; it is damaged, or a file of the record is ({error}). "
            f"{remedy}"
        ) from error


def _parse(path: Path, remedy: str) -> wfdb.Record | wfdb.MultiRecord:
    content = read_file(beside(path, "hea"), remedy, _MAX_HEADER_BYTES)
    with refused(path, remedy):
        first = next((line for line in content.splitlines() if not line.startswith(b"#")), b"")
        is_multi = b"/" in first.split(b" ")[0]
        check_text(content, _MAX_SEGMENTS if is_multi else MAX_LEADS)
        return wfdb.rdheader(str(path.absolute()))


def _check_leads(record: wfdb.Record, may_be_empty: bool = False) -> None:
    """Raise where the header of one segment has a field that no record can have."""
    n_lines = 0 if record.fmt is None else len(record.fmt)
    if not record.n_sig or n_lines != record.n_sig:
        raise ValueError(
            f"the number of leads must be that of its lines, got {record.n_sig} and {n_lines}"
        )
    if record.fs is None or not 0 < record.fs <= MAX_RATE:
        raise ValueError(f"the sampling rate must be between 0 and {MAX_RATE} Hz, got {record.fs}")
    for field, default in (("skew", 0), ("byte_offset", 0)):
        setattr(record, field, [value or default for value in getattr(record, field)])
    record.sig_name = [name or f"channel {i}" for i, name in enumerate(record.sig_name)]
    for i, name in enumerate(record.sig_name):
        fault = _lead_fault(record, i, may_be_empty)
        if fault:
            raise ValueError(f"lead {name} {fault}")
    if record.sig_len is None and not may_be_empty and len(files_of(record)) > 1:
        raise ValueError("it must say how many samples there are, got none")


def _lead_fault(record: wfdb.Record, i: int, may_be_empty: bool) -> str | None:
    gain, baseline, file = record.adc_gain[i], record.baseline[i], record.file_name[i]
    if record.fmt[i] not in _BITS and not (may_be_empty and file == "~"):
        return f"must have one of the formats {', '.join(_BITS)}, got {record.fmt[i]}"
    if not (may_be_empty and file == "~") and (file is None or _FILE_NAME.fullmatch(file) is None):
        return f"must be in a file beside the header, got {file!r}"
    if gain is None or not 1e-9 <= abs(gain) <= 1e12:
        return f"must have a gain between 1e-9 and 1e12, got {gain}"
    if baseline is None or abs(baseline) >= 2**31:
        return f"must have a baseline of 32 bits, got {baseline}"
    per_frame, skew, offset = record.samps_per_frame[i], record.skew[i], record.byte_offset[i]
    if not (per_frame and 0 < per_frame <= _MAX_PER_FRAME and 0 <= skew < 2**31 and offset >= 0):
        return f"must have a layout that is possible, got {per_frame}, {skew} and {offset}"
    return None


def _check_size(record: wfdb.Record, channels: list[int], n_bytes: int) -> None:
    """Raise where a file is too short for its channels; fill in an unsaid number of samples."""
    forms = {(record.fmt[i], record.byte_offset[i]) for i in channels}
    if len(forms) > 1:
        raise ValueError(f"the leads of one file must have one format, got {sorted(forms)}")
    (fmt, offset), *_ = forms
    bits = _BITS[fmt] * sum(record.samps_per_frame[i] for i in channels)
    if record.sig_len is None:
        if _BITS[fmt] < 1:
            raise ValueError("it must say how many samples there are, got none")
        record.sig_len = max(0, int((n_bytes - offset) * 8 // bits))
    if record.sig_len < 1:
        raise ValueError(f"the number of samples must be at least 1, got {record.sig_len}")
    expected = offset + math.ceil(record.sig_len * bits / 8)
    if n_bytes < expected:
        raise ValueError(
            f"its signal file is truncated: it has {n_bytes} bytes, its header needs {expected}"
        )
    longest = max(record.skew[i] for i in channels)
    if longest >= record.sig_len:
        raise ValueError(f"a skew must be less than the samples, got {longest}")


def _check_segments(record: wfdb.MultiRecord, path: Path, remedy: str) -> None:
    """Check every segment as a record of its own, but for that of a variable layout."""
    names, lengths = record.seg_name, record.seg_len
    if not names or len(names) != record.n_seg or len(names) > _MAX_SEGMENTS:
        raise ValueError(f"it must list its 1 to {_MAX_SEGMENTS} segments, got {len(names or ())}")
    if not record.n_sig or not 0 < record.n_sig <= MAX_LEADS:
        raise ValueError(f"it must have 1 to {MAX_LEADS} leads, got {record.n_sig}")
    if record.fs is None or not 0 < record.fs <= MAX_RATE:
        raise ValueError(f"the sampling rate must be between 0 and {MAX_RATE} Hz, got {record.fs}")
    if min(lengths) < 0 or sum(lengths) != record.sig_len or not record.sig_len:
        raise ValueError(
            f"the number of samples must be that of its segments, got {record.sig_len} and "
            f"{sum(lengths)}"
        )
    if sum(lengths) > _MOST_GAPS * sum(n for name, n in zip(names, lengths) if name != "~"):
        raise ValueError(f"it must not have gaps of more than {_MOST_GAPS} times what is recorded")
    record.segments, seen = [], set()
    for k, (name, length) in enumerate(zip(names, lengths)):
        if name == "~":
            record.segments.append(None)
            continue
        if _FILE_NAME.fullmatch(name) is None or name in seen:
            raise ValueError(f"a segment must be beside the header, and only once, got {name!r}")
        seen.add(name)
        segment = _check_segment(path.with_name(name), k == 0 and length == 0, remedy)
        if length and segment.sig_len != length:
            raise ValueError(f"segment {name} must have {length} samples, got {segment.sig_len}")
        if segment.fs != record.fs or set(segment.samps_per_frame) != {1}:
            raise ValueError(f"segment {name} must have {record.fs} Hz and one sample a frame")
        record.segments.append(segment)
    first = next(segment for segment in record.segments if segment is not None)
    if first.n_sig != record.n_sig:
        raise ValueError(f"its first segment must have all of its {record.n_sig} leads")


def _check_segment(path: Path, is_layout: bool, remedy: str) -> wfdb.Record:
    """Check one segment; that of a layout only lists the leads of all."""
    segment = _parse(path, remedy)
    if not isinstance(segment, wfdb.Record):
        raise ValueError(f"segment {path.name} has segments of its own")
    if is_layout:
        _check_leads(segment, may_be_empty=True)
    else:
        _check_single(segment, path, remedy)
    return segment
