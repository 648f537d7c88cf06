from __future__ import annotations

import csv
import os
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
from skecg.sheet import PICTURE_SUFFIXES

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
    with pytest.raises(FileNotFoundError, match="holds no class folder"):
        load_sheets(tmp_path)
    (tmp_path / "MI").mkdir()
    with pytest.raises(ValueError, match="No picture"):
        load_sheets(tmp_path)
    (tmp_path / PUBLISHED["MI"][0]).mkdir()
    with pytest.raises(ValueError, match="'MI' has two folders"):
        load_sheets(tmp_path)


def save(path, level=100, **options):
    path.parent.mkdir(exist_ok=True, parents=True)
    Image.new("RGB", (20, 10), (level, 0, 0)).save(path, **options)


@pytest.fixture
def own_folder(tmp_path):
    """Return a folder of three classes under other names than the published ones."""
    for k, suffix in enumerate(PICTURE_SUFFIXES):
        save(tmp_path / "sinus" / f"{k}{suffix}", 100 + 10 * k)
    save(tmp_path / "AF" / "2.PNG")
    save(tmp_path / "AF" / "10.png")
    save(tmp_path / "Normal" / "1.png")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "read.txt").touch()
    save(tmp_path / ".thumbnails" / "1.png")
    return tmp_path


def test_any_folder_of_class_folders(own_folder):
    sheets = load_sheets(own_folder)
    assert sheets.target_names.tolist() == ["AF", "Normal", "sinus"]
    assert np.bincount(sheets.target).tolist() == [2, 1, len(PICTURE_SUFFIXES)]
    assert [path.rpartition("/")[2] for path in sheets.data[:2]] == ["2.PNG", "10.png"]
    assert len(set(sheets.groups[:3])) == 1  # one picture, in three files
    assert "Mendeley" not in sheets.DESCR
    assert sheets.skipped == []
    assert AreaResize((2, 3)).transform(sheets.data).shape == (len(sheets.data), 3, 2, 3)


def test_published_folders_beside_others_keep_their_names(folder):
    save(folder / "COVID" / "1.png")
    names = load_sheets(folder).target_names.tolist()
    assert names == sorted(["COVID", *(place for place, _ in PUBLISHED.values())])


def test_what_is_no_picture_by_its_name_is_listed(own_folder):
    (own_folder / "AF" / "notes.txt").touch()
    (own_folder / "AF" / "._2.png").touch()  # as some systems write beside every file
    (own_folder / "AF" / "more").mkdir()
    skipped = load_sheets(own_folder).skipped
    assert [(path.rpartition("/")[2], reason.partition(";")[0]) for path, reason in skipped] == [
        ("more", "a folder in a class folder"),
        ("notes.txt", "its name is not a picture's"),
    ]


def test_numbers_of_other_scripts_and_leading_zeros_are_sorted(tmp_path):
    for name in ("2.png", "02.png", "10.png", "²x.png", "1" * 200 + ".png"):
        save(tmp_path / "AF" / name)
    found = [path.rpartition("/")[2] for path in load_sheets(tmp_path).data]
    assert found == ["02.png", "2.png", "10.png", "1" * 200 + ".png", "²x.png"]


def test_the_data_home_may_hold_the_folder_as_sheets(own_folder, tmp_path_factory, monkeypatch):
    expected = load_sheets(own_folder).target_names.tolist()
    home = tmp_path_factory.mktemp("home")
    own_folder.rename(home / "sheets")
    assert load_sheets(home).target_names.tolist() == expected
    monkeypatch.setenv("SKECG_DATA", str(home))
    assert load_sheets().target_names.tolist() == expected
    monkeypatch.setenv("SKECG_DATA", str(home / "sheets"))
    with pytest.raises(FileNotFoundError, match=r"SKECG_DATA.*own folder of class folders"):
        load_sheets()
    # A class of this name is a class.
    save(home / "classes" / "sheets" / "1.png")
    assert load_sheets(home / "classes").target_names.tolist() == ["sheets"]


def test_progress_is_shown_when_asked_for(own_folder, capsys):
    load_sheets(own_folder)
    assert capsys.readouterr().err == ""
    load_sheets(own_folder, progress=True)
    n = len(PICTURE_SUFFIXES) + 3
    assert f"{n}/{n}" in capsys.readouterr().err


