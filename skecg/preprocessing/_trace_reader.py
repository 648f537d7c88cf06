"""The transformer that reads the traces of ECG sheets."""

from __future__ import annotations

import os
import warnings
from numbers import Real
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image
from sklearn.utils import Bunch

from .._compat import Interval, StrOptions, validate_params
from ..sheet import (
    DOUBT_REMEDY,
    ImageSource,
    LeadLayout,
    align_sheet,
    brightest_channel,
    find_doubt,
    get_layout,
    limb_lead_misfit,
    pixels_per_mm_of,
    read_pixels,
    read_traces,
    straighten,
)
from ._memory import MemoryLike
from ._picture_cache import NO_GRID, Result
from ._pictures import PictureTransformer, list_pictures

# The resolution that a sheet is read at, 200 dpi: a pixel is 5 ms or 13 microvolts.
_PIXELS_PER_MM = 200 / 25.4
_BEYOND_MM = 12.0  # Tall QRS complexes are printed over the frame of the grid.
_COARSEST = 2.5  # pixels per mm, 64 dpi
_QUALITY = ("share", "n_gaps", "noise")
# Of 1, at which the limb leads have nothing to do with each other.
_LARGEST_MISFIT = 0.6


class TraceReader(PictureTransformer, auto_wrap_output_keys=None):
    """Read the signals of ECG sheets: the traces of the printed leads in mV.

    Parameters
    ----------
    layout : str or LeadLayout, default="edan-3x4"
        Which leads are printed where. ``"edan-3x4"`` are EDAN SERIES-3 sheets (3 x 4 leads of 2.5
        s above a rhythm strip); ``"3x4"``, ``"3x4+1"``, ``"6x2+1"`` and ``"12x1"`` are usual
        tables at 25 mm/s and 10 mm/mV on A4. :meth:`skecg.sheet.LeadLayout.from_table` makes
        layouts of your own.
    sampling_rate : float, default=100
        Sampling rate of the signals in Hz, at most 1000. At 200 dpi a column of pixels is 5 ms.
    align : {"grid", None}, default="grid"
        ``"grid"`` finds the place, scale and tilt of each sheet by its grid or, with a warning, by
        its rows of traces where it shows none. None takes the picture as the whole sheet, upright.
    rhythm : bool, default=True
        Whether to read the rhythm strips, too.
    output : {"printed", "10s"}, default="printed"
        ``"printed"``: the samples of each lead, from the first that is printed. A strip, which is
        longer than the leads above it, is divided into pieces as long as these; piece k was
        recorded at the same time as the leads in column k. ``"10s"``: one row per lead or strip
        from the beginning of the sheet to its end, each lead at the time at which it is printed,
        NaN elsewhere.
    on_error : {"raise", "nan"}, default="raise"
        What to do with a sheet that cannot be read, or of which a lead has no trace: raise an
        error, or return NaN for the sheet or the lead, with one warning that counts them.
    n_jobs : int or None, default=None
        Threads. None is 1 outside a ``joblib`` context, -1 all cores.
    memory : str, path, joblib.Memory or None, default=None
        Cache of the results by the content of the files, as in :class:`AreaResize`.
    verbose : int, default=0
        Show a progress bar when positive.

    See Also
    --------
    skecg.sheet.read_traces : The same as a function on one straight sheet.
    LeadCropper : Cut the leads out as pictures.

    Examples
    --------
    >>> from skecg.datasets import make_sheets
    >>> from skecg.preprocessing import TraceReader
    >>> sheets = make_sheets(2, random_state=0).data
    >>> reader = TraceReader(rhythm=False, align=None)
    >>> reader.fit_transform(sheets).shape
    (2, 12, 250)
    >>> reader.get_feature_names_out()[:4].tolist()
    ['I', 'II', 'III', 'aVR']
    """

    _parameter_constraints: dict = {
        **PictureTransformer._parameter_constraints,
        "layout": [str, LeadLayout],
        "sampling_rate": [Interval(Real, 1, 1000, closed="both")],
        "align": [StrOptions({"grid"}), None],
        "rhythm": ["boolean"],
        "output": [StrOptions({"printed", "10s"})],
        "on_error": [StrOptions({"raise", "nan"})],
    }

    def __init__(
        self,
        layout: str | LeadLayout = "edan-3x4",
        sampling_rate: float = 100,
        align: str | None = "grid",
        rhythm: bool = True,
        output: str = "printed",
        on_error: str = "raise",
        n_jobs: int | None = None,
        memory: MemoryLike = None,
        verbose: int = 0,
    ) -> None:
        self.layout = layout
        self.sampling_rate = sampling_rate
        self.align = align
        self.rhythm = rhythm
        self.output = output
        self.on_error = on_error
        self.n_jobs = n_jobs
        self.memory = memory
        self.verbose = verbose

    def transform(self, X: ArrayLike | list[ImageSource]) -> NDArray[np.float32]:
        """Read the traces of every sheet.

        Parameters
        ----------
        X : list or array of n_samples pictures
            As for ``fit``; the sizes may differ.

        Returns
        -------
        ndarray of float32 of shape (n_samples, n_leads, n_timesteps)
            Signals in mV, in the order of ``get_feature_names_out``.

        Raises
        ------
        FileNotFoundError
            If a file is missing.
        TypeError, ValueError
            If X is not a list of pictures, or, unless ``on_error="nan"``, a picture cannot be
            read, is no such sheet, or has no trace of a lead. The message names the sample.

        Warns
        -----
        UserWarning
            If sheets or leads are returned as NaN, sheets were placed without a grid, or the limb
            leads of sheets break Einthoven's law, II = I + III.
        """
        return self.read(X).traces

    def read(self, X: ArrayLike | list[ImageSource]) -> Bunch:
        """Read the traces of every sheet, and tell how well they could be read.

        Parameters
        ----------
        X : list or array of n_samples pictures
            As for ``fit``.

        Returns
        -------
        Bunch
            ``traces``, as ``transform`` returns them; ``lead_names``; ``errors``, a dictionary
            from the index of each sheet that could not be read to the reason; and ``quality``, a
            Bunch of float32 arrays of shape (n_samples, n_leads): ``share`` of the columns in
            which ink of the trace was found, ``n_gaps`` that were bridged, and ``noise`` in mV, the
            standard deviation of what changes from column to column.

        Raises
        ------
        FileNotFoundError, TypeError, ValueError
            As ``transform``.
        """
        validate_params(self)
        self._check_more_parameters()
        rows = _Rows(get_layout(self.layout), self.sampling_rate, self.rhythm, self.output)

        def read(source: ImageSource) -> Result:
            picture = read_pixels(source)
            if doubt := find_doubt(picture):
                raise ValueError(f"the picture is {doubt}. {DOUBT_REMEDY}")
            straight = _straighten(picture, rows.layout, self.align)
            traces, quality = read_traces(
                straight.grey,
                rows.layout,
                straight.box,
                straight.pixels_per_mm,
                sampling_rate=self.sampling_rate,
            )
            self._check_leads(rows, traces)
            return rows.arrange(traces, quality), straight.doubt

        errors: dict[int, str] = {}
        n_leads, n_timesteps = rows.shape
        both = self._transform(
            X,
            (n_leads, n_timesteps + len(_QUALITY)),
            read,
            np.float32,
            errors if self.on_error == "nan" else None,
        )
        traces = np.ascontiguousarray(both[..., :n_timesteps])
        values = np.moveaxis(both[..., n_timesteps:], -1, 0)
        quality = Bunch(**{name: value.copy() for name, value in zip(_QUALITY, values)})
        if self.on_error == "nan":
            _warn_of_nan(errors, quality.share, traces, list_pictures(X))
        _warn_of_misfit(limb_lead_misfit(traces, rows.names, rows.layout))
        return Bunch(
            traces=traces,
            quality=quality,
            lead_names=self.get_feature_names_out(),
            errors=dict(sorted(errors.items())),
        )

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> NDArray:
        """Return the names of the leads in the order of the result.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Ignored.

        Returns
        -------
        ndarray of str of shape (n_leads,)
            Names as in the layout; the pieces of a strip are ``"rhythm_1"``, ``"rhythm_2"``, ...
        """
        rows = _Rows(get_layout(self.layout), self.sampling_rate, self.rhythm, self.output)
        return np.array(rows.names, dtype=object)

    def _check_more_parameters(self) -> None:
        layout = get_layout(self.layout)
        if layout.traces is None:
            raise ValueError(
                f"The layout {self.layout!r} does not say where the traces are; choose 'edan-3x4' "
                "or make one with LeadLayout.from_table."
            )

    def _check_leads(self, rows: _Rows, traces: list[NDArray]) -> None:
        unread = [k for k in rows.used if np.isnan(traces[k]).any()]
        if not unread or (self.on_error == "nan" and len(unread) <= len(rows.used) / 2):
            return
        names = ", ".join(rows.layout.lead_names[k] for k in unread)
        raise ValueError(
            f"no trace was found of {len(unread)} of {len(rows.used)} leads ({names}). The sheet "
            "may have another layout, be upside down or have no such traces; choose the layout, "
            "or pass on_error='nan' to go on without them."
        )


