from __future__ import annotations

import csv
import shutil

import numpy as np
import pytest
from PIL import Image
from sklearn.model_selection import StratifiedGroupKFold, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skecg.datasets import load_sheets, make_sheets
from skecg.preprocessing import AreaResize

PUBLISHED = {
    "MI": ("ECG Images of Myocardial Infarction Patients (240x12=2880)", "MI"),
    "HB": ("ECG Images of Patient that have abnormal heartbeat (233x12=2796)", "HB"),
    "PMI": ("ECG Images of Patient that have History of MI (172x12=2064)", "PMI"),
    "Normal": ("Normal Person ECG Images (284x12=3408)", "Normal"),
}


@pytest.fixture
def folder(tmp_path):
    """Return the published folders: 9 sheets each, in three classes with copies of 1 to 3."""
    made = make_sheets(36, n_subjects=36, size=(79, 111), random_state=0)
    identities = {}
    for index, (label, (place, stem)) in enumerate(PUBLISHED.items()):
        (tmp_path / place).mkdir()
        for number, sheet in enumerate(made.data[made.target == index], start=1):
            path = tmp_path / place / f"{stem}({number}).png"
            Image.fromarray(sheet).save(path)
            identities[f"{place}/{path.name}"] = f"{label}{(number - 1) // 2}"
            if number <= 3 and label != "HB":
                copy = path.with_name(f"{stem}({number + 9}).png")
                shutil.copy(path, copy)
                identities[f"{place}/{copy.name}"] = f"{label}{(number - 1) // 2}"
    with (tmp_path / "manifest.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "printed_id_group"])
        writer.writerows(identities.items())
    return tmp_path


def first(folder, label="MI", number=1):
    place, stem = PUBLISHED[label]
    return folder / place / f"{stem}({number}).png"


def test_classes_and_order(folder):
    sheets = load_sheets(folder)
    assert sheets.target_names.tolist() == ["MI", "HB", "PMI", "Normal"]
    assert np.bincount(sheets.target).tolist() == [12, 9, 12, 12]
    assert sheets.data[0] == str(first(folder))
    # By number: (2) before (10).
    assert [path.rpartition("(")[2] for path in sheets.data[:12]] == [
        f"{k}).png" for k in range(1, 13)
    ]
    assert sheets.skipped == []
    assert "491" in sheets.DESCR


def test_identical_files_are_one_group(folder):
    sheets = load_sheets(folder)
    groups = dict(zip(sheets.data, sheets.groups))
    assert len(np.unique(sheets.groups)) == 36
    for number in (1, 2, 3):
        assert (
            groups[str(first(folder, "PMI", number))]
            == groups[str(first(folder, "PMI", number + 9))]
        )


def test_sheets_of_one_printed_identity_are_one_group(folder):
    by_content = load_sheets(folder).groups
    by_identity = load_sheets(folder, groups="printed-id").groups
    assert len(np.unique(by_identity)) == 4 * 5  # 9 sheets of each class, two per identity
    for group in np.unique(by_content):
        assert len(np.unique(by_identity[by_content == group])) == 1


def test_the_manifest_serves_other_file_formats(folder):
    for path in folder.glob("*/*.png"):
        Image.open(path).save(path.with_suffix(".jpg"))
        path.unlink()
    assert len(np.unique(load_sheets(folder, groups="printed-id").groups)) == 20


def test_a_missing_or_incomplete_manifest(folder):
    Image.new("RGB", (9, 9)).save(first(folder, number=99))
    with pytest.raises(ValueError, match=r"does not list 1 of 46 files.*MI\(99\)"):
        load_sheets(folder, groups="printed-id")
    (folder / "manifest.csv").unlink()
    with pytest.raises(FileNotFoundError, match=r"needs .*manifest\.csv"):
        load_sheets(folder, groups="printed-id")


def test_tuples(folder):
    sheets = load_sheets(folder)
    X, y = load_sheets(folder, return_X_y=True)
    np.testing.assert_array_equal(X, sheets.data)
    np.testing.assert_array_equal(y, sheets.target)
    assert len(load_sheets(folder, return_X_y_groups=True)) == 3


def test_short_folder_names_and_missing_classes(tmp_path):
    for label in ("HB", "Normal"):
        (tmp_path / label).mkdir()
        Image.new("RGB", (20, 10)).save(tmp_path / label / "a.png")
    (tmp_path / "notes").mkdir()
    (tmp_path / "HB" / "notes.txt").write_text("no picture")
    assert load_sheets(tmp_path).target.tolist() == [1, 3]


@pytest.mark.parametrize("content", [b"", b"no picture"])
def test_a_file_that_is_no_picture(folder, content):
    first(folder).write_bytes(content)
    with pytest.raises(ValueError, match=r"MI\(1\)\.png"):
        load_sheets(folder)
    sheets = load_sheets(folder, on_error="skip")
    assert len(sheets.data) == 44
    assert [path for path, _ in sheets.skipped] == [str(first(folder))]


@pytest.mark.parametrize("suffix", ["png", "jpg", "avif"])
def test_a_truncated_file(folder, suffix):
    path = first(folder).with_name(f"MI(50).{suffix}")
    Image.open(first(folder)).save(path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 2 // 3])
    with pytest.raises(ValueError, match=rf"MI\(50\)\.{suffix}"):
        load_sheets(folder)
    assert len(load_sheets(folder, on_error="skip").skipped) == 1


def test_damaged_pixels_are_found_by_decoding(folder):
    path = first(folder).with_name("MI(50).tiff")
    Image.open(first(folder)).save(path, compression="tiff_lzw")
    content = bytearray(path.read_bytes())
    content[100:-400] = bytes(len(content) - 500)
    path.write_bytes(content)
    assert len(load_sheets(folder, on_error="skip", verify="pixels").skipped) == 1


def test_no_folder_no_class_no_picture(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no folder .*absent"):
        load_sheets(tmp_path / "absent")
    with pytest.raises(FileNotFoundError, match="none of the folders"):
        load_sheets(tmp_path)
    (tmp_path / "MI").mkdir()
    with pytest.raises(ValueError, match="No picture"):
        load_sheets(tmp_path)
    (tmp_path / PUBLISHED["MI"][0]).mkdir()
    with pytest.raises(ValueError, match="'MI' has two folders"):
        load_sheets(tmp_path)


@pytest.mark.parametrize("name", ["groups", "on_error", "verify"])
def test_other_options_are_refused(folder, name):
    with pytest.raises(ValueError, match=rf"{name} must be one of .*got 'other'"):
        load_sheets(folder, **{name: "other"})


def test_cross_validation_from_paths(folder):
    X, y, groups = load_sheets(folder, return_X_y_groups=True)
    flat = FunctionTransformer(lambda images: images.reshape(len(images), -1))
    model = make_pipeline(AreaResize((18, 25), region="grid"), flat, KNeighborsClassifier(1))
    scores = cross_val_score(model, X, y, groups=groups, cv=StratifiedGroupKFold(3))
    assert scores.shape == (3,)


def test_the_counts_of_the_published_files(data_home):
    sheets = load_sheets(data_home / "sheets")
    files = dict(zip(sheets.target_names, np.bincount(sheets.target).tolist()))
    assert files == {"MI": 239, "HB": 233, "PMI": 172, "Normal": 284}
    distinct = {
        name: len(np.unique(sheets.groups[sheets.target == k]))
        for k, name in enumerate(sheets.target_names)
    }
    assert distinct == {"MI": 30, "HB": 233, "PMI": 86, "Normal": 142}
    # No image stands in two classes: the groups of the classes add up.
    assert len(np.unique(sheets.groups)) == 491
    by_identity = load_sheets(data_home / "sheets", groups="printed-id").groups
    assert len(np.unique(by_identity)) == 311
    classes = [np.unique(sheets.target[by_identity == g]).size for g in np.unique(by_identity)]
    assert sum(n > 1 for n in classes) == 62


def test_the_original_files(data_home):
    sheets = load_sheets(data_home / "sheets_original")
    assert np.bincount(sheets.target).tolist() == [6, 6, 6, 6]
    assert all(path.endswith(".jpg") for path in sheets.data)
