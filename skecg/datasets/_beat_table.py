"""The columns that every data set of beats has."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real

import numpy as np
from sklearn.utils import Bunch

_COLUMNS = ("data", "target", "target_names", "groups", "records", "annotations", "sampling_rate")


def check_records(records: Bunch) -> None:
    """Raise where records are not one lead each, as :func:`load_mitbih` returns them."""
    missing = [name for name in _COLUMNS if not hasattr(records, name)]
    if missing:
        raise ValueError(
            "records must be what load_mitbih or make_records returns, got "
            f"{type(records).__name__} without {', '.join(missing)}"
        )
    if any(np.ndim(lead) != 1 for lead in records.data):
        raise ValueError(
            f"records must hold one lead each, got the shape {np.shape(records.data)}; choose one, "
            "such as load_mitbih(leads='MLII')"
        )
    rate: float = records.sampling_rate
    if not isinstance(rate, Real) or not 0 < rate < np.inf:
        raise ValueError(f"the sampling_rate of records must be a number of Hz, got {rate!r}")


def check_positions(sample: np.ndarray, n_samples: int) -> None:
    """Raise where annotations run backwards or lie outside the signal they belong to."""
    sample = np.asarray(sample)
    back = np.flatnonzero(np.diff(sample) < 0)
    if back.size:
        before, after = sample[back[0] : back[0] + 2].tolist()
        raise ValueError(
            "annotations must be in the order of their samples, got "
            f"{after} after {before} (annotation {back[0] + 1})"
        )
    if sample.size and not (sample[0] >= 0 and sample[-1] < n_samples):
        outside = int(np.count_nonzero((sample < 0) | (sample >= n_samples)))
        raise ValueError(
            f"annotations must lie in the signal, in the samples 0 to {n_samples - 1}; got "
            f"{outside} of {sample.size} outside, between {sample[0]} and {sample[-1]}"
        )


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
    """Join the columns of several records to their beats, which follow each other."""
    return Bunch(
        data=data,
        **{name: np.concatenate([part[name] for part in columns]) for name in columns[0]},
        target_names=target_names,
        sampling_rate=sampling_rate,
        DESCR=descr,
    )
