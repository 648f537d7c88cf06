"""Reader of folders of pictures of ECG sheets, the published ones and others."""

from __future__ import annotations

import hashlib
import io
import os
import warnings
from pathlib import Path
from typing import Literal, overload

import numpy as np
from sklearn.utils import Bunch
from tqdm import tqdm

from ..model_selection import content_groups, merge_groups
from ..sheet import DOUBT_REMEDY, check_picture, find_doubt, read_pixels, read_regular_file
from ._sheet_folders import (
    SHEET_FOLDERS,
    class_folders,
    find_sheets,
    picture_files,
    read_identities,
)

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
- `groups`: files of one group belong on the same side of a split. `groups_source` says how they
  were found.

The files repeat. 928 files are 491 distinct images: there are eight files of each MI image (seven
of one of them), two of each PMI and of each Normal image. No image is in two classes. In a random
split most test images have an identical twin in the training set, and a look-up of identical
files with "not found: HB" scores about 90 % without learning anything. Published accuracies of
86 to 99 % were measured on random splits over files. Split by `groups`, which put identical files
together.

The same person may have several sheets. Only 311 different identities are printed on the pages,
and 62 of them are in more than one class, minutes apart; whether they are patients or a field of
the machine is unknown. `groups="printed-id"` joins all sheets of one printed identity, the
strictest split that is possible.

Header and footer print identity, sex, date and heart rate, which a classifier can read: cut them
off with `AreaResize(region="grid")` or `LeadCropper()`.
"""


_OTHER_DESCR = """\
ECG sheets
==========

Pictures of ECG sheets in a folder with one subfolder per class.

- `data`: paths of the files, by class and number. `target`: index into `target_names`, the names
  of the subfolders.
- `groups`: identical files have the same group (with `groups="printed-id"` also those of one
  printed identity). Different sheets of one person are in different groups: where you know them,
  join them with `skecg.model_selection.merge_groups`.
