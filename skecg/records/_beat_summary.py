"""The figures of a record with labelled beats."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._limits import in_range
from ..paper import clock

# Classes whose burden, couplets and runs are reported.
ECTOPIC = ("S", "V")
# Consecutive intervals that a heart rate is the mean of. One early or missed beat moves it little.
N_INTERVALS = 8
_MIN_RUN = 3


class BeatRun(NamedTuple):
    """Three or more S or V beats in a row.

    Attributes
    ----------
    label : str
        Class of the beats.
    start : float
        Time of the first beat in seconds.
    duration : float
        Seconds from the first beat to the last.
    n_beats : int
        Number of beats.
    heart_rate : float
        Beats per minute within the run.

    See Also
    --------
    BeatSummary : Has them.
    """

    label: str
    start: float
    duration: float
    n_beats: int
    heart_rate: float


class Pause(NamedTuple):
    """A long interval between two beats.

    Attributes
    ----------
    start : float
        Time of the beat before in seconds.
    duration : float
        Length of the interval in seconds.

    See Also
    --------
    BeatSummary : Has them.
    """

    start: float
    duration: float


class HeartRate(NamedTuple):
    """A heart rate and when it was measured.

    Attributes
    ----------
    rate : float
        Beats per minute; NaN if it could not be measured.
    time : float
        Start of the measured intervals in seconds.

    See Also
    --------
    BeatSummary : Has them.
    """

    rate: float
    time: float


@dataclass(frozen=True, eq=False, repr=False)
class BeatSummary:
    """Figures of a record with labelled beats, printed as a report.

    Intervals across an unreadable stretch are not counted anywhere, and no run or couplet spans
    one.

    Attributes
    ----------
    name : str
        Name of the record.
    n_beats : int
        Number of beats.
    beats : dict of str to int
        Number of beats of each class.
    minutes : float
        Length of the record.
    minutes_read : float
        The same without the unreadable stretches.
    unreadable : float
        Share of the record that could not be read, in %.
    heart_rate : float
        Mean heart rate in beats per minute: the number of R-R intervals divided by their sum.
    slowest, fastest : HeartRate
        Lowest and highest mean heart rate over 8 consecutive R-R intervals, and their start. NaN if
        there are no 8 intervals in a row. Beats of every class count.
    burden : dict of str to float
        Share of the beats that are S and V, in %.
    per_hour : dict of str to float
        S and V beats per hour that could be read.
    couplets : dict of str to int
        Number of pairs of S and V beats: exactly two in a row.
    runs : list of BeatRun
        Three or more S or V beats in a row, in the order of time.
    pauses : list of Pause
        R-R intervals longer than `pause`, in the order of time.
    pause : float
        Shortest pause in seconds.

    See Also
    --------
    BeatAnnotations.summary : Compute the summary.
    """

    name: str
    n_beats: int
    beats: dict[str, int]
    minutes: float
    minutes_read: float
    unreadable: float
    heart_rate: float
    slowest: HeartRate
    fastest: HeartRate
    burden: dict[str, float]
    per_hour: dict[str, float]
    couplets: dict[str, int]
    runs: list[BeatRun]
    pauses: list[Pause]
    pause: float

    def runs_of(self, label: str) -> list[BeatRun]:
        """Return the runs of one class.

        Parameters
        ----------
        label : str
            The class.

        Returns
        -------
        list of BeatRun
            In the order of time.
        """
        return [run for run in self.runs if run.label == label]

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as plain Python values, which JSON can hold.

        Returns
        -------
        dict of {str: object}
            The attributes by name.
        """
        values = asdict(self)
        for key in ("slowest", "fastest"):
            values[key] = values[key]._asdict()
        for key in ("runs", "pauses"):
            values[key] = [item._asdict() for item in values[key]]
        return values

    def __str__(self) -> str:
        head = f"Record {self.name}" if self.name else "Record"
        return "\n".join([head, *(f"  {title:<14}{text}" for title, text in self.rows())])

    __repr__ = __str__

    def rows(self) -> list[tuple[str, str]]:
        """Return the lines of the report, each a title and a text.

        Returns
        -------
        list of (str, str)
            Titles and texts, as ``print`` shows them.
        """
        shown = [f"{name} {n:,}" for name, n in self.beats.items() if n]
        rows = [
            ("Length", f"{clock(60 * self.minutes)} h, {self.unreadable:.1f} % could not be read"),
            ("Beats", f"{self.n_beats:,}" + (f": {', '.join(shown)}" if shown else "")),
            ("Heart rate", self._rates()),
        ]
        for label in ECTOPIC:
            rows.append((f"{label} beats", self._burden(label)))
        longest = max(self.pauses, key=lambda pause: pause.duration, default=None)
        text = f"{len(self.pauses):,} longer than {self.pause:g} s"
        if longest:
            text += f", the longest {longest.duration:.1f} s at {clock(longest.start)}"
        return [*rows, ("Pauses", text)]

    def _rates(self) -> str:
        if np.isnan(self.heart_rate):
            return "-"
        text = f"{self.heart_rate:.0f}/min on average"
        if np.isnan(self.slowest.rate):
            return text
        return (
            f"{text}, {self.slowest.rate:.0f} ({clock(self.slowest.time)}) to "
            f"{self.fastest.rate:.0f} ({clock(self.fastest.time)}) over {N_INTERVALS} intervals"
        )

    def _burden(self, label: str) -> str:
        if not self.beats.get(label):
            return "none"
        runs = self.runs_of(label)
        text = (
            f"{self.burden[label]:.2f} %, {self.per_hour[label]:.1f} per hour; "
            f"{_count(self.couplets[label], 'couplet')}, {_count(len(runs), 'run')}"
        )
        if runs:
            longest = max(runs, key=lambda run: run.n_beats)
            text += (
                f", the longest {longest.n_beats} beats ({longest.duration:.1f} s, "
                f"{longest.heart_rate:.0f}/min) at {clock(longest.start)}"
            )
        return text


