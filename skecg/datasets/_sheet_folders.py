"""The class folders, the pictures and the table of a folder of ECG sheets."""

from __future__ import annotations

import csv
import io
import os
import re
from pathlib import Path

from ..sheet import PICTURE_SUFFIXES, read_regular_file
from ._data_home import find_folder

# Published folder names up to their count in brackets, in the order of the published class
# indices (sorted folder names). The class names alone serve as folder names too.
SHEET_FOLDERS = {
    "MI": "ECG Images of Myocardial Infarction Patients",
    "HB": "ECG Images of Patient that have abnormal heartbeat",
    "PMI": "ECG Images of Patient that have History of MI",
    "Normal": "Normal Person ECG Images",
}
_REMEDY = (
    "Unpack the files of https://doi.org/10.17632/gwbz3fsgp8.2 there, or pass your own folder of "
    "class folders as data_home."
)
_COLUMNS = ("file", "printed_id_group")
_MAX_TABLE_BYTES = 1 << 26


def find_sheets(data_home: str | os.PathLike | None) -> Path:
    """Return the folder of class folders: ``data_home`` itself or its subfolder ``sheets``."""
    if data_home is None:
        return find_folder(None, "sheets", _REMEDY)
    folder = Path(data_home).expanduser()
    if not folder.is_dir():
        raise FileNotFoundError(f"There is no folder {str(folder)!r}. {_REMEDY}")
    inner = folder / "sheets"
    # A folder "sheets" that holds pictures is a class, not a folder of classes.
    return inner if inner.is_dir() and _subfolders(inner) else folder


def class_folders(folder: Path) -> tuple[list[str], list[Path | None]]:
    """Return the names of the classes and their folders, None for a class that is not there."""
    published: dict[str, Path] = {}
    others = []
    for place in _subfolders(folder):
        label = _published_label(place)
        if label in published:
            raise ValueError(
                f"Class {label!r} has two folders in {str(folder)!r}: {published[label].name!r} "
                f"and {place.name!r}. Keep one."
            )
        if label is not None:
            published[label] = place
        elif picture_files(place)[0]:
            others.append(place)
    if others:
        places = sorted([*published.values(), *others])
        return [place.name for place in places], [*places]
    if not published:
        raise FileNotFoundError(
            f"{str(folder)!r} holds no class folder, that is, no folder with a picture in it "
            f"({', '.join(PICTURE_SUFFIXES)})."
        )
    return list(SHEET_FOLDERS), [published.get(label) for label in SHEET_FOLDERS]


def picture_files(place: Path) -> tuple[list[Path], list[tuple[str, str]]]:
    """Return the pictures in a folder, by number, and what else it holds, with the reason.

    Hidden files, which belong to the system, are not looked at.
    """
    files, others = [], []
    for path in place.iterdir():
        if path.name.startswith("."):
            continue
        if path.suffix.lower() in PICTURE_SUFFIXES:
            files.append(path)
        else:
            what = "a folder in a class folder" if path.is_dir() else "its name is not a picture's"
            others.append((str(path), f"{what}; it is not looked at."))
    return sorted(files, key=_by_number), sorted(others)


def read_identities(folder: Path, files: list[str]) -> list[str]:
    """Return the printed identity of every file from ``manifest.csv``."""
    manifest = folder / "manifest.csv"
    if not os.path.lexists(manifest):
        raise FileNotFoundError(
            f'groups="printed-id" needs {str(manifest)!r} with the columns file and '
            "printed_id_group, one row per picture."
        )
    identities = _read_table(manifest)
    keys = [_stem(Path(path).relative_to(folder).as_posix()) for path in files]
    missing = [key for key in keys if not identities.get(key)]
    if missing:
        raise ValueError(
            f"{str(manifest)!r} does not list {len(missing)} of {len(keys)} files, or not their "
            f"printed_id_group; the first of them is {missing[0]!r}."
        )
    return [identities[key] for key in keys]


def _read_table(manifest: Path) -> dict[str, str]:
    identities: dict[str, str] = {}
    try:
        text = read_regular_file(manifest, max_bytes=_MAX_TABLE_BYTES).decode("utf-8-sig")
        table = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        if not set(_COLUMNS) <= set(table.fieldnames or ()):
            raise ValueError(f"it needs the columns {_COLUMNS}; got {table.fieldnames}.")
        for row in table:
            if None in row:
                raise ValueError(f"line {table.line_num} has more fields than there are columns.")
            # Without the suffix, so that one manifest serves copies in another file format.
            key, identity = _stem(row["file"] or ""), row["printed_id_group"] or ""
            if identities.setdefault(key, identity) != identity:
                raise ValueError(f"line {table.line_num} gives {key!r} a second printed_id_group.")
    except (ValueError, csv.Error, OSError) as error:
        raise ValueError(f"{str(manifest)!r} cannot be read as a table: {error}") from error
    return identities


def _subfolders(folder: Path) -> list[Path]:
    places = (place for place in folder.iterdir() if not place.name.startswith("."))
    return sorted(place for place in places if place.is_dir())


def _published_label(place: Path) -> str | None:
    for label, name in SHEET_FOLDERS.items():
        if place.name == label or place.name.startswith(name):
            return label
    return None


def _by_number(path: Path) -> tuple[list[tuple[int, str]], str]:
    pieces = re.split(r"([0-9]+)", path.name)
    numbers = [(int(piece), "") if k % 2 else (-1, piece) for k, piece in enumerate(pieces)]
    return numbers, path.name


def _stem(name: str) -> str:
    return name.rpartition(".")[0]
