"""The inter-patient split of the MIT-BIH Arrhythmia Database."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

# Two sets of 22 records each, from de Chazal et al. 2004, section II.
DE_CHAZAL_DS1: tuple[int, ...] = (
    *(101, 106, 108, 109, 112, 114, 115, 116, 118, 119, 122),
    *(124, 201, 203, 205, 207, 208, 209, 215, 220, 223, 230),
)
DE_CHAZAL_DS2: tuple[int, ...] = (
    *(100, 103, 105, 111, 113, 117, 121, 123, 200, 202, 210),
    *(212, 213, 214, 219, 221, 222, 228, 231, 232, 233, 234),
)

# Records with paced beats, which ANSI/AAMI EC57 excludes from the evaluation.
PACED_RECORDS: tuple[int, ...] = (102, 104, 107, 217)

# The record in DS2 of the only subject with records in both sets; record 201 is in DS1.
_TEST_RECORD_OF_TRAINING_SUBJECT = 202

_VARIANTS = ("de-chazal", "subject-disjoint")


def inter_patient_split(
    records: ArrayLike, *, variant: str = "de-chazal"
) -> tuple[np.ndarray, np.ndarray]:
    """Split MIT-BIH samples into de Chazal's training set DS1 and test set DS2.

    Samples of the four paced records (102, 104, 107, 217) are in neither set, as ANSI/AAMI EC57
    prescribes. `records` does not have to contain all records of DS1 and DS2.

    Parameters
    ----------
    records : array-like of shape (n_samples,)
        MIT-BIH record number of each sample, as integers or as strings such as ``"100"``.
        These are records, not the subject ids that the loaders return as ``groups``.
    variant : {"de-chazal", "subject-disjoint"}, default="de-chazal"
        ``"de-chazal"`` is the published split, which nearly all published results use.
        **It is not strictly inter-patient**: record 201 in DS1 and record 202 in DS2 belong to
        the same man.

        ``"subject-disjoint"`` removes record 202 from the test set, so that no subject is in
        both sets. The training set is the published one, so that one fitted classifier can be
        evaluated on both test sets and the difference shows the effect of the shared subject.
        Removing record 201 instead would require a second training. The test set loses 2,136 of
        its 49,712 beats (55 of them S, 19 V, 1 F).

    Returns
    -------
    train, test : ndarray of shape (n_train,) and (n_test,)
        Sample indices in ascending order.

    Raises
    ------
    ValueError
        If a record is not one of the 48 records of the database, one of the two sets would be
        empty, or `variant` is unknown.

    See Also
    --------
    leakage_report : Find the subjects that two sets share.

    References
    ----------
    .. [1] P. de Chazal, M. O'Dwyer, R. B. Reilly, "Automatic classification of heartbeats using
       ECG morphology and heartbeat interval features", IEEE Trans. Biomed. Eng. 51(7),
       1196-1206, 2004, section II. https://doi.org/10.1109/TBME.2004.827359
    .. [2] ANSI/AAMI EC57, "Testing and reporting performance results of cardiac rhythm and
       ST-segment measurement algorithms".
    .. [3] G. B. Moody, R. G. Mark, "The impact of the MIT-BIH Arrhythmia Database", IEEE Eng. in
       Med. and Biol. 20(3), 45-50, 2001 (48 records of 47 subjects).

    Examples
    --------
    >>> from skecg.model_selection import inter_patient_split
    >>> records = ["101", "100", "102", "201", "202", "202"]
    >>> inter_patient_split(records)
    (array([0, 3]), array([1, 4, 5]))
    >>> inter_patient_split(records, variant="subject-disjoint")
    (array([0, 3]), array([1]))

    A list of splits is accepted as ``cv``:

    >>> from sklearn.dummy import DummyClassifier
    >>> from sklearn.model_selection import cross_val_score
    >>> X, y = [[0.0]] * 6, ["N", "N", "Q", "N", "V", "N"]
    >>> cross_val_score(DummyClassifier(), X, y, cv=[inter_patient_split(records)]).round(3)
    array([0.667])
    """
    if variant not in _VARIANTS:
        raise ValueError(f"variant must be one of {_VARIANTS}; got {variant!r}.")
    numbers = _record_numbers(records)
    tested = set(DE_CHAZAL_DS2)
    if variant == "subject-disjoint":
        tested.discard(_TEST_RECORD_OF_TRAINING_SUBJECT)
    train = np.flatnonzero(np.isin(numbers, DE_CHAZAL_DS1))
    test = np.flatnonzero(np.isin(numbers, sorted(tested)))
    for indices, role, name in ((train, "training", "DS1"), (test, "test", "DS2")):
        if indices.size == 0:
            raise ValueError(
                f"The {role} set would be empty: records contains no record of {name} "
                f"(variant={variant!r}). Pass the records of both sets in one array."
            )
    return train, test


def _record_numbers(records: ArrayLike) -> np.ndarray:
    """Return record numbers as integers; raise if one is not in the database."""
    records = np.asarray(records)
    if records.ndim != 1:
        raise ValueError(
            "records must have shape (n_samples,), one record number per sample; "
            f"got shape {records.shape}."
        )
    if records.dtype.kind not in "iu":
        records = records.astype(str)
    known = {str(n): n for n in (*DE_CHAZAL_DS1, *DE_CHAZAL_DS2, *PACED_RECORDS)}
    values, inverse = np.unique(records, return_inverse=True)
    unknown = [value for value in values.tolist() if str(value) not in known]
    if unknown:
        shown = ", ".join(map(repr, unknown[:5])) + (", ..." if len(unknown) > 5 else "")
        raise ValueError(
            "records must contain only the 48 records of the MIT-BIH Arrhythmia Database; got "
            f"{shown}. Pass record numbers (100 or '100'), not subject ids, and remove samples "
            "of other databases first."
        )
    return np.array([known[str(value)] for value in values.tolist()], dtype=np.int64)[inverse]
