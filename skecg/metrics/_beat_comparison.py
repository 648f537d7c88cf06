"""The beat-by-beat comparison of two annotations of one record."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._limits import in_range
from . import _counts


@dataclass(frozen=True, eq=False, repr=False)
class BeatComparison:
    """Result of comparing the beats of a record with reference beats, printed as a table.

    Attributes
    ----------
    pairs : ndarray of int64 of shape (n_pairs, 2)
        Index into the reference beats and index into the other beats of each matched pair, in the
        order of time.
    missed : ndarray of int64 of shape (n_missed,)
        Indices of the reference beats without a match.
    extra : ndarray of int64 of shape (n_extra,)
        Indices of the other beats without a match.
    labels : tuple of str
        Classes in the order of the arrays: N, S, V, F, Q, then the other labels that occur, sorted.
    confusion_matrix : ndarray of int64 of shape (n_classes + 1, n_classes + 1)
        Number of beats by reference class (rows) and class of the match (columns). The last column
        counts missed beats, the last row extra ones. The matrices of records with AAMI labels can
        be added up to the gross statistics of EC57.
    sensitivity : float
        Share of the reference beats that have a match, whatever its class.
    positive_predictivity : float
        Share of the other beats that have a match, whatever its class.
    class_sensitivity, class_positive_predictivity, class_f1 : ndarray of shape (n_classes,)
        The rates of each class. A missed beat is a false negative of its class and an extra beat a
        false positive. A rate without beats is NaN.
    convention : {"one-vs-rest", "ec57"}
        Definition of a false positive, as in :func:`aami_report`.

    See Also
    --------
    compare_beats : Compare the beats of a record.
    """

    pairs: NDArray[np.int64]
    missed: NDArray[np.int64]
    extra: NDArray[np.int64]
    labels: tuple[str, ...]
    confusion_matrix: NDArray[np.int64]
    sensitivity: float
    positive_predictivity: float
    class_sensitivity: NDArray[np.float64]
    class_positive_predictivity: NDArray[np.float64]
    class_f1: NDArray[np.float64]
    convention: str

    @property
    def n_matched(self) -> int:
        """Number of matched pairs."""
        return len(self.pairs)

    def __str__(self) -> str:
        shown = [
            i
            for i in range(len(self.labels))
            if self.confusion_matrix[i].any() or self.confusion_matrix[:, i].any()
        ]
        columns = [*shown, len(self.labels)]
        names = [*self.labels, "missed"]
        width = max(8, 2 + max(len(name) for name in names))
        head = "".join(f"{names[i]:>{width}}" for i in columns)
        lines = [f"{'':>{width}}{head}{'Se':>8}{'+P':>8}{'F1':>8}"]
        for i in shown:
            cells = "".join(f"{self.confusion_matrix[i, j]:>{width}}" for j in columns)
            rates = (self.class_sensitivity, self.class_positive_predictivity, self.class_f1)
            lines.append(f"{names[i]:>{width}}{cells}" + "".join(_cell(rate[i]) for rate in rates))
        cells = "".join(f"{self.confusion_matrix[-1, j]:>{width}}" for j in shown)
        lines += [f"{'extra':>{width}}{cells}", ""]
        lines.append(
            f"{self.n_matched} beats matched, {len(self.missed)} missed, {len(self.extra)} extra; "
            f"Se{_cell(self.sensitivity)}, +P{_cell(self.positive_predictivity)}; "
            f"false positives: {self.convention}"
        )
        return "\n".join(lines)

    __repr__ = __str__


def compare_beats(
    reference_sample: ArrayLike,
    reference_label: ArrayLike,
    sample: ArrayLike,
    label: ArrayLike,
    sampling_rate: float,
    tolerance: float = 0.15,
    *,
    convention: str = "one-vs-rest",
) -> BeatComparison:
    """Compare the beats of a record with reference beats, as ANSI/AAMI EC57 prescribes.

    Each beat is matched with at most one beat of the other annotation, whatever their classes.
    Only neighbours in the order of time match, so that matches never cross. Of the matches that
    exclude each other the closest is made first; of equally close ones, the earlier. The time
    that this takes grows linearly with the number of beats.

    Parameters
    ----------
    reference_sample : array-like of int of shape (n_reference_beats,)
        Positions of the reference beats in the record, ascending.
    reference_label : array-like of str of shape (n_reference_beats,)
        Their classes.
    sample : array-like of int of shape (n_beats,)
        Positions of the beats to compare, ascending.
    label : array-like of str of shape (n_beats,)
        Their classes.
    sampling_rate : float
        Sampling rate of the positions in Hz.
    tolerance : float, default=0.15
        Largest distance of two matched beats in seconds; two beats at exactly this distance
        match.
    convention : {"one-vs-rest", "ec57"}, default="one-vs-rest"
        Definition of a false positive of a class, as in :func:`aami_report`: with ``"ec57"``, F
        and Q beats classified as V, and Q beats classified as S, are no false positives of V and
        S.

    Returns
    -------
    comparison : BeatComparison
        The matches, the confusion matrix with missed and extra beats, and the rates;
        ``print(comparison)`` shows them as a table.

    Raises
    ------
    TypeError
        If a position is no integer or a label no string.
    ValueError
        If the positions are not one-dimensional and ascending, there is not one label for each,
        the sampling rate or the tolerance is not a positive number, or `convention` is unknown.

    See Also
    --------
    aami_report : The report on beats whose positions are known.

    Notes
    -----
    EC57 leaves the first five minutes of a record, ventricular flutter and stretches that cannot
    be read out of the comparison. This function compares all beats that it is given.

    ``wfdb.processing.compare_annotations`` makes the same matches apart from three cases: beats at
    exactly the tolerance do not match there; a beat can be matched twice where several reference
    beats are closer to it than the tolerance; and of several beats at one position it takes the
    first, this function the one next to the match in the order of time.

    References
    ----------
    .. [1] ANSI/AAMI EC57, "Testing and reporting performance results of cardiac rhythm and
       ST-segment measurement algorithms", beat-by-beat comparison.

    Examples
    --------
    >>> from skecg.metrics import compare_beats
    >>> comparison = compare_beats([100, 400, 700], ["N", "V", "N"], [105, 420], ["N", "N"], 360)
    >>> comparison.pairs.tolist(), comparison.missed.tolist()
    ([[0, 0], [1, 1]], [2])
    >>> print(comparison)
                   N       V  missed      Se      +P      F1
           N       1       0       1   0.500   0.500   0.500
           V       1       0       0   0.000       -   0.000
       extra       0       0
    <BLANKLINE>
    2 beats matched, 1 missed, 0 extra; Se   0.667, +P   1.000; false positives: one-vs-rest
    """
    _counts.check_convention(convention)
    sampling_rate = _check_positive(sampling_rate, "sampling_rate", "Hz")
    tolerance = _check_positive(tolerance, "tolerance", "seconds")
    reference_sample = _check_samples(reference_sample, "reference_sample")
    sample = _check_samples(sample, "sample")
    reference_label = _check_labels(reference_label, "reference_label", len(reference_sample))
    label = _check_labels(label, "label", len(sample))

    # A product such as 0.15 * 250 may be a rounding error below a whole number of samples.
    pairs = match_in_order(reference_sample, sample, tolerance * sampling_rate * (1 + 1e-9))
    labels, matrix = _confusion(reference_label, label, pairs)
    hits, of_class, calls = _class_counts(matrix, labels, convention)
    return BeatComparison(
        pairs=pairs,
        missed=_left_over(pairs[:, 0], len(reference_sample)),
        extra=_left_over(pairs[:, 1], len(sample)),
        labels=labels,
        confusion_matrix=matrix,
        sensitivity=float(_counts.ratio(len(pairs), len(reference_sample))),
        positive_predictivity=float(_counts.ratio(len(pairs), len(sample))),
        class_sensitivity=_counts.ratio(hits, of_class),
        class_positive_predictivity=_counts.ratio(hits, calls),
        class_f1=_counts.ratio(2 * hits, of_class + calls),
        convention=convention,
    )


def match_in_order(
    reference: NDArray[np.int64], other: NDArray[np.int64], reach: float
) -> NDArray[np.int64]:
    """Match two ascending sequences of positions, closest pairs first and never crosswise.

    Parameters
    ----------
    reference, other : ndarray of int64 of shape (n_reference,) and (n_other,)
        The positions.
    reach : float
        Largest distance of a pair.

    Returns
    -------
    ndarray of int64 of shape (n_pairs, 2)
        Indices into the two sequences.

    Notes
    -----
    In the order of time, possible pairs are links between neighbours of different origin. To take
    the shortest link first, then the shortest of those that are left, needs no loop: where links
    grow longer from one to the next, every second one is taken, counted from the shortest. A link
    is taken if that leaves it from both sides.
    """
    place = np.concatenate([reference, other])
    order = np.argsort(place, kind="stable")
    is_reference = order < len(reference)
    length = np.diff(place[order])
    link = (is_reference[1:] != is_reference[:-1]) & (length <= reach)
    both = link[1:] & link[:-1]
    longer = np.append(False, both & (length[1:] >= length[:-1]))
    longer_before = np.append(both & (length[1:] < length[:-1]), False)
    taken = (
        link & (_run_length(longer) % 2 == 0) & (_run_length(longer_before[::-1])[::-1] % 2 == 0)
    )
    first, second = order[:-1][taken], order[1:][taken]
    return np.stack([np.minimum(first, second), np.maximum(first, second) - len(reference)], axis=1)


def _run_length(flags: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the number of flags in a row that end at each place."""
    place = np.arange(len(flags))
    return place - np.maximum.accumulate(np.where(flags, -1, place))


