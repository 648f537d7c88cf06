"""The transformer that turns ECG windows and records into beats."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from numbers import Integral, Real
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import Bunch, Tags, check_array, check_consistent_length
from sklearn.utils.validation import validate_data

from .._compat import CallbackSupportMixin, Interval, StrOptions, validate_params
from .._native_callbacks import as_one_task
from ..signal import (
    Beats,
    cut_beats,
    detect_r_peaks,
    representative_beats,
    split_windows,
)

# Rows are worked on in blocks of about this many samples, which bounds the memory for the beats
# of a large X.
_BLOCK = 1 << 22


class BeatSegmenter(TransformerMixin, CallbackSupportMixin, BaseEstimator):
    """Turn every ECG window or record into its representative heartbeat.

    R peaks are found in windows of 10 seconds scaled to the interval from 0 to 1. The period T of
    a window is the median of its R-R intervals, and a beat is the piece of 1.2 T that begins at
    an R peak, zero-padded to 187 samples [1]_. ``transform`` keeps the number of samples: each
    row of ``X`` gives one beat (or ``k`` of them). :meth:`segment` returns all beats.

    The default detector, the published threshold rule, is a sampler of clean beats: it finds only
    about 58 % of the beats of real records. Never take a heart rate from its R peaks or periods;
    with ``detector="neurokit"`` nearly all beats are found, thousands of times as slowly.

    Parameters
    ----------
    sampling_rate : float, default=125
        Samples per second (Hz) of the input. Nothing is resampled: see
        :func:`skecg.signal.resample`.
    threshold : float, default=0.9
        Height in the scaled window from which a local maximum is an R peak
        (``detector="threshold"`` only).
    period_factor : float, default=1.2
        Length of a beat in periods.
    beat_length : int, default=187
        Samples in a beat; shorter ones are zero-padded at their end.
    detector : str or callable, default="threshold"
        ``"threshold"``, the name of a NeuroKit2 method (``"neurokit"``, ``"pantompkins1985"``,
        ...), or a function ``(signal, sampling_rate) -> positions``. See
        :func:`skecg.signal.detect_r_peaks`.
    beats : {"median", "mean", "first"} or int, default="median"
        What stands for a row: the median or the mean of its zero-padded beats, sample by sample,
        or its first beat. An integer ``k`` takes the first ``k`` beats; where a row has fewer,
        the remaining ones are zero.
    window : float or None, default=10.0
        Length in seconds of the windows into which a longer row is cut for scaling, detection
        and the period. The last one is moved back to end with the row, so that it has the full
        length, and gives only the beats that the window before it cannot give. A row that is not
        longer is one window, and so is every row with None.
    scale : {"window", "beat"}, default="window"
        What is scaled to the interval from 0 to 1: the window, as published, or each beat, as in
        the Kaggle heartbeat files. See :func:`skecg.signal.cut_beats`.
    on_long : {"truncate", "drop", "raise"}, default="truncate"
        What becomes of a beat of more than ``beat_length`` samples.
    on_empty : {"zeros", "nan", "raise"}, default="zeros"
        What ``transform`` returns for a row in which no beat is found. The first two warn once,
        with the count.

    Attributes
    ----------
    n_features_in_ : int
        Samples in a row, when ``fit`` saw a two-dimensional ``X``.
    feature_names_in_ : ndarray of str
        Column names, when ``fit`` saw a data frame whose columns are named by strings.

    See Also
    --------
    skecg.signal.cut_beats : The same cut as a function.
    skecg.signal.detect_r_peaks : The detectors.

    Notes
    -----
    A row gives no beat when it has fewer than two R peaks in every window, so that there is no
    R-R interval, or when every piece would run past the end of the row. The transformer learns
    nothing from data: ``transform`` and ``segment`` work without ``fit``.

    References
    ----------
    .. [1] M. Kachuee, S. Fazeli, M. Sarrafzadeh, ECG heartbeat classification: a deep
       transferable representation (2018), section III-A. https://arxiv.org/abs/1805.00794

    Examples
    --------
    >>> import numpy as np
    >>> from skecg.preprocessing import BeatSegmenter
    >>> beat = np.exp(-0.5 * ((np.arange(100) - 50) / 3) ** 2)  # one R wave, 0.8 s
    >>> X = np.tile(beat, (3, 12))
    >>> segmenter = BeatSegmenter(sampling_rate=125)
    >>> segmenter.fit_transform(X).shape
    (3, 187)
    >>> found = segmenter.segment(X, y=["a", "b", "c"])
    >>> found.r_peak[:3], found.period[:3]
    (array([ 50, 150, 250]), array([100., 100., 100.]))
    >>> len(found.beats), found.target[-1:].tolist()
    (33, ['c'])
    """

    _parameter_constraints: dict = {
        "sampling_rate": [Interval(Real, 0, None, closed="neither")],
        "threshold": [Interval(Real, 0, 1, closed="both")],
        "period_factor": [Interval(Real, 0, None, closed="neither")],
        "beat_length": [Interval(Integral, 1, None, closed="left")],
        "detector": [str, callable],
        "beats": [
            StrOptions({"median", "mean", "first"}),
            Interval(Integral, 1, None, closed="left"),
        ],
        "window": [Interval(Real, 0, None, closed="neither"), None],
        "scale": [StrOptions({"window", "beat"})],
        "on_long": [StrOptions({"truncate", "drop", "raise"})],
        "on_empty": [StrOptions({"zeros", "nan", "raise"})],
    }

    def __init__(
        self,
        sampling_rate: float = 125,
        threshold: float = 0.9,
        period_factor: float = 1.2,
        beat_length: int = 187,
        detector: str | Callable[[NDArray, float], ArrayLike] = "threshold",
        beats: str | int = "median",
        window: float | None = 10.0,
        scale: str = "window",
        on_long: str = "truncate",
        on_empty: str = "zeros",
    ) -> None:
        self.sampling_rate = sampling_rate
        self.threshold = threshold
        self.period_factor = period_factor
        self.beat_length = beat_length
        self.detector = detector
        self.beats = beats
        self.window = window
        self.scale = scale
        self.on_long = on_long
        self.on_empty = on_empty

    @as_one_task
    def fit(self, X: ArrayLike | Sequence[ArrayLike], y: object = None) -> Self:
        """Check the parameters and the form of the input; nothing is learned.

        Parameters
        ----------
        X : array-like of shape (n_windows, n_samples), or list of records of different lengths
            One lead.
        y : object
            Ignored.

        Returns
        -------
        BeatSegmenter
            The transformer itself.
        """
        validate_params(self)
        self._check_X(X, reset=True)
        return self

    def transform(self, X: ArrayLike | Sequence[ArrayLike]) -> NDArray[np.float32]:
        """Return the representative beat, or the first ``k`` beats, of every row.

        Parameters
        ----------
        X : array-like of shape (n_windows, n_samples), or list of records of different lengths
            One lead, in any unit. Each window or record gives one row of the result.

        Returns
        -------
        ndarray of float32 of shape (n_windows, beat_length) or (n_windows, k, beat_length)
            The beats; the second shape with ``beats=k``.

        Raises
        ------
        ValueError
            When ``X`` is empty or holds NaN or infinite values, when a beat is too long and
            ``on_long="raise"``, or when a row has no beat and ``on_empty="raise"``.
        """
        validate_params(self)
        rows = self._check_X(X, reset=False)
        parts, is_empty = [], np.ones(len(rows), dtype=bool)
        for first, block in _blocks(rows):
            found = self._cut(block)
            parts.append(representative_beats(found.beats, found.row, len(block), self.beats))
            is_empty[first + found.row] = False
        out = np.concatenate(parts)
        if self.on_empty == "nan":
            out[is_empty] = np.nan
        self._report_empty(is_empty, f"come back as {self.on_empty}")
        return out

    def segment(
        self,
        X: ArrayLike | Sequence[ArrayLike],
        y: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> Bunch:
        """Return every beat, with the row and the sample that it was cut from.

        Parameters
        ----------
        X : array-like of shape (n_windows, n_samples), or list of records of different lengths
            One lead, in any unit.
        y : array-like of shape (n_windows, ...), default=None
            Targets of the windows.
        groups : array-like of shape (n_windows,), default=None
            Subject of each window.

        Returns
        -------
        Bunch
            ``beats`` (n_beats, beat_length) as float32; ``row``, the index into ``X``;
            ``window``, the window of that row, counted from 0; ``r_peak``, the sample of the R
            peak in the row; ``period``, the median R-R interval of the window in samples;
            ``target`` and ``group``, those of the row, or None where none were given. All are
            in the order of row and R peak. A row without a beat does not occur; a warning gives
            the number of such rows.

        Raises
        ------
        ValueError
            As ``transform``; and when ``y`` or ``groups`` has another length than ``X``.
        """
        validate_params(self)
        rows = self._check_X(X, reset=False)
        check_consistent_length(rows, y, groups)
        parts = []
        for first, block in _blocks(rows):
            found = self._cut(block)
            parts.append(found._replace(row=found.row + first))
        found = parts[0]
        if len(parts) > 1:
            found = Beats(*(np.concatenate(column) for column in zip(*parts, strict=True)))
        is_empty = np.ones(len(rows), dtype=bool)
        is_empty[found.row] = False
        self._report_empty(is_empty, "are not in the result")
        return Bunch(
            **found._asdict(),
            target=None if y is None else np.asarray(y)[found.row],
            group=None if groups is None else np.asarray(groups)[found.row],
        )

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> NDArray:
        """Return the names of the columns of a two-dimensional result.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Ignored: no sample of the result belongs to one sample of the input.

        Returns
        -------
        ndarray of str of shape (beat_length,)
            ``"sample0"``, ``"sample1"``, ..., counted from the R peak.

        Raises
        ------
        ValueError
            When ``beats`` is an integer: a three-dimensional result has no columns.
        """
        if isinstance(self.beats, Integral):
            raise ValueError(
                f"beats={self.beats} makes a three-dimensional result, which has no column names; "
                "choose beats='median', 'mean' or 'first'"
            )
        return np.array([f"sample{i}" for i in range(self.beat_length)], dtype=object)

    def _check_X(
        self, X: ArrayLike | Sequence[ArrayLike], *, reset: bool
    ) -> NDArray | list[NDArray]:
        """Return X as one two-dimensional array, or as a list of records of different lengths."""
        if not has_unequal_rows(X):
            return validate_data(self, X, reset=reset)
        if reset:
            # What an earlier fit on an array has left says nothing about these records.
            for name in ("n_features_in_", "feature_names_in_"):
                self.__dict__.pop(name, None)
        records = [
            check_array(record, ensure_2d=False, input_name=f"record {i} of X", estimator=self)
            for i, record in enumerate(X)
        ]
        for i, record in enumerate(records):
            if record.ndim != 1:
                raise ValueError(
                    f"each record must be one lead of shape (n_timesteps,), but record {i} of X "
                    f"has the shape {record.shape}"
                )
        return records

    def _cut(self, X: NDArray) -> Beats:
        """Return all beats of the rows of one array."""
        window_length = None
        windows = X
        if self.window is not None:
            length = max(1, round(self.window * self.sampling_rate))
            if X.shape[1] > length:
                window_length = length
                windows = split_windows(X, length, tail="overlap")
                windows = windows.swapaxes(0, 1).reshape(-1, length)
        window, r_peak = detect_r_peaks(windows, self.sampling_rate, self.detector, self.threshold)
        return cut_beats(
            X,
            window,
            r_peak,
            window_length=window_length,
            period_factor=self.period_factor,
            beat_length=self.beat_length,
            on_long=self.on_long,
            scale=self.scale,
        )

    def _report_empty(self, is_empty: NDArray[np.bool_], what_happens: str) -> None:
        n_empty = int(is_empty.sum())
        if not n_empty:
            return
        message = f"{n_empty} of {is_empty.size} windows have no beat"
        if self.on_empty == "raise":
            raise ValueError(
                f"{message}, the first of them row {is_empty.argmax()}: choose another detector, "
                "a lower threshold, longer windows, or on_empty='zeros' or 'nan'"
            )
        warnings.warn(f"{message} and {what_happens}", UserWarning, stacklevel=3)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        # The result is float32 whatever comes.
        tags.transformer_tags.preserves_dtype = []
        return tags


def has_unequal_rows(X: object) -> bool:
    """Tell whether X is a list of records of different lengths."""
    is_list = isinstance(X, list | tuple) or (
        isinstance(X, np.ndarray) and X.dtype == object and X.ndim == 1
    )
    if not is_list or not all(hasattr(record, "__len__") for record in X):
        return False
    return len({len(record) for record in X}) > 1


def _blocks(rows: NDArray | list[NDArray]) -> Iterator[tuple[int, NDArray]]:
    """Yield the index of a first row and a two-dimensional array of the rows from it on."""
    if isinstance(rows, list):
        for i, record in enumerate(rows):
            yield i, record[None, :]
        return
    n_rows = max(1, _BLOCK // rows.shape[1])
    for first in range(0, len(rows), n_rows):
        yield first, rows[first : first + n_rows]