"""


@overload
def load_sheets(
    data_home: str | os.PathLike | None = ...,
    *,
    groups: Literal["content", "printed-id"] = ...,
    on_error: Literal["raise", "skip"] = ...,
    verify: Literal["file", "pixels"] = ...,
    return_X_y: Literal[False] = ...,
    return_X_y_groups: Literal[False] = ...,
    progress: bool = ...,
) -> Bunch: ...


@overload
def load_sheets(
    data_home: str | os.PathLike | None = ...,
    *,
    groups: Literal["content", "printed-id"] = ...,
    on_error: Literal["raise", "skip"] = ...,
    verify: Literal["file", "pixels"] = ...,
    return_X_y: bool = ...,
    return_X_y_groups: bool = ...,
    progress: bool = ...,
) -> Bunch | tuple[np.ndarray, ...]: ...


def load_sheets(
    data_home: str | os.PathLike | None = None,
    *,
    groups: Literal["content", "printed-id"] = "content",
    on_error: Literal["raise", "skip"] = "raise",
    verify: Literal["file", "pixels"] = "file",
    return_X_y: bool = False,
    return_X_y_groups: bool = False,
    progress: bool = False,
) -> Bunch | tuple[np.ndarray, ...]:
    """Load the file names, classes and groups of a folder of ECG sheets.

    The pictures are not kept in memory: ``data`` holds paths, which
    :class:`skecg.AreaResize` and :class:`skecg.LeadCropper` read.
    The 928 published files are 491 distinct images, so a split over files tests on images of the
    training set: pass ``groups`` to a splitter such as
    :class:`~sklearn.model_selection.StratifiedGroupKFold`.

    Parameters
    ----------
    data_home : str or path-like, default=None
        Folder with one subfolder of pictures per class, or a folder that holds it as ``sheets``;
        see :func:`get_data_home` for None. The four folders of the published data set [1]_, under
        their own names or as MI, HB, PMI and Normal, are classes 0 to 3 in this order. If there
        are other folders with pictures, every folder is a class of its own name, in sorted order.
    groups : {"content", "printed-id"}, default="content"
        What is one group: identical files, or in addition the sheets on which the same identity
        is printed, from the columns ``file`` and ``printed_id_group`` of ``manifest.csv`` in the
        folder.
    on_error : {"raise", "skip"}, default="raise"
        Whether a file that cannot be read raises an error or is left out and listed in
        ``skipped``.
    verify : {"file", "pixels"}, default="file"
        How files are checked: header, checksums and end (some milliseconds per file), or by
        decoding every pixel (some ten milliseconds), which also finds nearly black and nearly
        white sheets.
    return_X_y : bool, default=False
        Return ``(data, target)``.
    return_X_y_groups : bool, default=False
        Return ``(data, target, groups)``.
    progress : bool, default=False
        Whether to show a progress bar.

    Returns
    -------
    Bunch
        ``data`` (n_samples,) paths as str; ``target`` (n_samples,) int, index into
        ``target_names``; ``groups`` (n_samples,) int; ``groups_source``; ``skipped``, a list of
        (path, reason), also for files without the suffix of a picture; ``DESCR``. Or one of the
        tuples.

    Raises
    ------
    FileNotFoundError
        If the folder, all class folders, or the manifest that is needed are missing.
    OSError
        If a file must not be read and ``on_error="raise"``.
    ValueError
        If a file is damaged, too large or no regular file and ``on_error="raise"``; if no picture
        is left; if the manifest is damaged or does not list a file.

    Warns
    -----
    UserWarning
        If ``verify="pixels"`` and sheets are nearly black or nearly white.

    See Also
    --------
    make_sheets : Makes sheets with known signals.
    skecg.AreaResize, skecg.LeadCropper, skecg.TraceReader : Read the pictures.

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
    folder = find_sheets(data_home)
    names, places = class_folders(folder)
    files, skipped = [], []
    for index, place in enumerate(places):
        if place is not None:
            pictures, others = picture_files(place)
            files += [(path, index) for path in pictures]
            skipped += others

    paths, target, digests, doubtful = [], [], [], []
    for path, index in tqdm(files, desc="ECG sheets", unit="file", disable=not progress):
        try:
            digest, doubt = _check_file(path, verify)
        # Decoders, links and permissions fail in many ways; the other files are read all the same.
        except Exception as error:
            if on_error == "raise":
                raise
            skipped.append((str(path), str(error)))
            continue
        paths.append(str(path))
        target.append(index)
        digests.append(digest)
        if doubt:
            doubtful.append(f"{str(path)!r} is {doubt}")
    if not paths:
        raise ValueError(
            f"No picture in {str(folder)!r} can be read; {len(skipped)} files were left out."
        )
    if doubtful:
        warnings.warn(
            f"{len(doubtful)} of {len(paths)} sheets are nearly black or white: the first, "
            f"{doubtful[0]}. {DOUBT_REMEDY}",
            UserWarning,
            stacklevel=2,
        )
    sheets = Bunch(
        data=np.array(paths),
        target=np.array(target, dtype=np.int64),
        target_names=np.array(names),
        groups=_group(folder, paths, digests, groups),
        groups_source=groups,
        skipped=skipped,
        DESCR=DESCR if names == list(SHEET_FOLDERS) else _OTHER_DESCR,
    )
    if return_X_y_groups:
        return sheets.data, sheets.target, sheets.groups
    return (sheets.data, sheets.target) if return_X_y else sheets


def _check_file(path: Path, verify: str) -> tuple[bytes, str]:
    """Return the digest of a picture's file, and whether it is nearly black or white."""
    content = read_regular_file(path)
    file = io.BytesIO(content)
    file.name = str(path)  # for errors
    doubt = ""
    if verify == "pixels":
        doubt = find_doubt(read_pixels(file))
    else:
        check_picture(file)
    return hashlib.blake2b(content, digest_size=16).digest(), doubt


def _group(folder: Path, paths: list[str], digests: list[bytes], groups: str) -> np.ndarray:
    by_content = content_groups(digests)
    if groups == "content":
        return by_content
    return merge_groups(by_content, read_identities(folder, paths))
