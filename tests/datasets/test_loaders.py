"""What every loader of a data set keeps, on small generated data: a new one must be in LOADERS."""

from __future__ import annotations

import inspect
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from skecg import datasets
from skecg.datasets import make_sheets

RECORDS = (114, 201, 202)


def write_sheets(folder: Path) -> Path:
    sheets = make_sheets(8, n_subjects=8, size=(79, 111), random_state=0)
    for i, sheet in enumerate(sheets.data):
        place = folder / "sheets" / ["normal", "infarction"][i % 2]
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(sheet).save(place / f"{i}.png")
    return folder / "sheets"


# Name -> a call of the loader with a folder of generated records and one of PTB-XL.
LOADERS = {
    "load_heartbeat": lambda home, _, **how: datasets.load_heartbeat(home, source="mitbih", **how),
    "load_mitbih": lambda home, _, **how: datasets.load_mitbih(home, records=RECORDS, **how),
    "load_ptbxl": lambda _, ptbxl, **how: datasets.load_ptbxl(ptbxl, **how),
    "load_sheets": lambda home, _, **how: datasets.load_sheets(write_sheets(home), **how),
    "load_wfdb": lambda home, _, **how: datasets.load_wfdb(home / "mitdb", RECORDS, **how),
}
every = pytest.mark.parametrize("name", sorted(LOADERS))


@pytest.fixture
def load(name, generated_home, ptbxl_home, monkeypatch):
    monkeypatch.setattr("skecg.datasets._mitbih.MITBIH_RECORDS", RECORDS)
    return lambda **how: LOADERS[name](generated_home, ptbxl_home, **how)


def test_every_loader_is_here():
    assert {name for name in datasets.__all__ if name.startswith("load_")} == LOADERS.keys()


@every
def test_every_sample_has_a_target_and_a_subject(name, load):
    bunch = load()
    assert len(bunch.data) > 1
    assert len(bunch.target) == len(bunch.groups) == len(bunch.data)
    assert {"target_names", "DESCR"} <= bunch.keys()
    assert len(set(np.asarray(bunch.groups).tolist())) > 1


@every
def test_arrays_alone_are_those_of_the_bunch(name, load):
    bunch = load()
    X, y = load(return_X_y=True)
    same_X, same_y, groups = load(return_X_y_groups=True)
    assert len(X) == len(same_X) == len(bunch.data)
    for found, expected in ((y, bunch.target), (same_y, bunch.target), (groups, bunch.groups)):
        assert all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True))


@every
def test_the_signature_and_the_docstring_are_those_of_the_others(name):
    loader = getattr(datasets, name)
    parameters = inspect.signature(loader).parameters
    assert {"return_X_y", "return_X_y_groups", "progress"} <= parameters.keys()
    assert all(parameters[flag].default is False for flag in ("return_X_y", "return_X_y_groups"))
    text = inspect.getdoc(loader)
    for section in ("Parameters", "Returns", "Raises"):
        assert f"{section}\n{'-' * len(section)}\n" in text
    assert "groups" in text
    assert next(iter(parameters)) in ("data_home", "folder")


@every
def test_a_folder_that_is_not_there_is_named(name, tmp_path):
    with pytest.raises(OSError, match="not_there"):
        getattr(datasets, name)(tmp_path / "not_there")


@every
def test_the_loader_is_called_with_damaged_files_and_wrong_values(name):
    source = (Path(__file__).parents[1] / "test_fuzz.py").read_text(encoding="utf-8")
    assert f"(datasets.{name}, " in source, "add it to data_functions of tests/test_fuzz.py"
