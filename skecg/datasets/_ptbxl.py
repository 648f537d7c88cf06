"""Records of PTB-XL, with patients and diagnostic superclasses."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from numbers import Real
from pathlib import Path
from typing import Literal, overload

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import Bunch

from ._data_home import find_folder, get_data_home
from ._ptbxl_signals import PTBXL_LEADS, read_signals
from ._ptbxl_tables import REMEDY, SUPERCLASSES, TASKS, assign_targets, read_tables
from ._returns import as_requested

_FILENAMES = {100: "filename_lr", 500: "filename_hr"}

DESCR = """\
PTB-XL
======

21,799 clinical 12-lead ECG records of 10 s of 18,869 patients (version 1.0.3), at 100 and at
500 Hz, 1 uV per unit, with SCP-ECG statements by up to two cardiologists.

- `data`: (n_records, n_leads, n_timesteps) in mV, or (n_records, n_timesteps) of one lead.
- `target`: index into `target_names`, or a 0/1 matrix with one column per name.
- `groups`: the patient of each record. Split by it, or by `strat_fold`: the ten published folds
  keep every patient together (train on 1-8, validate on 9, test on 10; 9 and 10 were validated
  by humans).
- `left_out`: for each reason, the `ecg_id` of the records that the task leaves out.

A record has a superclass when it has one of its diagnostic statements with any likelihood, as the
authors aggregate them: a likelihood of 0 means "unknown". So MI holds records whose infarction
was called possible (likelihood 15 or 35) or old, and subendocardial injury (INJAS and the like);
`scp_codes` holds the likelihoods for a stricter choice. Records without a diagnostic statement
have no superclass.

`metadata` holds the columns of ptbxl_database.csv as text; ages above 89 are written as 300.

