"""What every data set of beats says of each beat."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.utils import Bunch


def describe_beats(records: Bunch, i: int, annotation: np.ndarray) -> dict[str, np.ndarray]:
    """Return class, subject, record and place of the beats at some annotations of record ``i``.

    Parameters
    ----------
    records : :class:`~sklearn.utils.Bunch`
        What :func:`load_mitbih` or :func:`make_records` returns.
    i : int
        Index of the record in the bunch.
    annotation : ndarray of int of shape (n_beats,)
        Indices of the beats among the record's annotations.
    """
    marks = records.annotations[i]
    return {
        "target": records.target[i][annotation],
        "groups": np.repeat(records.groups[i], len(annotation)),
        "record": np.repeat(records.records[i], len(annotation)),
        "sample": marks.sample[annotation],
        "symbol": marks.symbol[annotation],
        "annotation": annotation,
    }


def join_beats(
    data: np.ndarray,
    columns: Sequence[dict[str, np.ndarray]],
    *,
    target_names: np.ndarray,
    sampling_rate: float,
    descr: str,
) -> Bunch:
    """Join what is said of the beats of several records to the beats, which follow each other."""
    return Bunch(
        data=data,
        **{name: np.concatenate([part[name] for part in columns]) for name in columns[0]},
        target_names=target_names,
        sampling_rate=sampling_rate,
        DESCR=descr,
    )
