"""Display of what augmentations make of a sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from ..augmentation import Augment, augmentation_steps, step_name
from ..training import draw_seed, isolated_generators
from ._panels import COLORS, keywords, panel_grid

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TOGETHER = "together"
_SIGNAL_SIZE, _PICTURE_SIZE = (6.0, 1.5), (1.9, 1.7)
_GREY = "0.75"
# Samples that one can be blended with.
_MOST_OTHERS = 64


class AugmentationDisplay:
    """Display of a sample and of several draws of each augmentation.

    It is recommended to use :meth:`from_augment` to create an `AugmentationDisplay`. All parameters
    are stored as attributes.

    Parameters
    ----------
    sample : ndarray of shape (n_timesteps,) or (n_channels, height, width)
        The lead of the sample that is drawn, or the picture.
    augmented : dict of str to ndarray of shape (n_draws, ...)
        Draws of each augmentation, of the shape of the sample, and of all ``"together"``.
    sampling_rate : float or None, default=None
        Sampling rate of a signal, in Hz. If None, the time axis is in samples.

    Attributes
    ----------
    axes_ : ndarray of Axes of shape (n_rows, n_columns)
        A row for each augmentation: one panel for a signal; the picture and its draws.
    bounding_ax_ : matplotlib Axes or None
        The Axes that was passed as `ax` and divided into panels.
    figure_ : matplotlib Figure
        The figure.
    artists_ : dict of str to list of artists
        The lines or images drawn for each augmentation; the first is the sample itself.

    See Also
    --------
    skecg.augmentation : The augmentations.

    Examples
    --------
    >>> from skecg.augmentation import Noise, TimeStretch
    >>> from skecg.datasets import make_beats
    >>> from skecg.inspection import AugmentationDisplay
    >>> beats = make_beats(10, random_state=0)
    >>> display = AugmentationDisplay.from_augment(
    ...     [TimeStretch(), Noise()], beats.data, sampling_rate=beats.sampling_rate, random_state=0
    ... )
    >>> list(display.artists_)
    ['TimeStretch()', 'Noise()', 'together']
    """

    def __init__(
        self,
        sample: NDArray,
        augmented: Mapping[str, NDArray],
        *,
        sampling_rate: float | None = None,
    ) -> None:
        self.sample = sample
        self.augmented = augmented
        self.sampling_rate = sampling_rate

    @classmethod
    def from_augment(
        cls,
        augment: Augment,
        X: ArrayLike,
        *,
        sample: int = 0,
        lead: int = 0,
        n_draws: int = 4,
        sampling_rate: float | None = None,
        random_state: int | np.random.RandomState | np.random.Generator | None = None,
        ax: Axes | Sequence[Axes] | None = None,
        line_kw: Mapping[str, Any] | None = None,
        im_kw: Mapping[str, Any] | None = None,
    ) -> Self:
        """Draw a sample and several draws of each augmentation, and of all one after the other.

        Parameters
        ----------
        augment : callable or list of callables
            As the parameter ``augment`` of a classifier.
        X : array-like of shape (n_samples, n_timesteps), (n_samples, n_leads, n_timesteps) or \
                (n_samples, n_channels, height, width)
            Samples as the network reads them: signals without numbers beside them, or pictures,
            with the values that training has. The other samples are what Mixup blends one with.
        sample : int, default=0
            Index of the sample to draw.
        lead : int, default=0
            Index of the lead to draw, or of the channel of a picture that does not have three.
        n_draws : int, default=4
            Number of draws of each augmentation.
        sampling_rate : float, default=None
            Sampling rate of a signal, in Hz. If None, the time axis is in samples.
        random_state : int, RandomState instance, Generator or None, default=None
            Decides the draws.
        ax : Axes or sequence of Axes, default=None
            One Axes per panel, or a single Axes to divide into panels. If None, a new figure is
            created.
        line_kw, im_kw : dict, default=None
            Keyword arguments for :meth:`matplotlib.axes.Axes.plot` and
            :meth:`matplotlib.axes.Axes.imshow`.

        Returns
        -------
        display : AugmentationDisplay
            Object that stores the drawn artists.

        Raises
        ------
        TypeError, ValueError
            If there is no augmentation or a wrong one, or it does not take samples of this shape.
        IndexError
            If there is no such sample or lead.
        """
        steps = augmentation_steps(augment)
        if not steps:
            raise ValueError(f"There must be an augmentation to draw; got augment={augment!r}.")
        X = np.asarray(X)
        if X.ndim not in (2, 3, 4):
            raise ValueError(
                "X must be signals of shape (n_samples, n_timesteps) or (n_samples, n_leads, "
                f"n_timesteps), or pictures of shape (n_samples, n_channels, height, width); got "
                f"shape {X.shape}."
            )
        one = torch.as_tensor(np.ascontiguousarray(X[sample : sample + 1 or None]))
        if not len(one):
            raise IndexError(f"X has {len(X)} samples; got sample={sample}.")
        one = one.float()
        others = torch.as_tensor(np.ascontiguousarray(X[:_MOST_OTHERS])).float()
        batch = torch.cat([one.expand(n_draws, *one.shape[1:]), others])
        draws: dict[str, Tensor] = {}
        with isolated_generators(draw_seed(random_state), torch.device("cpu")):
            for step in steps:
                draws[_free_name(step_name(step), draws)] = _apply([step], batch)[:n_draws]
            if len(steps) > 1:
                draws[TOGETHER] = _apply(steps, batch)[:n_draws]
        shown = {name: _shown(drawn, lead) for name, drawn in draws.items()}
        display = cls(_shown(one, lead)[0], shown, sampling_rate=sampling_rate)
        return display.plot(ax=ax, line_kw=line_kw, im_kw=im_kw)

    def plot(
        self,
        *,
        ax: Axes | Sequence[Axes] | None = None,
        line_kw: Mapping[str, Any] | None = None,
        im_kw: Mapping[str, Any] | None = None,
    ) -> Self:
        """Draw the display.

        Parameters
        ----------
        ax : Axes or sequence of Axes, default=None
            As in :meth:`from_augment`.
        line_kw, im_kw : dict, default=None
            As in :meth:`from_augment`.

        Returns
        -------
        display : AugmentationDisplay
            The object itself.
        """
        is_signal = np.ndim(self.sample) == 1
        n_draws = len(next(iter(self.augmented.values())))
        self.axes_, self.bounding_ax_ = panel_grid(
            ax, len(self.augmented), 1 if is_signal else 1 + n_draws,
            panel_size=_SIGNAL_SIZE if is_signal else _PICTURE_SIZE, share_y=is_signal,
        )  # fmt: skip
        self.figure_ = self.axes_[0, 0].figure
        draw = self._draw_signals if is_signal else self._draw_pictures
        given = line_kw if is_signal else im_kw
        self.artists_ = {
            name: draw(row, drawn, given)
            for row, (name, drawn) in zip(self.axes_, self.augmented.items())
        }
        for row, name in zip(self.axes_, self.augmented):
            row[0].set_title(name, loc="left", fontsize=9)
        if is_signal:
            unit = "samples" if self.sampling_rate is None else "s"
            self.axes_[-1, 0].set_xlabel(f"time ({unit})")
        return self

    def _draw_signals(
        self, row: NDArray, drawn: NDArray, line_kw: Mapping[str, Any] | None
    ) -> list[Any]:
        from matplotlib.lines import Line2D

        times = np.arange(len(self.sample)) / (self.sampling_rate or 1)
        original = row[0].plot(times, self.sample, color=_GREY, linewidth=3)
        style = keywords({"linewidth": 0.9}, line_kw, Line2D)
        return original + [
            row[0].plot(times, signal, **{"color": COLORS[i % len(COLORS)], **style})[0]
            for i, signal in enumerate(drawn)
        ]

    def _draw_pictures(
        self, row: NDArray, drawn: NDArray, im_kw: Mapping[str, Any] | None
    ) -> list[Any]:
        from matplotlib.image import AxesImage

        low, high = float(np.min(self.sample)), float(np.max(self.sample))
        own = {"cmap": "gray", "vmin": low, "vmax": high, "interpolation": "nearest"}
        style = keywords(own, im_kw, AxesImage)
        artists = []
        for panel, picture in zip(row, [self.sample, *drawn]):
            panel.set_axis_off()
            if len(picture) == 3:
                scaled = (picture - low) / ((high - low) or 1.0)
                artists.append(panel.imshow(np.clip(scaled, 0, 1).transpose(1, 2, 0), **style))
            else:
                artists.append(panel.imshow(picture[0], **style))
        return artists


def _apply(steps: Sequence[Any], X: torch.Tensor) -> torch.Tensor:
    for step in steps:
        # Targets of no consequence, where they change as well.
        X = step.mix(X, torch.ones(len(X), 1), None)[0] if hasattr(step, "mix") else step(X)
    return X


def _shown(X: torch.Tensor, lead: int) -> NDArray:
    """Return what is drawn of samples: a lead, a picture of three channels, or one channel."""
    values = X.numpy()
    if X.ndim == 2 or (X.ndim == 4 and X.shape[1] == 3):
        return values
    return values[:, lead] if X.ndim == 3 else values[:, [lead]]


def _free_name(name: str, taken: Mapping[str, Any]) -> str:
    numbered = (f"{name} ({i})" for i in range(2, 2 + len(taken)))
    return name if name not in taken else next(n for n in numbered if n not in taken)
