"""Mean and quantiles of the beats of every class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_array, check_consistent_length, column_or_1d


@dataclass(frozen=True)
class ClassBeats:
    """What is drawn of the beats of one class.

    Attributes
    ----------
    n_beats : int
        Number of beats of the class.
    n_missed : int
        Number of these that a classifier took for another class; they are not in mean and bands.
    mean : ndarray of shape (n_leads, n_timesteps)
        The mean; NaN where there is no beat.
    bands : ndarray of shape (n_bands, 2, n_leads, n_timesteps)
        Lower and upper bound of the central part of the beats, one pair for each coverage.
    examples : ndarray of shape (n_examples, n_leads, n_timesteps)
        Single beats: of the missed ones if a classifier was asked, else of all.
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
    """Compute what is drawn of the beats (n_beats, n_leads, n_timesteps) of one class."""
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
        examples=_evenly_spaced(singles, n_examples),
    )


def _evenly_spaced(beats: NDArray[np.floating], n: int) -> NDArray[np.floating]:
    """Pick up to ``n`` beats evenly from the first to the last: the same ones every time."""
    if len(beats) <= n:
        return beats
    return beats[np.linspace(0, len(beats) - 1, n).round().astype(int)]


def check_beats(X: ArrayLike, y: ArrayLike) -> tuple[NDArray[np.floating], NDArray]:
    """Return beats as (n_beats, n_leads, n_timesteps) with their labels.

    Raises
    ------
    ValueError
        If X is of another shape or not finite, or y has another length.
    """
    X = check_array(X, allow_nd=True, dtype=(np.float64, np.float32), input_name="X")
    y = column_or_1d(y)
    check_consistent_length(X, y)
    if X.ndim not in (2, 3):
        raise ValueError(
            "X must hold beats of shape (n_beats, n_timesteps) or (n_beats, n_leads, "
            f"n_timesteps); got an array of shape {X.shape}."
        )
    return (X[:, np.newaxis] if X.ndim == 2 else X), y


def check_coverages(coverages: Sequence[float]) -> tuple[float, ...]:
    """Return the coverages from the widest band to the narrowest.

    Raises
    ------
    ValueError
        If one is not between 0 and 1.
    """
    found = tuple(sorted((float(coverage) for coverage in coverages), reverse=True))
    if not all(0 < coverage < 1 for coverage in found):
        raise ValueError(
            "coverages must be shares of the beats between 0 and 1, such as (0.5, 0.9); got "
            f"{tuple(coverages)}."
        )
    return found


def check_labels(labels: ArrayLike | None, y: NDArray) -> NDArray:
    """Return the labels to draw: those that were asked for, or all of y, sorted.

    Raises
    ------
    ValueError
        If a label does not occur in y.
    """
    occurring = np.unique(y)
    if labels is None:
        return occurring
    labels = column_or_1d(labels)
    absent = np.setdiff1d(labels, occurring)
    if len(absent) or not len(labels):
        raise ValueError(
            f"labels must be among those of y, {occurring.tolist()}; got {labels.tolist()}."
        )
    return labels


def check_names(names: Sequence[str], n: int, argument: str, what: str) -> list[str]:
    """Return names as text.

    Raises
    ------
    ValueError
        If there are not as many as things to name.
    """
    names = [str(name) for name in names]
    if len(names) != n:
        raise ValueError(f"{argument} must name the {n} {what}; got {len(names)} names: {names}.")
    return names