class _Rows:
    """Which rows the result has, and what of the traces stands in them."""

    def __init__(self, layout: LeadLayout, sampling_rate: float, rhythm: bool, output: str) -> None:
        self.layout, self._rate, self._output = layout, sampling_rate, output
        traces = layout.traces or ()
        seconds = np.array([trace[2] for trace in traces])
        self._printed = float(seconds.min())
        self._n_pieces = np.ceil(seconds / self._printed - 1e-6).astype(int)
        is_used = rhythm | (self._n_pieces == 1)
        self.used = np.flatnonzero(is_used).tolist()
        starts = np.array([trace[0] for trace in traces])
        starts = (starts - starts.min()) / pixels_per_mm_of(layout) / layout.mm_per_second
        # A column starts where the one before it ends, whatever a printer makes of half a pixel.
        starts = np.rint(starts / self._printed) * self._printed
        self._first = np.rint(starts * sampling_rate).astype(int)
        self._whole = round(float((starts + seconds).max()) * sampling_rate)

    @property
    def names(self) -> list[str]:
        names = []
        for k in self.used:
            name, n = self.layout.lead_names[k], self._n_pieces[k]
            is_whole = n == 1 or self._output == "10s"
            names += [name] if is_whole else [f"{name}_{piece}" for piece in range(1, n + 1)]
        return names

    @property
    def shape(self) -> tuple[int, int]:
        if self._output == "10s":
            return len(self.used), self._whole
        return int(self._n_pieces[self.used].sum()), round(self._printed * self._rate)

    def arrange(self, traces: list[NDArray], quality: NDArray) -> NDArray[np.float32]:
        """Return the rows of the result, each followed by its quality."""
        n_rows, n_timesteps = self.shape
        rows = np.full((n_rows, n_timesteps + quality.shape[1]), np.nan, np.float32)
        row = 0
        for k in self.used:
            if self._output == "10s":
                part = traces[k][: n_timesteps - self._first[k]]
                rows[row, self._first[k] : self._first[k] + len(part)] = part
                n = 1
            else:
                n = int(self._n_pieces[k])
                for piece in range(n):
                    start = round(piece * self._printed * self._rate)
                    part = traces[k][start : start + n_timesteps]
                    rows[row + piece, : len(part)] = part
            rows[row : row + n, n_timesteps:] = quality[k]
            row += n
        return rows


