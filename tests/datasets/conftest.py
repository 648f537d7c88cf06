"""Small generated WFDB records in the form of the databases."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import wfdb
from generated_ptbxl import write_ptbxl

LEADS = {
    100: ["MLII", "V5"],
    102: ["V5", "V2"],
    114: ["V5", "MLII"],
    201: ["MLII", "V1"],
    202: ["MLII", "V1"],
}


def _write_record(folder: Path, number: int, leads: list[str], n_samples: int = 7200) -> None:
    """Write a record of stored integers and its annotations; the number is the seed."""
    rng = np.random.default_rng(number)
    folder.mkdir(parents=True, exist_ok=True)
    adc = 1024 + rng.integers(-400, 400, (n_samples, 2)).cumsum(axis=0) % 800 - 400
    wfdb.wrsamp(
        str(number),
        fs=360,
        units=["mV", "mV"],
        sig_name=leads,
        d_signal=adc,
        fmt=["212", "212"],
        adc_gain=[200.0, 200.0],
        baseline=[1024, 1024],
        write_dir=str(folder),
    )
    sample = np.append(18, np.cumsum(rng.integers(150, 400, n_samples // 400)) + 50)
    symbol = np.append("+", rng.choice(list("NNNNLRAVF/f~"), len(sample) - 1))
    wfdb.wrann(
        str(number),
        "atr",
        sample=sample,
        symbol=list(symbol),
        aux_note=["(N"] + [""] * (len(sample) - 1),
        fs=360,
        write_dir=str(folder),
    )


@pytest.fixture
def write_record():
    """Return the function that writes a generated record."""
    return _write_record


@pytest.fixture
def generated_home(tmp_path: Path) -> Path:
    """Return a data folder with five generated records of 20 s in ``mitdb``."""
    for number, leads in LEADS.items():
        _write_record(tmp_path / "mitdb", number, leads)
    return tmp_path


@pytest.fixture(scope="session")
def ptbxl_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder with nine generated records in ``ptbxl``, to be read only."""
    home = tmp_path_factory.mktemp("ptbxl_home")
    write_ptbxl(home / "ptbxl")
    return home


@pytest.fixture
def ptbxl_copy(ptbxl_home: Path, tmp_path: Path) -> Path:
    """Return a copy of `ptbxl_home` that a test may damage."""
    shutil.copytree(ptbxl_home / "ptbxl", tmp_path / "ptbxl")
    return tmp_path
