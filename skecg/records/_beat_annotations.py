"""The labelled beats of one record."""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import Bunch

from ..metrics import BeatComparison, compare_beats
from ..signal import AAMI_CLASSES, aami_codes, rr_intervals
from . import _annotation_checks as checks
from ._beat_html import beats_as_html
from ._beat_strip_display import BeatStripDisplay
from ._beat_summary import BeatSummary, summarize_beats

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from pandas import DataFrame


class BeatAnnotations:
    """The beats of one record with their classes.

    Parameters
    ----------
    sample : array-like of int of shape (n_beats,)
        Positions of the R peaks in the record, ascending.
    label : array-like of str of shape (n_beats,)
        Class of each beat: N, S, V, F or Q, or a name of your own.
    sampling_rate : float
        Sampling rate in Hz.
    n_timesteps : int
        Length of the record in samples.
    classes : sequence of str, default=None
        Names of the classes, in the order of the columns of `probabilities`. If None, N, S, V, F,
        Q and then the other labels that occur, sorted.
    probabilities : array-like of shape (n_beats, n_classes), default=None
        Probability of each class for each beat.
    unreadable : array-like of int of shape (n_stretches, 2), default=None
        Stretches of the record in which no beat could be found, such as gaps, as first sample and
        first sample after; ascending and without overlap.
    signal : array-like of shape (n_timesteps,), default=None
        The lead in mV, for pictures. It is not copied.
    name : str, default=""
        Name of the record.

    Attributes
    ----------
    sample : ndarray of int64 of shape (n_beats,)
        Positions of the R peaks.
    time : ndarray of shape (n_beats,)
        The same in seconds from the first sample of the record.
    label : ndarray of str of shape (n_beats,)
        Class of each beat.
    classes : tuple of str
        Names of the classes.
    probabilities : ndarray of shape (n_beats, n_classes) or None
        Probabilities, if they were given.
    rr : ndarray of shape (n_beats,)
        Interval from the beat before in seconds; NaN for the first beat and where an unreadable
        stretch lies between the two.
    unreadable : ndarray of int64 of shape (n_stretches, 2)
        The unreadable stretches.
    sampling_rate, n_timesteps, signal, name
        As given.

    Raises
    ------
    TypeError
        If a position is no integer or a label no string.
    ValueError
        If the positions are not ascending or lie outside the record, the record is ten years long
        or more, or an argument has another shape.

    See Also
    --------
    skecg.BeatAnnotator : Makes them.
    BeatStripDisplay : Draws them.
    skecg.metrics.compare_beats : Compares them with a reference.

    Examples
    --------
    >>> from skecg.records import BeatAnnotations
    >>> beats = BeatAnnotations([100, 460, 700, 1240], ["N", "N", "V", "N"], 360, 1800, name="a")
    >>> beats
    BeatAnnotations(a: 4 beats, N 3, V 1, 0:00:05 at 360 Hz)
    >>> beats.rr.round(2).tolist()
    [nan, 1.0, 0.67, 1.5]
    >>> beats.summary().burden["V"]
    25.0
    """

    def __init__(
        self,
        sample: ArrayLike,
        label: ArrayLike,
        sampling_rate: float,
        n_timesteps: int,
        *,
        classes: ArrayLike | None = None,
        probabilities: ArrayLike | None = None,
        unreadable: ArrayLike | None = None,
        signal: ArrayLike | None = None,
        name: str = "",
    ) -> None:
        self.sampling_rate = checks.check_rate(sampling_rate)
        self.n_timesteps = checks.check_length(n_timesteps, self.sampling_rate)
        self.sample = checks.check_samples(sample, self.n_timesteps)
        self.label = checks.check_labels(label, len(self.sample))
        self.classes = checks.check_classes(classes, self.label, AAMI_CLASSES)
        self.probabilities = checks.check_probabilities(
            probabilities, len(self.sample), self.classes
        )
        self.unreadable = checks.check_stretches(unreadable, self.n_timesteps)
        self.signal = checks.check_signal(signal, self.n_timesteps)
        self.name = str(name)
        self.time = self.sample / self.sampling_rate
        self.rr = rr_intervals(self.sample, self.unreadable) / self.sampling_rate

    def __len__(self) -> int:
        return len(self.sample)

    def __repr__(self) -> str:
        from ..paper import clock

        counts = [f"{name} {(self.label == name).sum():,}" for name in self.occurring()]
        seconds = self.n_timesteps / self.sampling_rate
        parts = [f"{len(self):,} beats", *counts, f"{clock(seconds)} at {self.sampling_rate:g} Hz"]
        return f"BeatAnnotations({self.name + ': ' if self.name else ''}{', '.join(parts)})"

    def _repr_html_(self) -> str:
        return beats_as_html(self, self.summary())

    def occurring(self) -> list[str]:
        """Return the classes that have beats, in the order of `classes`.

        Returns
        -------
        list of str
            The classes.
        """
        present = set(np.unique(self.label).tolist())
        return [name for name in self.classes if name in present]

    def summary(self, *, pause: float = 2.0) -> BeatSummary:
        """Return the figures of the record: rates, burden, runs and pauses.

        Parameters
        ----------
        pause : float, default=2.0
            An R-R interval longer than this, in seconds, is a pause.

        Returns
        -------
        summary : BeatSummary
            The figures as attributes; ``print(summary)`` shows them as a report.

        Raises
        ------
        ValueError
            If `pause` is not a positive number.
        """
        return summarize_beats(
            self.sample, self.label, self.rr, self.sampling_rate, self.n_timesteps,
            self.unreadable, classes=self.classes, pause=pause, name=self.name,
        )  # fmt: skip

    def to_frame(self) -> DataFrame:
        """Return the beats as a table.

        Returns
        -------
        frame : pandas.DataFrame
            One row for each beat, with the columns ``sample``, ``time`` and ``rr`` (s) and
            ``label``, and ``probability_N``, ... if there are probabilities.
        """
        from pandas import DataFrame

        columns: dict[str, Any] = {
            "sample": self.sample,
            "time": self.time,
            "label": self.label.astype(object),
            "rr": self.rr,
        }
        if self.probabilities is not None:
            for k, name in enumerate(self.classes):
                columns[f"probability_{name}"] = self.probabilities[:, k]
        return DataFrame(columns)

    def to_wfdb(self, record_name: str, extension: str, folder: str | PathLike[str] = ".") -> None:
        """Write the beats as a WFDB annotation file, ``<folder>/<record_name>.<extension>``.

        Each AAMI class has a symbol of WFDB that means the whole class: N, S, V, F and Q. So
        :func:`skecg.signal.aami_codes` of the symbols gives the classes again. An unreadable
        stretch is written as a change of signal quality, ``~`` with subtype -1, and its end as
        one with subtype 0.

        Parameters
        ----------
        record_name : str
            Name of the record: letters, digits, ``_`` and ``-``.
        extension : str
            Name of the annotator: letters.
        folder : str or path, default="."
            An existing folder. A file of the same name is replaced.

        Raises
        ------
        ValueError
            If a label is no AAMI class, there are no beats, or a name has other characters.
        FileNotFoundError
            If there is no such folder.
        """
        from ._write_wfdb import write_wfdb

        write_wfdb(
            self.sample, self.label, self.unreadable, self.sampling_rate, record_name, extension,
            folder,
        )  # fmt: skip

    def compare(
        self,
        reference: BeatAnnotations | Bunch,
        tolerance: float = 0.15,
        *,
        convention: str = "one-vs-rest",
    ) -> BeatComparison:
        """Compare the beats with reference beats of the same record.

        Parameters
        ----------
        reference : BeatAnnotations or Bunch
            The reference beats; or annotations with ``sample`` and ``symbol`` (WFDB codes) at the
            same sampling rate, such as those of :func:`skecg.datasets.load_mitbih`. Symbols are
            translated into AAMI classes, and annotations that are no beats left out.
        tolerance : float, default=0.15
            Largest distance of two matched beats in seconds.
        convention : {"one-vs-rest", "ec57"}, default="one-vs-rest"
            As in :func:`skecg.metrics.compare_beats`.

        Returns
        -------
        comparison : BeatComparison
            Matched, missed and extra beats, confusion matrix and rates.

        Raises
        ------
        TypeError
            If `reference` is something else.
        ValueError
            If the sampling rates differ, a symbol has no AAMI class, or `tolerance` is not
            positive.
        """
        sample, label = self._reference(reference)
        return compare_beats(
            sample, label, self.sample, self.label, self.sampling_rate, tolerance,
            convention=convention,
        )  # fmt: skip

    def _reference(self, reference: BeatAnnotations | Bunch) -> tuple[NDArray, NDArray]:
        if isinstance(reference, BeatAnnotations):
            if reference.sampling_rate != self.sampling_rate:
                raise ValueError(
                    f"reference must have the sampling rate of these beats, "
                    f"{self.sampling_rate:g} Hz; got {reference.sampling_rate:g} Hz."
                )
            return reference.sample, reference.label
        if not hasattr(reference, "sample") or not hasattr(reference, "symbol"):
            raise TypeError(
                "reference must be BeatAnnotations, or annotations with sample and symbol, such "
                f"as load_mitbih().annotations[0]; got {type(reference).__name__}."
            )
        codes = aami_codes(reference.symbol)
        sample = np.asarray(reference.sample)
        if sample.shape != codes.shape:
            raise ValueError(
                f"reference must have one symbol for each sample; got {len(codes)} symbols and "
                f"samples of shape {sample.shape}."
            )
        return sample[codes >= 0], np.array(AAMI_CLASSES)[codes[codes >= 0]]

    def plot(
        self,
        *,
        start: float | None = None,
        duration: float | None = None,
        ax: Axes | None = None,
    ) -> BeatStripDisplay:
        """Draw the beats on ECG paper, or an overview of a long record.

        Parameters
        ----------
        start, duration : float, default=None
            As in :meth:`BeatStripDisplay.from_annotations`.
        ax : Axes, default=None
            As in :meth:`BeatStripDisplay.from_annotations`.

        Returns
        -------
        display : BeatStripDisplay
            Object that stores the drawn artists.
        """
        return BeatStripDisplay.from_annotations(self, start=start, duration=duration, ax=ax)
