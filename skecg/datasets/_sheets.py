"""Reader of the published pictures of 12-lead ECG sheets."""

from __future__ import annotations

import csv
import io
import os
import re
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image
from sklearn.utils import Bunch

from ..model_selection import content_groups, merge_groups
from ..sheet import read_image

# Published folder names up to their count in brackets, in the order of the published class
# indices (sorted folder names). The class names alone serve as folder names too.
SHEET_FOLDERS = {
    "MI": "ECG Images of Myocardial Infarction Patients",
    "HB": "ECG Images of Patient that have abnormal heartbeat",
    "PMI": "ECG Images of Patient that have History of MI",
    "Normal": "Normal Person ECG Images",
}
_SUFFIXES = (".jpg", ".jpeg", ".png", ".avif", ".tif", ".tiff")

DESCR = """\
ECG sheets of cardiac patients
==============================

Pictures (2213 x 1572 pixels, 200 dpi) of printed 12-lead ECG sheets: 3 x 4 leads of 2.5 s above a
rhythm strip, 25 mm/s, 10 mm/mV, from EDAN SERIES-3 machines. Version 2 of the collection
(Mendeley Data, gwbz3fsgp8, CC BY 4.0) has 928 files:

    class    meaning                             files   distinct images
    MI       myocardial infarction                 239                30
    HB       abnormal heartbeat                    233               233
    PMI      history of myocardial infarction      172                86
    Normal   normal                                284               142
    all                                            928               491

- `data`: paths of the files, by class and number. `target`: index into `target_names`.
- `groups`: files that must not be torn apart by a split. `groups_source` says how they were found.

The files repeat. 928 files are 491 distinct images: each MI image stands there eight times (one
of them seven times), each PMI and each Normal image twice. No image stands in two classes. In a
random split most test images have an identical twin in the training set, and a look-up of
identical files with "not found: HB" scores about 90 % without learning anything. Published
accuracies of 86 to 99 % come from random splits over files. Split by `groups`, which put
identical files together.

The same person may have several sheets. Only 311 different identities are printed on the pages,
and 62 of them stand in more than one class, minutes apart; whether they are patients or a field
of the machine is unknown. `groups="printed-id"` joins all sheets of one printed identity, the
strictest split that is possible.

Header and footer print identity, sex, date and heart rate, which a classifier can read: cut them
off with `AreaResize(region="grid")` or `LeadCropper()`.
"""


def load_sheets(
    folder: str | os.PathLike,
    *,
    groups: Literal["content", "printed-id"] = "content",
    on_error: Literal["raise", "skip"] = "raise",
    verify: Literal["file", "pixels"] = "file",
    return_X_y: bool = False,
    return_X_y_groups: bool = False,
) -> Bunch | tuple[np.ndarray, ...]:
    """Load the file names, classes and groups of a folder of ECG sheets.

    The pictures are not kept in memory: ``data`` holds paths, which
    :class:`~skecg.preprocessing.AreaResize` and :class:`~skecg.preprocessing.LeadCropper` read.
    The 928 published files are 491 distinct images, so that a split over files tests on training
    images: pass ``groups`` to a splitter such as
    :class:`~sklearn.model_selection.StratifiedGroupKFold`.

    Parameters
    ----------
    folder : str or path-like
        Folder that holds the four published folders (with or without the count in brackets in
        their names), or folders named MI, HB, PMI and Normal. Classes without a folder are
        absent. JPEG, PNG, AVIF and TIFF files are taken.
    groups : {"content", "printed-id"}, default="content"
        What must not be torn apart: files of identical content, or in addition the sheets on
        which the same identity is printed, from the column ``printed_id_group`` of
        ``manifest.csv`` in the folder.
    on_error : {"raise", "skip"}, default="raise"
        What a file that cannot be read does: raise with its name, or be left out and listed in
        ``skipped``.
    verify : {"file", "pixels"}, default="file"
        How files are checked: that the header is a picture's and the end is not missing (some
        milliseconds per file), or by decoding every pixel (some ten milliseconds).
    return_X_y : bool, default=False
        Return ``(data, target)``.
    return_X_y_groups : bool, default=False
        Return ``(data, target, groups)``.

    Returns
    -------
    Bunch
        ``data`` (n_samples,) paths as str; ``target`` (n_samples,) int, index into
        ``target_names``; ``groups`` (n_samples,) int; ``groups_source``; ``skipped``, a list of
        (path, reason); ``DESCR``. Or one of the tuples.

    Raises
    ------
    FileNotFoundError
        When the folder, all class folders, or the manifest that is needed are missing.
    ValueError
        When a file cannot be read and ``on_error="raise"``, when no file is left, or when the
        manifest does not list a file.

    References
    ----------
    .. [1] A. H. Khan, M. Hussain, ECG Images dataset of Cardiac Patients, Mendeley Data, V2
       (2021). https://doi.org/10.17632/gwbz3fsgp8.2

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from PIL import Image
    >>> from skecg.datasets import load_sheets, make_sheets
    >>> sheets = make_sheets(4, size=(157, 221), random_state=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for i, (sheet, label) in enumerate(zip(sheets.data, sheets.target)):
    ...         place = Path(folder, str(sheets.target_names[label]))
    ...         place.mkdir(exist_ok=True)
    ...         Image.fromarray(sheet).save(place / f"sheet({i}).png")
    ...     X, y, groups = load_sheets(folder, return_X_y_groups=True)
    >>> X.shape, y.tolist(), groups.tolist()
    ((4,), [0, 1, 2, 3], [0, 1, 2, 3])
    """
    for name, value, choices in (
        ("groups", groups, ("content", "printed-id")),
        ("on_error", on_error, ("raise", "skip")),
        ("verify", verify, ("file", "pixels")),
    ):
        if value not in choices:
            raise ValueError(f"{name} must be one of {choices}; got {value!r}.")
    folder = Path(folder)
    paths, target, skipped = [], [], []
    for index, place in _class_folders(folder).items():
        for path in _sheet_files(place):
            try:
                _check_file(path, verify)
            except ValueError as error:
                if on_error == "raise":
                    raise
                skipped.append((str(path), str(error)))
            else:
                paths.append(str(path))
                target.append(index)
    if not paths:
        raise ValueError(
            f"No picture in {str(folder)!r} can be read; {len(skipped)} files were left out."
        )
    sheets = Bunch(
        data=np.array(paths),
        target=np.array(target, dtype=np.int64),
        target_names=np.array(list(SHEET_FOLDERS)),
        groups=_group(folder, paths, groups),
        groups_source=groups,
        skipped=skipped,
        DESCR=DESCR,
    )
    if return_X_y_groups:
        return sheets.data, sheets.target, sheets.groups
    return (sheets.data, sheets.target) if return_X_y else sheets


