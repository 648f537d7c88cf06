"""The transformer that describes every beat of a record."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from numbers import Real
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import Bunch, Tags, check_consistent_length

from .._compat import CallbackSupportMixin, Interval, StrOptions, TransformerMixin, validate_params
from .._estimators import Estimator
from .._native_callbacks import as_one_task
from ..signal import (
    AHEAD,
    RHYTHM_NUMBERS,
    SHAPE_NUMBERS,
    find_r_peaks,
    representative_beats,
    rhythm_numbers,
    rr_intervals,
    unreadable_stretches,
)
from ._described_beats import BEAT_CHANNELS, describe_record
from ._heart_rate import Tally
from ._record_rows import check_rows

_NUMBERS = (*RHYTHM_NUMBERS, *SHAPE_NUMBERS)
# Both describe a person rather than a beat: trees of few people are worse for others with them.
_NOT_BY_DEFAULT = ("rr_irregularity", "rr_entropy")
_DEFAULT_NUMBERS = tuple(name for name in _NUMBERS if name not in _NOT_BY_DEFAULT)
_MOST_VALUES = 1 << 20  # in a sample


class BeatWindows(TransformerMixin, CallbackSupportMixin, Estimator):
    """Describe every beat of a record: the window around it, and what tells it from others.

    One sample is one beat. It holds the chosen ``channels``, one after the other, and behind them
    the chosen ``numbers``: its rhythm, its shape, and how it differs from the usual beat of its
    record and from the beats around it. Nothing of a sample tells the electrode gain or the
    baseline, and no labels are used.

    Every window loses its own median and is divided by the R amplitude of its record, see
    :func:`skecg.signal.scale_beat_windows`. Records of more than 2,000 s, about
    half an hour, are described in equal pieces, each with its own R amplitude and usual beat.

    Parameters
    ----------
    sampling_rate : float, default=360
        Samples per second (Hz) of the input.
    before, after : float, default=0.5 and 0.75
        Seconds before and behind the R peak that the channels show.
    rate : float, default=120
        Samples per second (Hz) of the channels; the lead is resampled to it.
    channels : sequence of {"lead", "record_deviation", "late_deviation"}, \