Wagner P, Strodthoff N, Bousseljot RD, et al. PTB-XL, a large publicly available
electrocardiography dataset. Scientific Data 7:154, 2020. PhysioNet,
https://doi.org/10.13026/kfzx-aw45. Licence: CC BY 4.0.
"""


@overload
def load_ptbxl(
    data_home: str | os.PathLike | None = ...,
    *,
    task: Literal["mi-vs-norm", "superclass", "superclass-multilabel"] = ...,
    sampling_rate: float = ...,
    leads: str | Sequence[str] | None = ...,
    folds: Sequence[int] | None = ...,
    source_rate: Literal[100, 500] | None = ...,
    on_error: Literal["raise", "skip"] = ...,
    return_X_y: Literal[False] = ...,
    return_X_y_groups: Literal[False] = ...,
    progress: bool = ...,
) -> Bunch: ...


@overload
def load_ptbxl(
    data_home: str | os.PathLike | None = ...,
    *,
    task: Literal["mi-vs-norm", "superclass", "superclass-multilabel"] = ...,
    sampling_rate: float = ...,
    leads: str | Sequence[str] | None = ...,
    folds: Sequence[int] | None = ...,
    source_rate: Literal[100, 500] | None = ...,
    on_error: Literal["raise", "skip"] = ...,
    return_X_y: bool = ...,
    return_X_y_groups: bool = ...,
    progress: bool = ...,
) -> Bunch | tuple[np.ndarray, ...]: ...


def load_ptbxl(
    data_home: str | os.PathLike | None = None,
    *,
    task: Literal["mi-vs-norm", "superclass", "superclass-multilabel"] = "mi-vs-norm",
    sampling_rate: float = 100,
    leads: str | Sequence[str] | None = None,
    folds: Sequence[int] | None = None,
    source_rate: Literal[100, 500] | None = None,
    on_error: Literal["raise", "skip"] = "raise",
    return_X_y: bool = False,
    return_X_y_groups: bool = False,
    progress: bool = False,
) -> Bunch | tuple[np.ndarray, ...]:
    """Load the records of PTB-XL with the targets of a task and the patients.

    Parameters
    ----------
    data_home : str or path-like, default=None
        Folder whose subfolder ``ptbxl`` holds the database, or the folder of the database
        itself; see :func:`get_data_home`. Records that the table lists are read, so that a table
        cut down to the records at hand serves as well.
    task : {"mi-vs-norm", "superclass", "superclass-multilabel"}, default="mi-vs-norm"
        The classes to tell apart [1]_. A record has a superclass (NORM, MI, STTC, CD, HYP) when it
        has one of its diagnostic statements, with any likelihood.

        - ``"mi-vs-norm"``: 1 for the records with MI, whatever else they have, against 0 for
          those with NORM alone. Left out are records with NORM and another superclass, and those
          with neither NORM nor MI.
        - ``"superclass"``: the superclass of the records that have exactly one; the others are
          left out.
        - ``"superclass-multilabel"``: a 0/1 matrix of all five for the records that have at least
          one.
    sampling_rate : float, default=100
        Samples per second (Hz) of the result. Other rates than 100 and 500 are resampled with
        :func:`skecg.signal.resample`.
    leads : str, sequence of str or None, default=None
        Names of the leads, in this order, in capital or small letters; None takes all twelve. One
        name that is not in a list drops the axis of leads, as
        :class:`skecg.BeatSegmenter` wants it.
    folds : sequence of int or None, default=None
        Which of the folds 1 to 10 to load; None loads all.
    source_rate : {100, 500} or None, default=None
        Whether to read ``records100`` or ``records500``. None takes the former up to 125 Hz,
        whichever are there, so that the result does not depend on it.
    on_error : {"raise", "skip"}, default="raise"
        What to do with a record whose files cannot be read, for whatever reason: raise with its
        name, or leave it out and list it in ``skipped``.
    return_X_y : bool, default=False
        Return ``(data, target)``.
    return_X_y_groups : bool, default=False
        Return ``(data, target, groups)``.
    progress : bool, default=False
        Whether to show a progress bar.

    Returns
    -------
    bunch : :class:`~sklearn.utils.Bunch`
        The data set as attributes:

        data : ndarray of float32 of shape (n_records, n_leads, n_timesteps)
            In mV; (n_records, n_timesteps) where ``leads`` is one name.
        target : ndarray of int64 of shape (n_records,) or (n_records, 5)
            Index into `target_names`, or the 0/1 matrix.
        target_names : ndarray of str
            The classes of the task.
        groups : ndarray of int64 of shape (n_records,)
            The patient of each record.
        ecg_id, strat_fold : ndarray of int64 of shape (n_records,)
            Number of the record, and its published fold (1 to 10).
        superclasses : ndarray of int64 of shape (n_records, 5)
            0/1 matrix of all superclasses of each record, for every task.
        superclass_names : ndarray of shape (5,)
            What its columns mean.
        scp_codes : list of n_records dict
            SCP statement to likelihood in percent, 0 where it is unknown.
        metadata : dict of str to ndarray of shape (n_records,)
            All columns of ``ptbxl_database.csv`` as text.
        left_out : dict of str to ndarray of int64
            For each reason, the ``ecg_id`` of the records that the task leaves out.
        skipped : list of (int, str)
            ``ecg_id`` and error of the records left out by ``on_error="skip"``.
        lead_names : list of str
            The leads, in the order of ``data``.
        sampling_rate : float
            In Hz.
        units : str
            ``"mV"``.
        DESCR : str
            Description of the data.

        Or one of the tuples.

    Raises
    ------
    FileNotFoundError
        If the folder, a table, or with ``on_error="raise"`` a file of a record is missing.
    ValueError
        If a parameter is wrong, a table is damaged or too large, or no record is left; with
        ``on_error="raise"`` also if a record is damaged, has a name that leads out of the folder,
        or is no regular file.

    See Also
    --------
    fetch_ptbxl : Downloads the records.
    read_record : Reads a recording of one's own.

    References
    ----------
    .. [1] P. Wagner, N. Strodthoff, R.-D. Bousseljot et al., "PTB-XL, a large publicly available
       electrocardiography dataset", Scientific Data 7:154, 2020, section "Data Records".
       https://doi.org/10.1038/s41597-020-0495-6

    Examples
    --------
    >>> from skecg.datasets import load_ptbxl
    >>> from skecg.preprocessing import BeatSegmenter
    >>> ptbxl = load_ptbxl(leads="II", sampling_rate=125)  # doctest: +SKIP
    >>> beats = BeatSegmenter(sampling_rate=125).segment(
    ...     ptbxl.data, ptbxl.target, ptbxl.groups
    ... )  # doctest: +SKIP
    """
    _check_choices(task, on_error)
    lead_names = _lead_names(leads)
    rate = _source_rate(sampling_rate, source_rate)
    folder = _find_database(data_home)
    if not (folder / f"records{rate}").is_dir():
        raise FileNotFoundError(
            f"There is no folder {str(folder / f'records{rate}')!r}, which "
            f"sampling_rate={sampling_rate} reads at source_rate={rate}. Choose the other "
            f"source_rate, or another sampling_rate. {REMEDY}"
        )
    records = read_tables(folder)
    if folds is not None:
        records = records.take(_in_folds(records.strat_fold, folds))
    targets = assign_targets(records.superclasses, task)
    is_left_out = np.logical_or.reduce(list(targets.left_out.values()))
    rows = np.flatnonzero(~is_left_out)
    data, is_read, skipped = read_signals(
        folder,
        records.columns[_FILENAMES[rate]][rows],
        records.ecg_id[rows],
        lead_names,
        rate,
        float(sampling_rate),
        on_error,
        progress,
    )
    rows = rows[is_read]
    loaded = records.take(rows)
    bunch = Bunch(
        data=data[:, 0] if isinstance(leads, str) else data,
        target=targets.target[rows],
        target_names=np.array(targets.target_names),
        groups=loaded.patient,
        ecg_id=loaded.ecg_id,
        strat_fold=loaded.strat_fold,
        superclasses=loaded.superclasses.astype(np.int64),
        superclass_names=np.array(SUPERCLASSES),
        scp_codes=loaded.scp_codes,
        metadata=loaded.columns,
        left_out={reason: records.ecg_id[which] for reason, which in targets.left_out.items()},
        skipped=skipped,
        lead_names=lead_names,
        sampling_rate=float(sampling_rate),
        units="mV",
        DESCR=DESCR,
    )
    return as_requested(bunch, return_X_y, return_X_y_groups)


def _check_choices(task: str, on_error: str) -> None:
    for name, value, choices in (
        ("task", task, TASKS),
        ("on_error", on_error, ("raise", "skip")),
    ):
        if not isinstance(value, str) or value not in choices:
            raise ValueError(f"{name} must be one of {choices}; got {value!r}.")


def _lead_names(leads: str | Sequence[str] | None) -> list[str]:
    """Return the leads as the database spells them."""
    if leads is None:
        return list(PTBXL_LEADS)
    wanted = list(leads) if isinstance(leads, Iterable) and not isinstance(leads, str) else [leads]
    unknown = [lead for lead in wanted if str(lead).upper() not in PTBXL_LEADS]
    if unknown or not wanted:
        raise ValueError(
            f"leads must be names out of {', '.join(PTBXL_LEADS)}, or None for all twelve; got "
            f"{leads!r}."
        )
    return [lead.upper() for lead in wanted]


def _source_rate(sampling_rate: float, source_rate: int | None) -> int:
    """Return the rate of the files to read."""
    is_number = isinstance(sampling_rate, Real) and not isinstance(sampling_rate, bool)
    if not is_number or not 0 < sampling_rate < np.inf:
        raise ValueError(f"sampling_rate must be a positive number of Hz; got {sampling_rate!r}.")
    if source_rate is None:
        return 100 if sampling_rate <= 125 else 500
    if not isinstance(source_rate, Real) or source_rate not in _FILENAMES:
        raise ValueError(
            f"source_rate must be 100, 500 or None; got {source_rate!r}. For data at another rate, "
            "pass sampling_rate."
        )
    return int(source_rate)


def _find_database(data_home: str | os.PathLike | None) -> Path:
    home = get_data_home(data_home)
    if (home / "ptbxl_database.csv").is_file():
        return home
    return find_folder(data_home, "ptbxl", REMEDY)


def _in_folds(strat_fold: NDArray[np.int64], folds: Sequence[int]) -> NDArray[np.int64]:
    wanted = list(folds) if isinstance(folds, Iterable) else [folds]
    if not wanted or any(fold not in range(1, 11) for fold in wanted):
        raise ValueError(f"folds must be numbers from 1 to 10, or None for all; got {folds!r}.")
    return np.flatnonzero(np.isin(strat_fold, wanted))
