"""Reading waveforms from DICOM files."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ._files import check_file
from ._source import MAX_LEADS, Source

if TYPE_CHECKING:
    from pydicom import Dataset

_REMEDY = "Get the file again, or check the path."
_MAX_BYTES = 1 << 32
# A file that is compressed as a whole may hold any size.
_PLAIN_SYNTAXES = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2")
_PADDINGS = {"SB": "i1", "UB": "u1", "SS": "<i2", "US": "<u2", "SL": "<i4", "UL": "<u4"}


def open_dicom(path: Path) -> Source:
    """Open the first original waveform of a DICOM file."""
    try:
        import pydicom
    except ImportError as error:
        raise ImportError('DICOM files are read by pydicom: pip install "skecg[dicom]"') from error
    check_file(path, _REMEDY, _MAX_BYTES)
    try:
        syntax = str(pydicom.filereader.read_file_meta_info(path).get("TransferSyntaxUID", ""))
        if syntax not in _PLAIN_SYNTAXES:
            raise ValueError(f"its transfer syntax must be one without compression, got {syntax!r}")
        dataset = pydicom.dcmread(path)
        index, item = _choose(dataset, path)
        channels = list(item.ChannelDefinitionSequence)
        if not 0 < item.NumberOfWaveformChannels == len(channels) <= MAX_LEADS:
            raise ValueError(
                f"it must describe its 1 to {MAX_LEADS} channels, got "
                f"{item.NumberOfWaveformChannels} and {len(channels)} descriptions"
            )
        signals = _read(dataset, index, item)
        names = [_name(channel, i) for i, channel in enumerate(channels)]
        units = [_unit(channel) for channel in channels]
        rate = float(item.SamplingFrequency)
    except Exception as error:  # whatever a damaged file brings out
        raise ValueError(
            f"{path} cannot be read as a DICOM waveform ({error}). {_REMEDY}"
        ) from error
    return Source(
        path=str(path),
        name=path.stem,
        lead_names=names,
        rates=[rate] * len(names),
        units=units,
        n_samples=[len(signals)] * len(names),
        read=lambda channel: signals[:, channel],
    )


def _choose(dataset: Dataset, path: Path) -> tuple[int, Dataset]:
    """Return the first waveform that was recorded, not derived from others."""
    items = list(dataset.get("WaveformSequence") or ())
    if not items:
        raise ValueError("it holds no waveform")
    recorded = [i for i, item in enumerate(items) if item.get("WaveformOriginality") == "ORIGINAL"]
    index = (recorded or [0])[0]
    if len(recorded) > 1:
        warnings.warn(
            f"{path} holds {len(recorded)} recorded waveforms; the first is read.",
            UserWarning,
            stacklevel=5,
        )
    return index, items[index]


def _read(dataset: Dataset, index: int, item: Dataset) -> np.ndarray:
    """Return the samples in their unit, of shape (n_timesteps, n_channels), NaN in gaps."""
    n_values = item.NumberOfWaveformChannels * item.NumberOfWaveformSamples
    n_bytes = n_values * item.WaveformBitsAllocated // 8
    if not 0 < n_bytes <= len(item.WaveformData):
        raise ValueError(f"its waveform has {len(item.WaveformData)} bytes of {n_bytes}")
    signals = dataset.waveform_array(index)
    padding = item.get("WaveformPaddingValue")
    dtype = _PADDINGS.get(item.get("WaveformSampleInterpretation"))
    if padding is not None and dtype is not None:
        value = padding
        if isinstance(padding, bytes):
            value = np.frombuffer(padding, dtype, 1)[0]
        raw = np.frombuffer(item.WaveformData, dtype, n_values).reshape(signals.shape)
        signals[raw == value] = np.nan
    return signals


def _name(channel: Dataset, i: int) -> str:
    """Return the lead of a channel: what it is labelled, or what its source is called."""
    source = channel.get("ChannelSourceSequence")
    meaning = str(source[0].get("CodeMeaning", "")) if source else ""
    return str(channel.get("ChannelLabel", "")).strip() or meaning.strip() or f"channel {i}"


def _unit(channel: Dataset) -> str | None:
    """Return the unit of a channel's sensitivity; without one the values are as stored."""
    units = channel.get("ChannelSensitivityUnitsSequence")
    if "ChannelSensitivity" not in channel or not units:
        return None
    return str(units[0].get("CodeValue", ""))
