"""Generated recordings for the tests of every format."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pydicom


def ecg(n_leads: int = 2, seconds: float = 20, rate: float = 250) -> np.ndarray:
    """Return R waves of 1 mV and more at 75 beats a minute, of shape (n_leads, n_timesteps)."""
    time = np.arange(round(seconds * rate)) / rate
    beat = np.exp(-0.5 * ((time % 0.8 - 0.4) / 0.02) ** 2)
    noise = np.random.default_rng(0).normal(scale=0.02, size=(n_leads, len(time)))
    return np.outer(1 + np.arange(n_leads) / 2, beat) + noise


def edf_with_notes(path: Path, microvolts: np.ndarray, names: list[str], rate: int = 250) -> None:
    """Write an EDF+ file with two notes; the library is an extra."""
    import edfio

    signals = [
        edfio.EdfSignal(row, rate, label=name, physical_dimension="uV", physical_range=(-1e4, 1e4))
        for row, name in zip(microvolts, names)
    ]
    notes = [edfio.EdfAnnotation(0.5, None, "press"), edfio.EdfAnnotation(2, 1, "AF")]
    edfio.Edf(signals, annotations=notes).write(path)


def _coded(value: str, meaning: str = "") -> pydicom.Dataset:
    import pydicom

    code = pydicom.Dataset()
    code.CodeValue, code.CodeMeaning, code.CodingSchemeDesignator = value, meaning, "UCUM"
    return code


def waveform(
    signals: np.ndarray,
    names: list[str],
    *,
    rate: int = 500,
    unit: str = "uV",
    sensitivity: float | None = 2.5,
    originality: str = "ORIGINAL",
) -> pydicom.Dataset:
    """Return a multiplex group of int16 in steps of the sensitivity; without it for None."""
    import pydicom

    item = pydicom.Dataset()
    item.WaveformOriginality = originality
    item.NumberOfWaveformChannels, item.NumberOfWaveformSamples = signals.shape
    item.SamplingFrequency = rate
    item.WaveformBitsAllocated, item.WaveformSampleInterpretation = 16, "SS"
    channels = []
    for name in names:
        channel = pydicom.Dataset()
        channel.ChannelSourceSequence = [_coded("5.6.3-9-2", name)]
        if sensitivity is not None:
            channel.ChannelSensitivity = sensitivity
            channel.ChannelSensitivityUnitsSequence = [_coded(unit)]
            channel.ChannelSensitivityCorrectionFactor, channel.ChannelBaseline = 1, 0
        channels.append(channel)
    item.ChannelDefinitionSequence = channels
    item.add_new("WaveformPaddingValue", "OW", np.int16(-32768).tobytes())
    stored = np.where(np.isnan(signals), -32768, np.round(signals / (sensitivity or 1)))
    item.add_new("WaveformData", "OW", stored.T.astype("<i2").tobytes())
    return item


def write_dicom(path: Path, *groups: pydicom.Dataset) -> Path:
    """Write a file of some waveforms; the library is an extra."""
    import pydicom

    dataset = pydicom.Dataset()
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.9.1.1"
    dataset.SOPInstanceUID = "1.2.3"
    dataset.WaveformSequence = list(groups)
    dataset.save_as(path, enforce_file_format=True)
    return path
