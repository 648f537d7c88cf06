"""The transformer that turns ECG windows and records into beats."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from numbers import Integral, Real
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import Bunch, Tags, check_consistent_length

from .._compat import CallbackSupportMixin, Interval, StrOptions, TransformerMixin, validate_params
from .._estimators import Estimator
from .._native_callbacks import as_one_task
from ..signal import (
    Beats,
    cut_beats,
    detect_r_peaks,
    representative_beats,
    split_windows,
)
from ._heart_rate import Tally
from ._record_rows import check_rows, row_blocks
from ._row_peaks import row_peaks

# The most samples that a row of the result may have, 256 MB.
_MOST_SAMPLES = 1 << 26
_PUBLISHED_THRESHOLD = 0.9


class BeatSegmenter(TransformerMixin, CallbackSupportMixin, Estimator):
    """Turn every ECG window or record into its representative heartbeat.

    Its defaults reproduce published beats: they are a sampler of clean beats and not a detector,
    and find only about 58 % of the beats of real records, of some classes more than of others.
    Never take a heart rate from their R peaks or periods. Where every beat matters, choose
    ``detector="sleepecg"``, which finds 99.6 % of them in some 0.1 us a sample instead of 1 ns
    (see :func:`skecg.signal.find_r_peaks`).

    R peaks are found in windows of 10 seconds scaled to the interval from 0 to 1. The period T of
    a window is the median of its R-R intervals, and a beat is the piece of 1.2 T that begins at
    an R peak, zero-padded to 187 samples [1]_. ``transform`` keeps the number of samples: each
    row of ``X`` gives one beat (or ``k`` of them). :meth:`segment` returns all beats.

    Parameters
    ----------
    sampling_rate : float, default=125
        Samples per second (Hz) of the input. Nothing is resampled: see
        :func:`skecg.signal.resample`.
    threshold : float, default=0.9
        Height in the scaled window from which a local maximum is an R peak
        (``detector="threshold"`` only; another value warns with another detector).
    period_factor : float, default=1.2
        Length of a beat in periods.
    beat_length : int, default=187
        Samples in a beat; shorter ones are zero-padded at their end.
    detector : str or callable, default="threshold"
        ``"threshold"``, the published rule; ``"sleepecg"``, which is given whole rows whatever
        ``window`` is, needs more than 60 Hz, and finds nothing in rows of less than 3 s; the name
        of a NeuroKit2 method (``"neurokit"``, ``"pantompkins1985"``, ...); or a function
        ``(signal, sampling_rate) -> positions``. See :func:`skecg.signal.detect_r_peaks`.
    beats : {"median", "mean", "first"} or int, default="median"
        The beat that represents a row: the median or the mean of its zero-padded beats, sample by
        sample, or its first beat. An integer ``k`` takes the first ``k`` beats; where a row has
        fewer, the remaining ones are zero.
    window : float or None, default=10.0
        Length in seconds of the windows into which a longer row is cut for scaling, detection
        and the period. The last one is moved back to end with the row, so that it has the full
        length, and gives only the beats that the window before it cannot give. A row that is not
        longer is one window, and so is every row with None.
    scale : {"window", "beat"}, default="window"
        What is scaled to the interval from 0 to 1: the window, as published, or each beat, as in
        the Kaggle heartbeat files. See :func:`skecg.signal.cut_beats`.
    on_long : {"truncate", "drop", "raise"}, default="truncate"
        What to do with a beat of more than ``beat_length`` samples.
    on_empty : {"zeros", "nan", "raise"}, default="zeros"
        What ``transform`` returns for a row in which no beat is found. The first two warn once,
        with the count.
    on_gap : {"raise", "skip"}, default="raise"
        What to do with a gap in a record, marked by NaN: raise with its place, or leave out the
        windows that hold a part of it and the beats that run into it. The latter warns once, with
        the count, and needs a ``window``: without one, a gap would take the whole row.

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
    skecg.signal.find_r_peaks : The R peaks of one whole record.

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
        "sampling_rate": [Interval(Real, 0, 1e6, closed="right")],
        "threshold": [Interval(Real, 0, 1, closed="both")],
        "period_factor": [Interval(Real, 0, 100, closed="right")],
        "beat_length": [Interval(Integral, 1, 100_000, closed="both")],
        "detector": [str, callable],
        "beats": [
            StrOptions({"median", "mean", "first"}),
            Interval(Integral, 1, 100_000, closed="both"),
        ],
        "window": [Interval(Real, 0, 1e6, closed="right"), None],
        "scale": [StrOptions({"window", "beat"})],
        "on_long": [StrOptions({"truncate", "drop", "raise"})],
        "on_empty": [StrOptions({"zeros", "nan", "raise"})],
        "on_gap": [StrOptions({"raise", "skip"})],
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
        scale: Literal["window", "beat"] = "window",
        on_long: Literal["truncate", "drop", "raise"] = "truncate",
        on_empty: str = "zeros",
        on_gap: str = "raise",
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
        self.on_gap = on_gap

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

        Raises
        ------
        ValueError
            When a parameter is out of its range, or when ``X`` is empty, has another form or, with
            ``on_gap="raise"``, a gap.
        """
        self._check_params()
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
            When ``X`` is empty, has another form (one signal, a column, time in its rows, several
            leads), holds infinite values or, with ``on_gap="raise"``, NaN; when a beat is too long
            and ``on_long="raise"``; when a row has no beat and ``on_empty="raise"``; or when the
            detector fails.

        Warns
        -----
        UserWarning
            When rows have no beat or windows a gap; when the median R-R interval is that of no
            heart, below 25 or above 250 beats a minute, as with a wrong ``sampling_rate``; when
            ``threshold`` has no effect with the detector.
        """
        self._check_params()
        rows = self._check_X(X, reset=False)
        self._warn_of_threshold()
        tally = Tally()
        parts, is_empty = [], np.ones(len(rows), dtype=bool)
        for first, block in row_blocks(rows):
            found = self._cut(block, tally)
            parts.append(representative_beats(found.beats, found.row, len(block), self.beats))
            is_empty[first + found.row] = False
        out = np.concatenate(parts)
        if self.on_empty == "nan":
            out[is_empty] = np.nan
        tally.warn(self.sampling_rate)
        self._report_empty(is_empty, f"are returned as {self.on_empty}")
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
            in the order of row and R peak. Rows without a beat are not in the result; a warning
            gives their number.

        Raises
        ------
        ValueError
            As ``transform``; and when ``y`` or ``groups`` has another length than ``X``.

        Warns
        -----
        UserWarning
            As ``transform``.
        """
        self._check_params()
        rows = self._check_X(X, reset=False)
        check_consistent_length(rows, y, groups)
        self._warn_of_threshold()
        tally = Tally()
        parts = []
        for first, block in row_blocks(rows):
            found = self._cut(block, tally)
            parts.append(found._replace(row=found.row + first))
        found = parts[0]
        if len(parts) > 1:
            found = Beats(*(np.concatenate(column) for column in zip(*parts, strict=True)))
        is_empty = np.ones(len(rows), dtype=bool)
        is_empty[found.row] = False
        tally.warn(self.sampling_rate)
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
            When ``beats`` is an integer: a three-dimensional result has no columns. When a
            parameter is out of its range.
        """
        self._check_params()
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
        return check_rows(
            self,
            X,
            reset=reset,
            sampling_rate=self.sampling_rate,
            allow_gaps=self.on_gap == "skip",
        )

    def _check_params(self) -> None:
        validate_params(self)
        n_beats = int(self.beats) if isinstance(self.beats, Integral) else 1
        if n_beats * int(self.beat_length) > _MOST_SAMPLES:
            raise ValueError(
                f"beats times beat_length must be at most {_MOST_SAMPLES}, got {n_beats} times "
                f"{self.beat_length}"
            )
        if self.on_gap == "skip" and self.window is None:
            raise ValueError(
                "on_gap='skip' needs a window, got window=None: a gap would take the whole row; "
                "choose a number of seconds, such as window=10"
            )

    def _warn_of_threshold(self) -> None:
        if self.detector != "threshold" and self.threshold != _PUBLISHED_THRESHOLD:
            warnings.warn(
                f"threshold={self.threshold} has no effect with detector={self.detector!r}: it "
                "belongs to detector='threshold'",
                UserWarning,
                stacklevel=3,
            )

    def _cut(self, X: NDArray, tally: Tally) -> Beats:
        """Return all beats of the rows of one array."""
        window_length = None
        windows = X
        if self.window is not None:
            length = max(1, round(self.window * self.sampling_rate))
            if X.shape[1] > length:
                window_length = length
                windows = split_windows(X, length, tail="overlap")
                windows = windows.swapaxes(0, 1).reshape(-1, length)
        if self.detector == "sleepecg":
            window, r_peak = row_peaks(X, self.sampling_rate, self.detector, window_length)
        else:
            # The threshold is handed on only where it counts: one warning is enough.
            own = (self.threshold,) if self.detector == "threshold" else ()
            window, r_peak = detect_r_peaks(windows, self.sampling_rate, self.detector, *own)
        may_have_gaps = self.on_gap == "skip"
        tally.count(windows, window, r_peak, may_have_gaps)
        found = cut_beats(
            X,
            window,
            r_peak,
            window_length=window_length,
            period_factor=self.period_factor,
            beat_length=self.beat_length,
            on_long=self.on_long,
            scale=self.scale,
        )
        if not may_have_gaps:
            return found
        # A beat near the end of its window may run into a gap of the next.
        is_whole = ~np.isnan(found.beats).any(axis=1)
        columns: list[Any] = [column[is_whole] for column in found]
        return Beats(*columns)

    def _report_empty(self, is_empty: NDArray[np.bool_], what_happens: str) -> None:
        n_empty = int(is_empty.sum())
        if not n_empty:
            return
        message = f"{n_empty} of {is_empty.size} windows have no beat"
        if self.on_empty == "raise":
            raise ValueError(
                f"{message}, the first of them row {is_empty.argmax()}: choose "
                "detector='sleepecg', a lower threshold, the right sampling_rate, longer windows, "
                "or on_empty='zeros' or 'nan'"
            )
        warnings.warn(f"{message} and {what_happens}", UserWarning, stacklevel=3)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.input_tags.allow_nan = self.on_gap == "skip"
        # The result is float32 whatever the input is.
        tags.transformer_tags.preserves_dtype = []
        return tags