def make_unreadable(place):
    """Put what cannot be read into a class folder: twelve files, and what each error says."""
    os.mkfifo(place / "pipe.jpg")
    (place / "zero.jpg").symlink_to("/dev/zero")
    (place / "dangling.jpg").symlink_to("absent.jpg")
    (place / "circle.jpg").symlink_to("circle.jpg")
    (place / "folder.jpg").mkdir()
    with open(place / "sparse.jpg", "wb") as file:
        file.truncate(30 << 30)
    (place / "empty.jpg").touch()
    (place / "eps.jpg").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EOF\n")
    Image.new("1", (11_000, 8_000)).save(place / "bomb.png")
    Image.new("RGB", (32, 32)).save(place / "icon.png", "ICO")
    save(place / "cut.bmp")
    (place / "cut.bmp").write_bytes((place / "cut.bmp").read_bytes()[:-99])
    save(place / "cut.gif")
    (place / "cut.gif").write_bytes((place / "cut.gif").read_bytes()[:-9])
    return {
        "pipe.jpg": "not a regular file",
        "zero.jpg": "not a regular file",
        "dangling.jpg": "No such file",
        "circle.jpg": "levels of symbolic links",
        "folder.jpg": "s a directory",
        "sparse.jpg": "has 32212254720 bytes",
        "empty.jpg": "not a picture",
        "eps.jpg": "not a picture",
        "bomb.png": "more than max_pixels",
        "icon.png": "not a picture",
        "cut.bmp": "truncated",
        "cut.gif": "truncated",
    }


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
@pytest.mark.parametrize("verify", ["file", "pixels"])
def test_whatever_cannot_be_read_is_skipped_and_listed(own_folder, verify):
    expected = make_unreadable(own_folder / "AF")
    sheets = load_sheets(own_folder, on_error="skip", verify=verify)
    assert len(sheets.data) == len(PICTURE_SUFFIXES) + 3
    reasons = {path.rpartition("/")[2]: reason for path, reason in sheets.skipped}
    assert set(reasons) == set(expected)
    for name, reason in reasons.items():
        assert expected[name] in reason
        assert name in reason
    for path in (own_folder / "AF").glob("[0-9]*"):
        path.unlink()
    with pytest.raises((ValueError, OSError), match="/AF/"):
        load_sheets(own_folder, verify=verify)


def test_nearly_black_sheets_warn_when_pixels_are_verified(own_folder):
    save(own_folder / "AF" / "11.png", 20)
    load_sheets(own_folder)
    with pytest.warns(UserWarning, match=r"^1 of 17 sheets .*11\.png' is nearly black\. Look"):
        load_sheets(own_folder, verify="pixels")


HEAD = "file,printed_id_group\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "needs the columns"),
        (b"file,identity\nAF/2.PNG,1\n", "needs the columns"),
        (b"\xff\xfe\x00", "codec can't decode"),
        (HEAD + "AF/2.PNG,1,2\n", "line 2 has more fields"),
        (HEAD + 'AF/2.PNG,"1\n', "end of data"),
        (HEAD + "AF/2.PNG," + "1" * 200_000, "field larger"),
        (HEAD + "AF/2.PNG,1\nAF/2.jpg,2\n", "line 3 gives 'AF/2' a second"),
        (HEAD + "AF/2.PNG\nAF/10.png,\n,1\n", "does not list 3 of 3 files"),
        (HEAD + "AF/2.PNG,1\n\nAF/10.png,1\n", "does not list 1 of 3 files.*'Normal/1'"),
    ],
)
def test_a_bad_manifest_is_a_value_error_that_names_it(own_folder, content, message):
    shutil.rmtree(own_folder / "sinus")
    manifest = own_folder / "manifest.csv"
    manifest.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ValueError, match=rf"manifest\.csv' .*{message}"):
        load_sheets(own_folder, groups="printed-id", on_error="skip")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_a_manifest_must_be_a_regular_file_of_some_size(own_folder):
    manifest = own_folder / "manifest.csv"
    os.mkfifo(manifest)
    with pytest.raises(ValueError, match=r"manifest\.csv' cannot be read .*not a regular file"):
        load_sheets(own_folder, groups="printed-id")
    manifest.unlink()
    with open(manifest, "wb") as file:
        file.truncate(30 << 30)
    with pytest.raises(ValueError, match=r"manifest\.csv' cannot be read .*at most 67108864"):
        load_sheets(own_folder, groups="printed-id")
    manifest.unlink()
    manifest.mkdir()
    with pytest.raises(ValueError, match=r"manifest\.csv' cannot be read .*directory"):
        load_sheets(own_folder, groups="printed-id")


def test_a_manifest_with_a_byte_order_mark_is_read(folder):
    manifest = folder / "manifest.csv"
    manifest.write_bytes(b"\xef\xbb\xbf" + manifest.read_bytes())
    assert len(np.unique(load_sheets(folder, groups="printed-id").groups)) == 20


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
    # No image is in two classes: the groups of the classes add up.
    assert len(np.unique(sheets.groups)) == 491
    by_identity = load_sheets(data_home / "sheets", groups="printed-id").groups
    assert len(np.unique(by_identity)) == 311
    classes = [np.unique(sheets.target[by_identity == g]).size for g in np.unique(by_identity)]
    assert sum(n > 1 for n in classes) == 62


def test_the_original_files(data_home):
    sheets = load_sheets(data_home / "sheets_original")
    assert np.bincount(sheets.target).tolist() == [6, 6, 6, 6]
    assert all(path.endswith(".jpg") for path in sheets.data)