def _class_folders(folder: Path) -> dict[int, Path]:
    """Return the folders of the classes that are there, by class index."""
    if not folder.is_dir():
        raise FileNotFoundError(f"There is no folder {str(folder)!r}.")
    found: dict[int, Path] = {}
    for place in sorted(folder.iterdir()):
        for index, (label, published) in enumerate(SHEET_FOLDERS.items()):
            if place.is_dir() and (place.name == label or place.name.startswith(published)):
                if index in found:
                    raise ValueError(
                        f"Class {label!r} has two folders in {str(folder)!r}: "
                        f"{found[index].name!r} and {place.name!r}. Keep one."
                    )
                found[index] = place
    if not found:
        raise FileNotFoundError(
            f"{str(folder)!r} holds none of the folders of the data set: "
            f"{list(SHEET_FOLDERS.values())} (or {list(SHEET_FOLDERS)})."
        )
    return dict(sorted(found.items()))


def _sheet_files(place: Path) -> list[Path]:
    """Return the pictures in a folder in the order of their numbers."""
    files = [path for path in place.iterdir() if path.suffix.lower() in _SUFFIXES]

    def by_number(path: Path) -> list[tuple[int, str]]:
        return [(int(p), "") if p.isdigit() else (-1, p) for p in re.split(r"(\d+)", path.name)]

    return sorted(files, key=by_number)


def _check_file(path: Path, verify: str) -> None:
    if verify == "pixels":
        read_image(path)
        return
    content = path.read_bytes()
    try:
        with Image.open(io.BytesIO(content)) as image:
            image_format = image.format
            image.verify()
    # Damaged files reach every corner of a decoder.
    except Exception as error:
        raise ValueError(f"{str(path)!r} cannot be read as a picture: {error}") from error
    # Only the decoder of the pixels would miss the end of a JPEG file.
    if image_format == "JPEG" and b"\xff\xd9" not in content[-1024:]:
        raise ValueError(f"{str(path)!r} is truncated: a JPEG file without an end marker.")


def _group(folder: Path, paths: list[str], groups: str) -> np.ndarray:
    by_content = content_groups(paths)
    if groups == "content":
        return by_content
    manifest = folder / "manifest.csv"
    if not manifest.is_file():
        raise FileNotFoundError(
            f'groups="printed-id" needs {str(manifest)!r} with the columns file and '
            "printed_id_group, one row per picture."
        )
    with manifest.open(newline="", encoding="utf-8") as file:
        # Without the suffix, so that one manifest serves copies in another file format.
        rows = {_stem(row["file"]): row["printed_id_group"] for row in csv.DictReader(file)}
    keys = [_stem(Path(path).relative_to(folder).as_posix()) for path in paths]
    missing = [key for key in keys if key not in rows]
    if missing:
        raise ValueError(
            f"{str(manifest)!r} does not list {len(missing)} of {len(keys)} files, the first of "
            f"which is {missing[0]!r}."
        )
    return merge_groups(by_content, [rows[key] for key in keys])


def _stem(name: str) -> str:
    return name.rpartition(".")[0]
