"""Mean and quantiles of the beats of each class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_array, check_consistent_length, column_or_1d

from ..metrics import aami_order
from ._panels import evenly_spaced


@dataclass(frozen=True)
class ClassBeats:
    """Statistics of the beats of one class.

    Attributes
    ----------
    n_beats : int
        Number of beats of the class.
    n_missed : int
        Number of beats of the class that a classifier misclassified. They are excluded from mean
        and bands.
    mean : ndarray of shape (n_leads, n_timesteps)
        Mean of the beats; NaN if there are none.
    bands : ndarray of shape (n_bands, 2, n_leads, n_timesteps)
        Lower and upper quantile for each coverage.
    examples : ndarray of shape (n_examples, n_leads, n_timesteps)
        Single beats: misclassified ones if there is a classifier, otherwise any.
    """

    n_beats: int
    n_missed: int
    mean: NDArray[np.floating]
    bands: NDArray[np.floating]
    examples: NDArray[np.floating]


def summarize(
    beats: NDArray[np.floating],
    missed: NDArray[np.bool_] | None,
    coverages: Sequence[float],
    n_examples: int,
) -> ClassBeats:
    """Compute the statistics of the beats (n_beats, n_leads, n_timesteps) of one class."""
    shape = beats.shape[1:]
    typical, singles = (beats, beats) if missed is None else (beats[~missed], beats[missed])
    mean = np.full(shape, np.nan)
    bands = np.full((len(coverages), 2, *shape), np.nan)
    if len(typical):
        mean = typical.mean(axis=0, dtype=np.float64)
        tails = [((1 - coverage) / 2, (1 + coverage) / 2) for coverage in coverages]
        bands = np.quantile(typical, np.ravel(tails), axis=0).reshape(bands.shape)
    return ClassBeats(
        n_beats=len(beats),
        n_missed=len(beats) - len(typical),
        mean=mean,
        bands=bands,
        examples=singles[evenly_spaced(len(singles), n_examples)],
    )


def check_beats(X: ArrayLike, y: ArrayLike) -> tuple[NDArray[np.floating], NDArray]:
    """Return beats of shape (n_beats, n_leads, n_timesteps) and their labels.

    Raises
    ------
    ValueError
        If `X` has another shape or is not finite, or `y` has another length.
    """
    beats = check_array(X, allow_nd=True, dtype=(np.float64, np.float32), input_name="X")
    labels = column_or_1d(y)
    check_consistent_length(beats, labels)
    if beats.ndim not in (2, 3):
        raise ValueError(
            "X must have shape (n_beats, n_timesteps) or (n_beats, n_leads, n_timesteps); got "
            f"an array of shape {beats.shape}."
        )
    return (beats[:, np.newaxis] if beats.ndim == 2 else beats), labels


def check_coverages(coverages: Sequence[float]) -> tuple[float, ...]:
    """Return the coverages from the widest band to the narrowest.

    Raises
    ------
    ValueError
        If a coverage is not between 0 and 1.
    """
    found = tuple(sorted((float(coverage) for coverage in coverages), reverse=True))
    if not all(0 < coverage < 1 for coverage in found):
        raise ValueError(
            "coverages must be fractions of the beats between 0 and 1, such as (0.5, 0.9); got "
            f"{tuple(coverages)}."
        )
    return found


def check_labels(labels: ArrayLike | None, y: NDArray) -> NDArray:
    """Return the labels to draw: the given ones, or all labels of `y`, AAMI's first.

    Raises
    ------
    ValueError
        If a label does not occur in `y`.
    """
    occurring = np.unique(y)
    if labels is None:
        return occurring[aami_order(occurring)]
    wanted: NDArray = column_or_1d(labels)
    absent = np.setdiff1d(wanted, occurring)
    if len(absent) or not len(wanted):
        raise ValueError(
            f"labels must be among the labels of y, {occurring.tolist()}; got {wanted.tolist()}."
        )
    return wanted


def check_names(names: Sequence[str], n: int, argument: str, what: str) -> list[str]:
    """Return names as strings.

    Raises
    ------
    ValueError
        If there are not exactly ``n`` names.
    """
    names = [str(name) for name in names]
    if len(names) != n:
        raise ValueError(
            f"{argument} must have one name for each of the {n} {what}; got {len(names)} names: "
            f"{names}."
        )
    return names
