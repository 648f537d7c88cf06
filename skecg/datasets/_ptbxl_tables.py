"""The two tables of PTB-XL, and how SCP statements become superclasses and targets."""

from __future__ import annotations

import ast
import csv
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._files import check_file

# In the order of the paper's table.
SUPERCLASSES = ("NORM", "MI", "STTC", "CD", "HYP")

TASKS = ("mi-vs-norm", "superclass", "superclass-multilabel")

REMEDY = (
    "Call skecg.datasets.fetch_ptbxl() to download PTB-XL 1.0.3, or put its files from "
    "https://physionet.org/content/ptb-xl/1.0.3/ (ptbxl_database.csv, scp_statements.csv, "
    "records100/, records500/) into that folder, or say where they are with data_home or "
    "SKECG_DATA."
)

_DATABASE_COLUMNS = (
    "ecg_id",
    "patient_id",
    "scp_codes",
    "strat_fold",
    "filename_lr",
    "filename_hr",
)
# The table of version 1.0.3 has 21,799 rows, 28 columns and 6 MB.
_MAX_BYTES = 1 << 25
_MAX_ROWS = 100_000
_MAX_COLUMNS = 100
_LARGEST_ID = 10**9
_STATEMENT_COLUMNS = ("", "diagnostic", "diagnostic_class")


class Records(NamedTuple):
    """The rows of ``ptbxl_database.csv``, one entry per record."""

    ecg_id: NDArray[np.int64]
    patient: NDArray[np.int64]
    strat_fold: NDArray[np.int64]
    scp_codes: list[dict[str, float]]
    superclasses: NDArray[np.bool_]
    columns: dict[str, NDArray[np.object_]]

    def take(self, rows: NDArray[np.int64]) -> Records:
        """Return some of the rows."""
        return Records(
            self.ecg_id[rows],
            self.patient[rows],
            self.strat_fold[rows],
            [self.scp_codes[row] for row in rows],
            self.superclasses[rows],
            {name: values[rows] for name, values in self.columns.items()},
        )


class Targets(NamedTuple):
    """The targets of all records, and for each reason to leave records out, which ones."""

    target: NDArray[np.int64]
    target_names: tuple[str, ...]
    left_out: dict[str, NDArray[np.bool_]]


def read_tables(folder: Path) -> Records:
    """Read ``ptbxl_database.csv`` and the superclasses of its records."""
    superclass_of = _read_statements(folder / "scp_statements.csv")
    file = folder / "ptbxl_database.csv"
    rows = _read_csv(file, _DATABASE_COLUMNS)
    ids, scp_codes, superclasses = [], [], np.zeros((len(rows), len(SUPERCLASSES)), dtype=bool)
    for number, row in enumerate(rows):
        try:
            ids.append([_parse_id(row, name) for name in ("ecg_id", "patient_id", "strat_fold")])
            if not 1 <= ids[-1][2] <= 10:
                raise ValueError(f"strat_fold must be 1 to 10, got {ids[-1][2]}")
            scp_codes.append(_parse_codes(row["scp_codes"]))
            for code in scp_codes[-1]:
                if superclass_of[code] is not None:
                    superclasses[number, superclass_of[code]] = True
        except KeyError as error:
            raise ValueError(
                f"{file}: the record of ecg_id={row['ecg_id']!r} has the SCP statement {error}, "
                f"which scp_statements.csv does not list. {REMEDY}"
            ) from error
        except (ValueError, OverflowError) as error:
            raise ValueError(
                f"{file}: the row of ecg_id={row['ecg_id']!r} is damaged ({error}). {REMEDY}"
            ) from error
    ecg_id, patient, strat_fold = np.array(ids, dtype=np.int64).T
    # As objects: the longest report would set the width of all.
    columns = {name: np.array([row[name] for row in rows], dtype=object) for name in rows[0]}
    return Records(ecg_id, patient, strat_fold, scp_codes, superclasses, columns)