default=("lead",)
        ``"lead"``, the window; ``"record_deviation"``, the window minus the median beat of the
        record; ``"late_deviation"``, minus the median of the late beats around it, see
        :func:`skecg.signal.shape_numbers`. May be empty.
    numbers : "default" or sequence of str, default="default"
        Names among those of :func:`skecg.signal.rhythm_numbers` and
        :func:`skecg.signal.shape_numbers`. The default is all but ``"rr_irregularity"``,
        ``"rr_entropy"`` and, with ``causal=True``, those that look ahead. May be empty.
    detector : str or callable, default="sleepecg"
        How R peaks are found where none are given, see :func:`skecg.signal.find_r_peaks`.
    causal : bool, default=False
        Use no later beats. ``"rr_after"``, and all that begins with ``"record_"``, is then
        refused, and the R amplitude is that of the 60 beats up to each. Of a beat itself, 0.75 s
        behind its R peak are needed, or ``after`` if that is longer.
    on_gap : {"skip", "raise"}, default="skip"
        NaN in a record. ``"skip"`` leaves out what :func:`skecg.signal.find_r_peaks` cannot read;
        intervals across it are missing and the numbers made of them 0.

    Attributes
    ----------
    n_features_in_ : int
        Samples in a row, when ``fit`` saw a two-dimensional ``X``.
    feature_names_in_ : ndarray of str
        Column names, when ``fit`` saw a data frame whose columns are named by strings.

    See Also
    --------
    skecg.BeatAnnotator : Labels the beats of records by these samples.
    BeatSegmenter : The published beats, without what is around them.

    Notes
    -----
    How far a number looks ahead: ``"rr_after"`` one beat; ``"rr_before_32"``, ``"rr_before_60"``,
    ``"late_..."`` and ``"p_visibility"`` up to 30 beats, the latter two up to 60 at the start of
    a record; ``"record_..."`` the whole piece of the record. The transformer learns nothing from
    data.

    Examples
    --------
    >>> from skecg.datasets import make_records
    >>> from skecg.preprocessing import BeatWindows
    >>> records = make_records(2, duration=20, random_state=0)
    >>> windows = BeatWindows(channels=(), numbers=("rr_before_60", "width_50"))
    >>> found = windows.segment(records.data)
    >>> found.beats.shape[1], windows.get_feature_names_out().tolist()
    (2, ['rr_before_60', 'width_50'])
    >>> found.row[:3], found.r_peak[:2] / 360 < 2
    (array([0, 0, 0]), array([ True,  True]))
    """

    _parameter_constraints: dict = {
        "sampling_rate": [Interval(Real, 0, 1e6, closed="neither")],
        "before": [Interval(Real, 0, 60, closed="both")],
        "after": [Interval(Real, 0, 60, closed="right")],
        "rate": [Interval(Real, 20, 1e4, closed="both")],
        "channels": ["array-like"],
        "numbers": [StrOptions({"default"}), "array-like"],
        "detector": [str, callable],
        "causal": ["boolean"],
        "on_gap": [StrOptions({"skip", "raise"})],
    }

    def __init__(
        self,
        sampling_rate: float = 360,
        before: float = 0.5,
        after: float = 0.75,
        rate: float = 120,
        *,
        channels: Sequence[str] = ("lead",),
        numbers: str | Sequence[str] = "default",
        detector: str | Callable[[NDArray, float], ArrayLike] = "sleepecg",
        causal: bool = False,
        on_gap: str = "skip",
    ) -> None:
        self.sampling_rate = sampling_rate
        self.before = before
        self.after = after
        self.rate = rate
        self.channels = channels
        self.numbers = numbers
        self.detector = detector
        self.causal = causal
        self.on_gap = on_gap

    @as_one_task
    def fit(self, X: ArrayLike | Sequence[ArrayLike], y: object = None) -> Self:
        """Check the parameters and the form of the input; nothing is learned.

        Parameters
        ----------
        X : array-like of shape (n_records, n_samples), or list of records of different lengths
            One lead.
        y : object
            Ignored.

        Returns
        -------
        BeatWindows
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
        """Return the median over the beats of every record, column by column.

        Parameters
        ----------
        X : array-like of shape (n_records, n_samples), or list of records of different lengths
            One lead, in any unit.

        Returns
        -------
        ndarray of float32 of shape (n_records, n_features)
            Zeros where a record has no beat.

        Raises
        ------
        ValueError
            As :meth:`segment`.

        Warns
        -----
        UserWarning
            As :meth:`segment`.
        """
        found = self._segment(X, None)
        return representative_beats(found.beats, found.row, len(found.unreadable))

    def segment(
        self,
        X: ArrayLike | Sequence[ArrayLike],
        y: ArrayLike | None = None,
        groups: ArrayLike | None = None,
        r_peaks: Sequence[ArrayLike] | None = None,
    ) -> Bunch:
        """Return a sample for every beat, with the record and the place of its R peak.

        Parameters
        ----------
        X : array-like of shape (n_records, n_samples), or list of records of different lengths
            One lead, in any unit.
        y : array-like of shape (n_records, ...), default=None
            Targets of the records.
        groups : array-like of shape (n_records,), default=None
            Subject of each record.
        r_peaks : sequence of n_records array-likes of int, default=None
            Ascending positions of the R peaks in each record, which are trusted: the intervals
            between them count across gaps, too. None finds them.

        Returns
        -------
        Bunch
            ``beats`` (n_beats, n_features) as float32; ``row``, the index into ``X``; ``window``,
            always 0; ``r_peak``, the sample of the R peak in the row; ``period``, the median R-R
            interval of the row in samples; ``target`` and ``group``, those of the row, or None
            where none were given; and for each row, in ``unreadable``, the stretches that could
            not be read, see :func:`skecg.signal.find_r_peaks`.

        Raises
        ------
        ValueError
            When ``X`` is empty, has another form (one signal, a column, time in its rows, several
            leads), holds infinite values or, with ``on_gap="raise"``, NaN; when ``y``, ``groups``
            or ``r_peaks`` has another length than ``X``; when R peaks are outside of their record
            or not ascending; when a parameter is out of its range; or when the detector fails.

        Warns
        -----
        UserWarning
            When records have no beat; when the median R-R interval is that of no heart, below 25
            or above 250 beats a minute, as with a wrong ``sampling_rate``.
        """
        found = self._segment(X, r_peaks)
        check_consistent_length(found.unreadable, y, groups)
        found.target = None if y is None else np.asarray(y)[found.row]
        found.group = None if groups is None else np.asarray(groups)[found.row]
        return found

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> NDArray:
        """Return the names of the columns.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Ignored: no sample of the result belongs to one sample of the input.

        Returns
        -------
        ndarray of str of shape (n_features,)
            ``"lead0"``, ``"lead1"``, ... for the samples of a channel, and the names of numbers.
        """
        channels, numbers = self._check_params()
        n_timesteps = round(self.before * self.rate) + round(self.after * self.rate)
        names = [f"{channel}{i}" for channel in channels for i in range(n_timesteps)]
        return np.array([*names, *numbers], dtype=object)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.input_tags.allow_nan = self.on_gap == "skip"
        # The result is float32 whatever the input is.
        tags.transformer_tags.preserves_dtype = []
        return tags

    def _segment(
        self, X: ArrayLike | Sequence[ArrayLike], r_peaks: Sequence[ArrayLike] | None
    ) -> Bunch:
        channels, numbers = self._check_params()
        rows = self._check_X(X, reset=False)
        if r_peaks is not None:
            check_consistent_length(rows, r_peaks)
        beats, peaks, periods, unreadable = [], [], [], []
        tally = Tally()
        for i, signal in enumerate(rows):
            try:
                r_peak, gaps = self._r_peaks(signal, None if r_peaks is None else r_peaks[i])
                # Whoever gives the R peaks knows what was between them.
                across = gaps if r_peaks is None else gaps[:0]
                rr = rr_intervals(r_peak, across) / self.sampling_rate
                described = describe_record(
                    signal,
                    r_peak,
                    self.sampling_rate,
                    rr,
                    channels=channels,
                    numbers=[name for name in numbers if name in SHAPE_NUMBERS],
                    before=self.before,
                    after=self.after,
                    rate=self.rate,
                    causal=self.causal,
                )
                of_rhythm = tuple(name for name in numbers if name in RHYTHM_NUMBERS)
                rhythm = rhythm_numbers(rr, of_rhythm, causal=self.causal)
            except ValueError as error:
                error.add_note(f"raised for record {i} of X")
                raise
            n_samples = described.channels.shape[1]
            sample = np.empty((len(r_peak), n_samples + len(numbers)), dtype=np.float32)
            sample[:, :n_samples] = described.channels
            is_rhythm = np.isin(np.array(numbers, dtype=object), of_rhythm)
            sample[:, n_samples:][:, is_rhythm] = rhythm
            sample[:, n_samples:][:, ~is_rhythm] = described.numbers
            tally.count(signal[None], np.zeros(len(r_peak), np.int64), r_peak, gaps=False)
            beats.append(sample)
            peaks.append(r_peak)
            unreadable.append(gaps)
            known = rr[~np.isnan(rr)]
            periods.append(np.median(known) * self.sampling_rate if known.size else np.nan)
        n_beats = np.array([len(found) for found in peaks])
        tally.warn(self.sampling_rate)
        n_empty = int((n_beats == 0).sum())
        if n_empty:
            warnings.warn(
                f"{n_empty} of {len(rows)} records have no beat and are not in the result",
                UserWarning,
                stacklevel=3,
            )
        return Bunch(
            beats=np.concatenate(beats),
            row=np.repeat(np.arange(len(rows)), n_beats),
            window=np.zeros(n_beats.sum(), dtype=np.int64),
            r_peak=np.concatenate(peaks),
            period=np.repeat(periods, n_beats),
            unreadable=unreadable,
        )

    def _r_peaks(
        self, signal: NDArray, given: ArrayLike | None
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the R peaks of a record and the stretches that cannot be read."""
        if given is None:
            return find_r_peaks(signal, self.sampling_rate, self.detector)
        given = np.asarray(given)
        is_empty = given.size == 0
        if given.ndim != 1 or not (is_empty or given.dtype.kind in "iu"):
            raise ValueError(
                f"r_peaks must be sample positions, integers of shape (n_beats,), got "
                f"{given.dtype} of shape {given.shape}"
            )
        given = given.astype(np.int64)
        if not is_empty and ((np.diff(given) <= 0).any() or given[0] < 0):
            raise ValueError("r_peaks must be ascending positions from 0 on, each of them once")
        if not is_empty and given[-1] >= signal.size:
            raise ValueError(f"an R peak at {given[-1]} is outside of a record of {signal.size}")
        return given, unreadable_stretches(signal, self.sampling_rate)

    def _check_X(
        self, X: ArrayLike | Sequence[ArrayLike], *, reset: bool
    ) -> NDArray | list[NDArray]:
        return check_rows(
            self,
            X,
            reset=reset,
            sampling_rate=self.sampling_rate,
            allow_gaps=self.on_gap == "skip",
        )

    def _check_params(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the names of the channels and of the numbers."""
        validate_params(self)
        channels = _names("channels", self.channels, BEAT_CHANNELS)
        if isinstance(self.numbers, str):
            numbers = tuple(n for n in _DEFAULT_NUMBERS if not (self.causal and _looks_ahead(n)))
        else:
            numbers = _names("numbers", self.numbers, _NUMBERS)
        refused = [name for name in (*channels, *numbers) if self.causal and _looks_ahead(name)]
        if refused:
            raise ValueError(
                f"causal=True cannot give {', '.join(refused)}, which look ahead; leave them out "
                "of channels and numbers"
            )
        if not channels and not numbers:
            raise ValueError("channels and numbers must not both be empty; name at least one")
        n_values = len(channels) * (self.before + self.after) * self.rate
        if n_values > _MOST_VALUES or round(self.after * self.rate) < 1:
            raise ValueError(
                f"a window must have 1 to {_MOST_VALUES} samples, got before={self.before} s and "
                f"after={self.after} s at rate={self.rate} Hz in {len(channels)} channels"
            )
        return channels, numbers


def _looks_ahead(name: str) -> bool:
    return name in AHEAD or name.startswith("record_")


def _names(parameter: str, given: Sequence[str], known: tuple[str, ...]) -> tuple[str, ...]:
    names = (given,) if isinstance(given, str) else tuple(given)
    wrong = [name for name in names if not isinstance(name, str) or name not in known]
    if wrong or len(set(names)) < len(names):
        raise ValueError(
            f"{parameter} must be names among {', '.join(known)}, each of them once; got {names}"
        )
    return names