class _Straight(NamedTuple):
    """The part ``box`` of a sheet, upright and in grey; box in pixels of the layout."""

    grey: NDArray[np.uint8]
    box: tuple[float, float, float, float]
    pixels_per_mm: float
    doubt: str


def _part_with_traces(layout: LeadLayout) -> tuple[float, float, float, float]:
    """Return the box of the grid and what the pen reaches above and below it."""
    left, upper, right, lower = layout.grid_box or (
        *np.min(layout.boxes, axis=0)[:2].tolist(),
        *np.max(layout.boxes, axis=0)[2:].tolist(),
    )
    beyond = round(_BEYOND_MM * pixels_per_mm_of(layout))
    lowest = lower + beyond if layout.sheet_size is None else layout.sheet_size[1]
    return left, max(0, upper - beyond), right, min(lowest, lower + beyond)


def _straighten(picture: NDArray[np.uint8], layout: LeadLayout, align: str | None) -> _Straight:
    box = _part_with_traces(layout)
    if align == "grid":
        alignment = align_sheet(picture, layout)
        resolution = _resolution(alignment.pixels_per_mm)
        grey = straighten(brightest_channel(picture), alignment, box, resolution)
        return _Straight(grey, box, resolution, "" if alignment.source == "grid" else NO_GRID)
    height, width = picture.shape[:2]
    scale = np.tile(layout.scale_to((width, height)), 2)
    native = float(np.mean(scale)) * pixels_per_mm_of(layout)
    if native < _COARSEST:
        raise ValueError(
            f"a picture of {width} x {height} pixels is too small to read traces from. Scan the "
            "sheet at 100 dpi or more."
        )
    edges = np.array(box) * scale
    if 0.8 * _PIXELS_PER_MM < native < 1.3 * _PIXELS_PER_MM:
        # Pixels as they are: resampling would blur the trace.
        left, upper, right, lower = whole = np.rint(edges).astype(int).clip(0)
        part = brightest_channel(picture[upper:lower, left:right])
        return _Straight(part, tuple((whole / scale).tolist()), native, "")
    resolution = _resolution(native)
    finer = resolution / pixels_per_mm_of(layout)
    size = round((box[2] - box[0]) * finer), round((box[3] - box[1]) * finer)
    image = Image.fromarray(brightest_channel(picture))
    resized = image.resize(size, Image.Resampling.BILINEAR, box=tuple(edges.tolist()))
    return _Straight(np.asarray(resized), box, resolution, "")


