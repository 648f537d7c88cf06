"""A sample under a colour, lead by lead: what displays of attention and attributions share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from ._panels import draw_heading, keywords, panel_grid

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap

_SHEET_WIDTH, _LEAD_SIZE = 8.0, 1.7
# Signals below each other, up to this many in one column.
_MOST_ROWS = 6
_ALONE, _IN_ROWS, _IN_TWO_COLUMNS = (6.0, 2.2), (6.0, 1.5), (4.5, 1.3)


class SampleDisplay:
    """Base of the displays that draw a sample under a colour.

    Subclasses set the attributes `sample`, `lead_names`, `sampling_rate`, `predicted` and
    `probability` and define the values, their colours and the texts.
    """

    sample: NDArray
    lead_names: Sequence[str] | None
    sampling_rate: float | None
    predicted: str | None
    probability: float | None
    _colorbar_label: str
    # The value of a pixel of a colour picture from those of its channels.
    _of_channels: Callable[..., Any]

    def plot(
        self,
        *,
        n_columns: int = 5,
        ax: Axes | Sequence[Axes] | None = None,
        im_kw: Mapping[str, Any] | None = None,
    ) -> Self:
        """Draw the display.

        Bright traces on a dark background are drawn inverted, as on paper.

        Parameters
        ----------
        n_columns : int, default=5
            As in :meth:`from_estimator`.
        ax : Axes or sequence of Axes, default=None
            As in :meth:`from_estimator`.
        im_kw : dict, default=None
            As in :meth:`from_estimator`.

        Returns
        -------
        display : object
            The display itself.

        Raises
        ------
        ValueError
            If there is not one name for each lead.
        """
        from matplotlib.image import AxesImage

        leads = _leads(self.sample, self._values(), self.lead_names, self._of_channels)
        n_panels = len(leads.samples) + self._n_more_panels()
        n_columns = _n_columns(leads, n_panels, n_columns)
        n_rows = -(-n_panels // n_columns)
        self.axes_, self.bounding_ax_ = panel_grid(
            ax, n_rows, n_columns, panel_size=_panel_size(leads, n_rows, n_columns),
            share_x=not self._n_more_panels(),
        )  # fmt: skip
        self.ax_, self.figure_ = self.axes_.flat[0], self.axes_.flat[0].figure
        for panel in self.axes_.flat[n_panels:]:
            panel.set_axis_off()
        own = {**self._colors(leads.values), "interpolation": "nearest"}
        own = keywords(own, im_kw, AxesImage)
        draw = self._draw_signal if leads.are_signals else _draw_picture
        self.ims_ = [
            draw(panel, one, each, own)
            for panel, one, each in zip(self.axes_.flat, leads.samples, leads.values)
        ]
        for panel, name in zip(self.axes_.flat, leads.names):
            panel.set_title(name, fontsize="small")
        self.heading_ = draw_heading(self.axes_, self._heading(), int(any(leads.names)))
        self._describe_axes(leads.are_signals, len(leads.samples))
        self._draw_more(self.axes_.ravel()[len(leads.samples) : n_panels])
        self._draw_colorbar(leads.values)
        return self

    def _values(self) -> NDArray[np.floating]:
        """Return the values of the colour, in the shape of the sample."""
        raise NotImplementedError

    def _colors(self, values: NDArray[np.floating]) -> dict[str, Any]:
        """Return colour map and range of the values."""
        raise NotImplementedError

    def _heading(self) -> str:
        return "" if self.predicted is None else f"Predicted {self._prediction()}"

    def _prediction(self) -> str:
        if self.probability is None:
            return f"{self.predicted}"
        return f"{self.predicted} ({self.probability:.2f})"

    def _n_more_panels(self) -> int:
        """Return the number of panels after those of the leads."""
        return 0

    def _draw_more(self, panels: NDArray) -> None:
        """Draw the panels after those of the leads."""

    def _draw_signal(
        self,
        panel: Axes,
        signal: NDArray,
        values: NDArray[np.floating],
        im_kw: Mapping[str, Any],
    ) -> Any:
        rate = self.sampling_rate or 1.0
        seconds = np.arange(signal.shape[1]) / rate
        panel.plot(seconds, signal[0], color="black", linewidth=1.2)
        lower, upper = panel.get_ylim()
        half = 0.5 / rate
        extent = (-half, seconds[-1] + half, lower, upper)
        return panel.imshow(values, aspect="auto", extent=extent, zorder=0, **im_kw)

    def _draw_colorbar(self, values: NDArray[np.floating]) -> None:
        image = self.ims_[0]
        lower, upper = image.get_clim()
        beyond = bool((values < lower).any()), bool((values > upper).any())
        ends = {(True, True): "both", (True, False): "min", (False, True): "max"}
        self.colorbar_ = self.figure_.colorbar(
            image, ax=self.axes_.ravel().tolist(), shrink=0.8,
            extend=ends.get(beyond, "neither"),
        )  # fmt: skip
        self.colorbar_.set_label(self._colorbar_label)

    def _describe_axes(self, are_signals: bool, n_leads: int) -> None:
        n_rows, n_columns = self.axes_.shape
        used = self.axes_.ravel()[:n_leads].tolist()
        lowest = used[-n_columns:]
        if not are_signals and self.axes_.size == 1:
            self.ax_.set(xlabel="Pixels", ylabel="Pixels")
            return
        if are_signals:
            time = "Sample" if self.sampling_rate is None else "Time (s)"
            for panel in lowest:
                panel.tick_params(labelbottom=True)
                panel.set_xlabel(time)
            # Among many low panels, one label is legible and enough.
            for panel in used if n_leads <= 2 else used[(n_rows - 1) // 2 * n_columns :][:1]:
                panel.set_ylabel("Amplitude")
            return
        for panel in used:
            panel.tick_params(labelsize="x-small")
            panel.label_outer()
        self.axes_[-1, 0].set_xlabel("Pixels", fontsize="small")
        self.axes_[-1, 0].set_ylabel("Pixels", fontsize="small")


class _Leads(NamedTuple):
    """What each panel shows, of shape (n_panels, height, width); signals have a height of 1."""

    samples: NDArray
    values: NDArray[np.floating]
    names: Sequence[str]
    are_signals: bool


def _leads(
    sample: NDArray,
    values: NDArray[np.floating],
    names: Sequence[str] | None,
    of_channels: Callable[..., NDArray],
) -> _Leads:
    if sample.ndim == 2:
        sample, values = sample[:, np.newaxis], values[:, np.newaxis]
    n_channels, height, _ = sample.shape
    n_names = None if names is None else len(names)
    if n_channels == 1 and height > 1 and n_names == height:
        # A network on pictures reads signals as one picture, with one row per lead.
        sample, values = sample.transpose(1, 0, 2), values.transpose(1, 0, 2)
    elif height > 1 and n_channels in (1, 3) and n_names != n_channels:  # one picture
        sample, values = sample.mean(0, keepdims=True), of_channels(values, 0, keepdims=True)
    n_panels = len(sample)
    if n_names not in (None, n_panels):
        raise ValueError(
            f"lead_names must have one name for each of the {n_panels} leads; got {n_names} names"
        )
    if names is None:
        names = [""] if n_panels == 1 else [f"Lead {k + 1}" for k in range(n_panels)]
    return _Leads(sample, values, [str(name) for name in names], sample.shape[1] == 1)


def _draw_picture(
    panel: Axes, picture: NDArray, values: NDArray[np.floating], im_kw: Mapping[str, Any]
) -> Any:
    is_dark = np.median(picture) < (float(picture.min()) + float(picture.max())) / 2
    panel.imshow(picture, cmap="gray_r" if is_dark else "gray")
    return panel.imshow(values, **im_kw)


def _n_columns(leads: _Leads, n_panels: int, n_columns: int) -> int:
    if leads.are_signals:
        return 1 if n_panels <= _MOST_ROWS else 2
    return min(n_columns, n_panels)


def _panel_size(leads: _Leads, n_rows: int, n_columns: int) -> tuple[float, float]:
    if leads.are_signals:
        return _IN_TWO_COLUMNS if n_columns == 2 else _ALONE if n_rows <= 2 else _IN_ROWS
    n_panels, height, width = leads.samples.shape
    size = _SHEET_WIDTH if n_panels == 1 else _LEAD_SIZE
    return size, size * height / width


def see_through(name: str, *colors: str, alpha: float) -> Colormap:
    """Return a map from transparent to a colour, or from one colour over transparent to another."""
    from matplotlib.colors import LinearSegmentedColormap, to_rgba

    nothing_to_last = [to_rgba(colors[-1], 0.0), to_rgba(colors[-1], alpha)]
    if len(colors) == 1:
        return LinearSegmentedColormap.from_list(name, nothing_to_last)
    first_to_nothing = [to_rgba(colors[0], alpha), to_rgba(colors[0], 0.0)]
    # Each side has one colour: in the middle, the two would mix to grey.
    stops = list(zip((0.0, 0.5, 0.5, 1.0), first_to_nothing + nothing_to_last))
    return LinearSegmentedColormap.from_list(name, stops)
