"""Reading WFDB records of every form, within bounds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import wfdb
from sklearn.utils import Bunch

from .._limits import require_memory
from ._beat_table import check_positions
from ._source import Source
from ._wfdb_annotations import read_annotations
from ._wfdb_header import beside, files_of, read_header, refused
from ._wfdb_record import check_checksum, decode, is_plain, to_physical

# Bytes that wfdb takes for each sample on its way, in the largest of its intermediate arrays.
_WFDB_BYTES = 40

REMEDY = "Get the files of the record again, or check the path."


def open_wfdb(path: Path, annotator: str | None) -> Source:
    """Open a WFDB record of one or several segments.

    Parameters
    ----------
    path : pathlib.Path
        The record's files without their extension.
    annotator : str or None
        Extension of the annotation file; a record that has none has no annotations.
    """
    record = read_header(path, REMEDY)
    marks = None
    if annotator is not None and (file := beside(path, annotator)).exists():
        marks = read_annotations(file, REMEDY, float(record.fs))
        try:
            check_positions(marks.sample, record.sig_len)
        except ValueError as error:
            raise ValueError(
                f"{file} is damaged, or of another record ({error}). Pass annotator=None to read "
                "the signals alone."
            ) from error
    if isinstance(record, wfdb.MultiRecord):
        return _open_segments(record, path, marks)
    frames = record.samps_per_frame
    digital = None

    def read(channel: int) -> np.ndarray:
        nonlocal digital
        if digital is None:
            digital = read_digital(record, path, REMEDY)
        return physical(record, digital, channel)

    def at(rate: float) -> Bunch | None:
        if marks is not None:
            # Positions are counted in frames.
            marks.sample = marks.sample * round(rate / record.fs)
        return marks

    return Source(
        path=f"{path}.hea",
        name=path.name,
        lead_names=record.sig_name,
        rates=[float(record.fs) * per_frame for per_frame in frames],
        units=list(record.units),
        n_samples=[record.sig_len * per_frame for per_frame in frames],
        read=read,
        annotations=at,
    )


def read_digital(record: wfdb.Record, path: Path, remedy: str) -> list[np.ndarray]:
    """Return the stored integers of every channel, with their checksums verified if given."""
    n_samples = record.sig_len * sum(record.samps_per_frame)
    has_simple_frames = set(record.samps_per_frame) == {1} and not any(record.skew)
    is_ours = has_simple_frames and len(files_of(record)) == len(set(record.fmt)) == 1
    is_ours = is_ours and is_plain(record)
    n_bytes = 4 if is_ours else _WFDB_BYTES
    require_memory(n_samples * n_bytes, f"{path}.hea", "read a shorter record")
    with refused(path, remedy):
        if is_ours:
            signals = [*decode(record, path.with_name(record.file_name[0])).T]
        else:
            signals = wfdb.rdrecord(
                str(path.absolute()), physical=False, smooth_frames=False, return_res=32
            ).e_d_signal
        if [len(signal) for signal in signals] != _lengths(record):
            raise ValueError("its signal file ends too early")
    for i, signal in enumerate(signals):
        # wfdb moves skewed channels, whose sums are then those of other samples.
        if record.checksum[i] is not None and not record.skew[i]:
            check_checksum(record, i, signal, path, remedy)
    return signals


def physical(record: wfdb.Record, digital: list[np.ndarray], channel: int) -> np.ndarray:
    """Return one channel in its physical unit as float32, NaN where a sample is missing."""
    one = wfdb.Record()
    for field in ("fmt", "adc_gain", "baseline"):
        setattr(one, field, [getattr(record, field)[channel]])
    return to_physical(one, digital[channel][:, None], [0])[:, 0]


def _lengths(record: wfdb.Record) -> list[int]:
    return [record.sig_len * per_frame for per_frame in record.samps_per_frame]


def _open_segments(record: wfdb.MultiRecord, path: Path, marks: Bunch | None) -> Source:
    """Open the segments, which follow each other; a lead that one does not have is a gap."""
    first = next(segment for segment in record.segments if segment is not None)
    joined = None

    def read(channel: int) -> np.ndarray:
        nonlocal joined
        if joined is None:
            joined = _join(record, first, path)
        return joined[channel]

    return Source(
        path=f"{path}.hea",
        name=path.name,
        lead_names=first.sig_name,
        rates=[float(record.fs)] * record.n_sig,
        units=list(first.units),
        n_samples=[record.sig_len] * record.n_sig,
        read=read,
        annotations=lambda rate: marks,
    )


def _join(record: wfdb.MultiRecord, first: wfdb.Record, path: Path) -> np.ndarray:
    """Return all leads in the units of the first segment, of shape (n_leads, n_timesteps)."""
    require_memory(4 * record.sig_len * record.n_sig, f"{path}.hea", "read a shorter record")
    joined = np.full((record.n_sig, record.sig_len), np.nan, dtype=np.float32)
    # In a variable layout, leads come and go, and are known by their names.
    has_layout = record.seg_len[0] == 0
    start = 0
    for segment, name, length in zip(record.segments, record.seg_name, record.seg_len):
        if segment is not None and length:
            digital = read_digital(segment, path.with_name(name), REMEDY)
            for i, lead in enumerate(segment.sig_name):
                channel = _channel(first, lead) if has_layout else i if i < record.n_sig else None
                if channel is None or segment.units[i] != first.units[channel]:
                    raise ValueError(
                        f"{path}.hea: segment {name} has lead {lead} in {segment.units[i]}, which "
                        f"is none of the leads {first.sig_name} in {first.units}. {REMEDY}"
                    )
                joined[channel, start : start + length] = physical(segment, digital, i)
        start += length
    return joined


def _channel(first: wfdb.Record, lead: str) -> int | None:
    return first.sig_name.index(lead) if lead in first.sig_name else None