def _resolution(native: float) -> float:
    """Return the pixels per mm to read a picture at.

    A line of one pixel that is drawn twice as fine may be dark in one row only, as a dot of the
    grid is; three times as fine it is dark in three.
    """
    return _PIXELS_PER_MM if native > 0.75 * _PIXELS_PER_MM else 1.5 * _PIXELS_PER_MM


def _warn_of_nan(
    errors: dict[int, str], share: NDArray, traces: NDArray, pictures: list | tuple | NDArray
) -> None:
    """Warn once of all sheets, and once of all leads, that are NaN."""
    if errors:
        first = min(errors)
        given = pictures[first]
        name = f", {os.fspath(given)!r}" if isinstance(given, str | os.PathLike) else ""
        warnings.warn(
            f"{len(errors)} of {len(pictures)} sheets in X could not be read and are NaN, the "
            f"first of them sample {first}{name}: {errors[first]}",
            UserWarning,
            stacklevel=4,
        )
    unread = np.isnan(traces).all(axis=2)
    unread[list(errors)] = False
    if unread.any():
        warnings.warn(
            f"{np.count_nonzero(unread)} leads of {np.count_nonzero(unread.any(1))} sheets in X "
            f"have no trace and are NaN, the first of them of sample {np.argmax(unread.any(1))}.",
            UserWarning,
            stacklevel=4,
        )


def _warn_of_misfit(misfit: NDArray[np.float64]) -> None:
    """Warn once of all sheets that have other leads where the layout has I, II and III."""
    is_large = misfit > _LARGEST_MISFIT
    if is_large.any():
        warnings.warn(
            f"II is far from I + III on {np.count_nonzero(is_large)} of {len(misfit)} sheets in X, "
            f"the first of them sample {np.argmax(is_large)}: what stands there are other leads. "
            "Check that the sheets have this layout, and that none lies upside down or mirrored.",
            UserWarning,
            stacklevel=4,
        )
