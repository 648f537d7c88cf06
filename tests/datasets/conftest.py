"""Small generated WFDB records in the form of the databases."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from generated_mitbih import write_record as _write_record
from generated_ptbxl import write_ptbxl

LEADS = {
    100: ["MLII", "V5"],
    102: ["V5", "V2"],
    114: ["V5", "MLII"],
    201: ["MLII", "V1"],
    202: ["MLII", "V1"],
}


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