def assign_targets(superclasses: NDArray[np.bool_], task: str) -> Targets:
    """Turn the superclasses of the records into the targets of a task.

    Parameters
    ----------
    superclasses : ndarray of bool of shape (n_records, 5)
        Which of the five superclasses a record has.
    task : {"mi-vs-norm", "superclass", "superclass-multilabel"}
        See :func:`load_ptbxl`.
    """
    n_classes = superclasses.sum(axis=1)
    has_norm, has_mi = (superclasses[:, SUPERCLASSES.index(name)] for name in ("NORM", "MI"))
    left_out = {"no superclass": n_classes == 0}
    if task == "mi-vs-norm":
        left_out["neither NORM nor MI"] = (n_classes > 0) & ~has_norm & ~has_mi
        left_out["NORM and MI"] = has_norm & has_mi
        left_out["NORM with another superclass"] = has_norm & ~has_mi & (n_classes > 1)
        return Targets(has_mi.astype(np.int64), ("NORM", "MI"), left_out)
    if task == "superclass":
        left_out["several superclasses"] = n_classes > 1
        return Targets(superclasses.argmax(axis=1), SUPERCLASSES, left_out)
    return Targets(superclasses.astype(np.int64), SUPERCLASSES, left_out)


def _read_statements(file: Path) -> dict[str, int | None]:
    """Return the index of every SCP statement's superclass, None where it is no diagnosis."""
    superclass_of: dict[str, int | None] = {}
    for row in _read_csv(file, _STATEMENT_COLUMNS):
        # Form and rhythm statements have an empty field.
        if row["diagnostic"] not in ("1.0", "1"):
            superclass_of[row[""]] = None
        elif row["diagnostic_class"] in SUPERCLASSES:
            superclass_of[row[""]] = SUPERCLASSES.index(row["diagnostic_class"])
        else:
            raise ValueError(
                f"{file}: the statement {row['']!r} has the diagnostic_class "
                f"{row['diagnostic_class']!r}; expected one of {SUPERCLASSES}. {REMEDY}"
            )
    return superclass_of


def _parse_codes(text: str) -> dict[str, float]:
    """Read the Python literal ``{statement: likelihood}``, and nothing else."""
    try:
        codes = ast.literal_eval(text)
    # A deeply nested text exhausts the parser.
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
        raise ValueError(f"scp_codes {text[:80]!r} is not a dictionary") from error
    is_likelihood = isinstance(codes, dict) and all(
        isinstance(code, str) and type(likelihood) in (int, float)
        for code, likelihood in codes.items()
    )
    if not is_likelihood:
        raise ValueError(f"scp_codes {text[:80]!r} does not map statements to likelihoods")
    # A likelihood is in percent; this refuses infinity and integers of a thousand digits too.
    if not all(0 <= likelihood <= 100 for likelihood in codes.values()):
        raise ValueError(f"scp_codes {text[:80]!r} has a likelihood outside 0 to 100")
    return {code: float(likelihood) for code, likelihood in codes.items()}


def _parse_id(row: dict[str, str], name: str) -> int:
    """Read a whole number, which may be written as 15709.0: the table once had missing values."""
    number = float(row[name])
    if not (number.is_integer() and 0 <= number <= _LARGEST_ID):
        raise ValueError(f"{name} must be a whole number up to {_LARGEST_ID}, got {row[name]!r}")
    return int(number)


def _read_csv(file: Path, required: tuple[str, ...]) -> list[dict[str, str]]:
    """Read a table whose rows are complete and whose header holds the required columns."""
    check_file(file, REMEDY, _MAX_BYTES)
    try:
        with file.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream)
            n_columns = len(reader.fieldnames or ())
            if n_columns > _MAX_COLUMNS:
                raise ValueError(
                    f"{file} must have at most {_MAX_COLUMNS} columns, got {n_columns}. {REMEDY}"
                )
            rows = [_complete(row, number, reader, file) for number, row in enumerate(reader, 1)]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{file} is damaged ({error}). {REMEDY}") from error
    missing = [name for name in required if name not in (reader.fieldnames or ())]
    if missing:
        raise ValueError(f"{file} has no column {missing}; is it PTB-XL's table? {REMEDY}")
    if not rows:
        raise ValueError(f"{file} has no rows. {REMEDY}")
    return rows


def _complete(row: dict, number: int, reader: csv.DictReader, file: Path) -> dict[str, str]:
    """Return a row that has all fields, or raise at the first that has not."""
    if number > _MAX_ROWS:
        raise ValueError(f"{file} must have at most {_MAX_ROWS} rows, got more. {REMEDY}")
    # DictReader fills a short row with None and puts what is too much under the key None.
    if None in row or None in row.values():
        raise ValueError(
            f"{file}: row {number} does not have {len(reader.fieldnames or ())} fields; the file "
            f"is truncated or damaged. {REMEDY}"
        )
    return row
