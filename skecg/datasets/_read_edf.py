"""Reading EDF and EDF+ files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from sklearn.utils import Bunch

from ._edf_annotations import as_positions, read_annotations, read_layout
from ._files import check_file
from ._record import MAX_RATE
from ._source import Source

_REMEDY = "Get the file again, or check the path."
_MAX_BYTES = 1 << 36
# The whole of an interrupted recording against what was recorded of it.
_MOST_GAPS = 20


def open_edf(path: Path) -> Source:
    """Open an EDF or EDF+ file; its samples are read where they lie.

    Interruptions of a file of the kind EDF+D become NaN.
    """
    try:
        import edfio
    except ImportError as error:
        raise ImportError('EDF files are read by edfio: pip install "skecg[edf]"') from error
    n_bytes = check_file(path, _REMEDY, _MAX_BYTES)
    try:
        layout = read_layout(path, n_bytes)
        onsets, marks = read_annotations(path, layout)
        edf = edfio.read_edf(path, lazy_load_data=True, header_encoding="latin-1")
        signals = edf.signals
        names = [signal.label.strip() or f"channel {i}" for i, signal in enumerate(signals)]
        ranges = [(*signal.digital_range, *signal.physical_range) for signal in signals]
        rates = [float(signal.sampling_frequency) for signal in signals]
        lengths = [signal.samples_per_data_record for signal in signals]
        units = [signal.physical_dimension.strip() or None for signal in signals]
    except Exception as error:  # whatever a damaged header brings out
        raise ValueError(f"{path} cannot be read as EDF ({error}). {_REMEDY}") from error
    if not signals:
        raise ValueError(f"{path} has no signals, only annotations.")
    gaps = None if _is_continuous(onsets, layout.seconds) else onsets
    places = [
        _places(gaps, layout.n_records, length, rate, path) for length, rate in zip(lengths, rates)
    ]

    def read(channel: int) -> np.ndarray:
        low, high, least, most = ranges[channel]
        if high <= low or not np.isfinite([least, most]).all() or least == most:
            raise ValueError(
                f"{path}: lead {names[channel]} must have a range of digital and of physical "
                f"values, got {low} to {high} and {least} to {most}. {_REMEDY}"
            )
        values, starts, length = signals[channel].data, places[channel], lengths[channel]
        if gaps is None:
            return values
        whole = np.full(starts[-1] + length, np.nan)
        for start, row in zip(starts, values.reshape(-1, length)):
            whole[start : start + length] = row
        return whole

    n_samples = [int(starts[-1]) + length for starts, length in zip(places, lengths)]

    def annotations(rate: float) -> Bunch | None:
        return as_positions(marks, rate, n_samples[rates.index(rate)])

    return Source(str(path), path.stem, names, rates, units, n_samples, read, annotations)


def _is_continuous(onsets: np.ndarray | None, seconds: float) -> bool:
    """Tell whether the data records follow each other, to a millisecond."""
    if onsets is None:
        return True
    return bool(np.all(np.abs(np.diff(onsets) - seconds) < 1e-3))


def _places(
    onsets: np.ndarray | None, n_records: int, length: int, rate: float, path: Path
) -> np.ndarray:
    """Return the sample at which each data record of a signal begins."""
    if onsets is None:
        return np.arange(n_records) * length
    starts = np.round(onsets * rate) if 0 < rate <= MAX_RATE else np.zeros(n_records)
    if (np.diff(starts) < length).any() or starts[-1] > _MOST_GAPS * n_records * length:
        raise ValueError(
            f"{path}: the data records must follow each other without an overlap, and with gaps "
            f"of at most {_MOST_GAPS} times what is recorded; got beginnings from {onsets.min():g} "
            f"to {onsets.max():g} s. Cut the file into its parts first."
        )
    return starts.astype(np.int64)