def _left_over(taken: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    left = np.ones(n, dtype=bool)
    left[taken] = False
    return np.flatnonzero(left)


def _confusion(
    reference_label: NDArray[np.str_], label: NDArray[np.str_], pairs: NDArray[np.int64]
) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    occurring = np.union1d(reference_label, label).tolist()
    labels = (*_counts.AAMI_CLASSES, *(x for x in occurring if x not in _counts.AAMI_CLASSES))
    n = len(labels) + 1
    true, found = _codes(reference_label, labels), _codes(label, labels)
    matched = np.bincount(true[pairs[:, 0]] * n + found[pairs[:, 1]], minlength=n * n)
    matrix = matched.reshape(n, n)
    matrix[:-1, -1] = np.bincount(true, minlength=n - 1) - matrix[:-1].sum(axis=1)
    matrix[-1, :-1] = np.bincount(found, minlength=n - 1) - matrix[:-1, :-1].sum(axis=0)
    return labels, matrix


def _codes(values: NDArray[np.str_], labels: tuple[str, ...]) -> NDArray[np.int64]:
    names, inverse = np.unique(values, return_inverse=True)
    return np.array([labels.index(name) for name in names.tolist()], dtype=np.int64)[inverse]


def _class_counts(
    matrix: NDArray[np.int64], labels: tuple[str, ...], convention: str
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return hits, beats and calls of each class."""
    n = len(labels)
    counted = matrix[:, :n].copy()
    if convention == "ec57":
        counted[tuple(zip(*_counts.EC57_NOT_COUNTED))] = 0
    return matrix.diagonal()[:n], matrix[:n].sum(axis=1), counted.sum(axis=0)


def _check_samples(values: ArrayLike, name: str) -> NDArray[np.int64]:
    values = np.asarray(values)
    if values.ndim == 1 and values.size == 0:
        return np.zeros(0, dtype=np.int64)
    if values.ndim != 1:
        raise ValueError(
            f"{name} must be one-dimensional, one position for each beat; got shape {values.shape}."
        )
    if values.dtype.kind not in "iu":
        raise TypeError(
            f"{name} must hold integers, the positions of the beats in samples; got "
            f"{values.dtype}. Multiply times in seconds by the sampling rate and round them."
        )
    if (values[1:] < values[:-1]).any():
        k = int(np.argmax(values[1:] < values[:-1]))
        raise ValueError(
            f"{name} must be in ascending order; got {values[k]} before {values[k + 1]}. Sort the "
            "beats and their labels by position."
        )
    return values.astype(np.int64)


def _check_labels(values: ArrayLike, name: str, n_beats: int) -> NDArray[np.str_]:
    values = np.asarray(values)
    if values.shape != (n_beats,):
        raise ValueError(
            f"{name} must hold one label for each of the {n_beats} beats; got shape {values.shape}."
        )
    is_text = values.dtype.kind in "UT" or all(isinstance(value, str) for value in values.tolist())
    if not is_text:
        raise TypeError(
            f"{name} must hold strings such as 'N' or 'V'; got {values.dtype}. Index the names of "
            "the classes with integer codes first."
        )
    return values.astype(np.str_)


def _check_positive(value: float, name: str, unit: str) -> float:
    if not isinstance(value, Real) or not 0 < value < np.inf:
        raise ValueError(f"{name} must be a positive number ({unit}); got {value!r}.")
    with in_range(name):
        return float(value)


def _cell(value: float) -> str:
    return f"{'-':>8}" if np.isnan(value) else f"{value:>8.3f}"