def _count(n: int, noun: str) -> str:
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def summarize_beats(
    sample: NDArray[np.int64],
    label: NDArray[np.str_],
    rr: NDArray[np.float64],
    sampling_rate: float,
    n_timesteps: int,
    unreadable: NDArray[np.int64],
    *,
    classes: tuple[str, ...],
    pause: float,
    name: str,
) -> BeatSummary:
    """Compute the summary of :meth:`BeatAnnotations.summary`."""
    if not isinstance(pause, Real) or not 0 < pause < np.inf:
        raise ValueError(f"pause must be a positive number (seconds); got {pause!r}.")
    with in_range("pause"):
        pause = float(pause)
    time = sample / sampling_rate
    beats = {each: int((label == each).sum()) for each in classes}
    n_lost = int((unreadable[:, 1] - unreadable[:, 0]).sum())
    hours_read = (n_timesteps - n_lost) / sampling_rate / 3600
    known = rr[~np.isnan(rr)]
    slowest, fastest = _extreme_rates(time, rr)
    couplets, runs = _ectopic_runs(time, label, rr)
    long = np.flatnonzero(rr > pause)
    return BeatSummary(
        name=name,
        n_beats=len(sample),
        beats=beats,
        minutes=n_timesteps / sampling_rate / 60,
        minutes_read=60 * hours_read,
        unreadable=100 * n_lost / n_timesteps,
        heart_rate=float(60 * len(known) / known.sum()) if len(known) else np.nan,
        slowest=slowest,
        fastest=fastest,
        burden={x: 100 * _share(beats.get(x, 0), len(sample)) for x in ECTOPIC},
        per_hour={x: _share(beats.get(x, 0), hours_read) for x in ECTOPIC},
        couplets=couplets,
        runs=runs,
        pauses=[Pause(*pair) for pair in zip(time[long - 1].tolist(), rr[long].tolist())],
        pause=pause,
    )


def _share(part: float, whole: float) -> float:
    return part / whole if whole else np.nan


def _extreme_rates(
    time: NDArray[np.float64], rr: NDArray[np.float64]
) -> tuple[HeartRate, HeartRate]:
    """Return the lowest and the highest heart rate over some consecutive intervals."""
    unknown = HeartRate(np.nan, np.nan)
    # A stretch of intervals that are all known is as long as the time between its two ends.
    gaps = np.cumsum(np.isnan(rr))
    complete = np.flatnonzero(gaps[N_INTERVALS:] == gaps[:-N_INTERVALS])
    if not len(complete):
        return unknown, unknown
    rates = 60 * N_INTERVALS / (time[complete + N_INTERVALS] - time[complete])
    lowest, highest = int(np.argmin(rates)), int(np.argmax(rates))
    return (
        HeartRate(float(rates[lowest]), float(time[complete[lowest]])),
        HeartRate(float(rates[highest]), float(time[complete[highest]])),
    )


def _ectopic_runs(
    time: NDArray[np.float64], label: NDArray[np.str_], rr: NDArray[np.float64]
) -> tuple[dict[str, int], list[BeatRun]]:
    """Return the number of couplets of each class, and the runs."""
    starts = np.isnan(rr)
    starts[1:] |= label[1:] != label[:-1]
    first = np.flatnonzero(starts)
    length = np.diff(np.append(first, len(label)))
    kind = label[first]
    couplets = {name: int(((kind == name) & (length == 2)).sum()) for name in ECTOPIC}
    is_run = np.isin(kind, ECTOPIC) & (length >= _MIN_RUN)
    first, length, kind = first[is_run], length[is_run], kind[is_run]
    duration = time[first + length - 1] - time[first]
    rate = 60 * (length - 1) / duration
    columns = (kind, time[first], duration, length, rate)
    return couplets, [BeatRun(*row) for row in zip(*(column.tolist() for column in columns))]
