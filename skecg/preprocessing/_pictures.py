"""The base of the transformers of pictures: the forms of X, threads, progress and warnings."""

from __future__ import annotations

import math
import os
import warnings
from numbers import Integral
from typing import Any, Self

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import Tags
from tqdm import tqdm

from .._compat import CallbackSupportMixin, HasMethods, TransformerMixin, validate_params
from .._estimators import Estimator
from .._native_callbacks import as_one_task
from ..sheet import DOUBT_REMEDY, ImageSource
from ._memory import MemoryLike
from ._picture_cache import NO_GRID, Form, Work, remember

NO_GRID_REMEDY = (
    "Their place and scale were taken from their traces: check that the layout is that of the "
    "sheets."
)


class PictureTransformer(
    TransformerMixin, CallbackSupportMixin, Estimator, auto_wrap_output_keys=None
):
    """Base of transformers that turn every picture of X into an array.

    They learn nothing. The tags say that X is no table of numbers, which scikit-learn's checks
    would pass.
    """

    # These change how the result is computed, not the result.
    _parameter_constraints: dict = {
        "n_jobs": [Integral, None],
        "verbose": ["verbose"],
        "memory": [str, os.PathLike, HasMethods("cache"), None],
    }

    n_jobs: int | None
    verbose: int
    memory: MemoryLike

    @as_one_task
    def fit(self, X: ArrayLike | list[ImageSource], y: object = None) -> Self:
        """Check the parameters and the form of the input; nothing is learned or read.

        Parameters
        ----------
        X : list or array of n_samples pictures
            File names, bytes, binary files, Pillow images or arrays; or one array of shape
            (n_samples, height, width) or (n_samples, height, width, channels).
        y : object
            Ignored.

        Returns
        -------
        object
            The transformer itself.
        """
        validate_params(self)
        self._check_more_parameters()
        list_pictures(X)
        return self

    def _check_more_parameters(self) -> None:
        """Check what the declared constraints cannot say."""

    def _transform(
        self,
        X: object,
        shape: tuple[int, ...],
        work: Work,
        dtype: type = np.uint8,
        errors: dict[int, str] | None = None,
    ) -> NDArray:
        """Apply ``work`` to every picture, in threads, and collect the results.

        With ``errors``, those of single pictures are collected there, and their results are NaN.
        """
        pictures = list_pictures(X)
        params = self.get_params(deep=False).items()
        settings = {k: v for k, v in params if k not in PictureTransformer._parameter_constraints}
        kind = type(self)
        form = Form(shape, np.dtype(dtype))
        work = remember(work, self.memory, form, kind.__module__, kind.__qualname__, settings)
        out = _allocate((len(pictures), *shape), form.dtype)
        doubts: dict[int, str] = {}
        # Threads are enough: decoding and array arithmetic release the interpreter's lock. Each
        # worker opens a picture and drops it, so there are never more of them than workers.
        with tqdm(total=len(pictures), desc=type(self).__name__, disable=not self.verbose) as bar:

            def work_on(i: int) -> None:
                try:
                    out[i], doubt = work(pictures[i])
                except (TypeError, ValueError) as error:
                    if errors is not None and isinstance(error, ValueError):
                        out[i], errors[i] = np.nan, str(error)
                        bar.update()
                        return
                    kind = TypeError if isinstance(error, TypeError) else ValueError
                    raise kind(f"Sample {i} of X: {error}") from error
                if doubt:
                    doubts[i] = doubt
                bar.update()

            # More threads than pictures would be started for nothing.
            n_jobs = self.n_jobs and min(self.n_jobs, len(pictures))
            Parallel(n_jobs=n_jobs, prefer="threads", require="sharedmem")(
                delayed(work_on)(i) for i in range(len(pictures))
            )
        _warn_of_doubts(doubts, pictures)
        return out

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.input_tags.two_d_array = False
        tags.input_tags.one_d_array = True
        tags.input_tags.three_d_array = True
        tags.input_tags.string = True
        return tags


def _allocate(shape: tuple[int, ...], dtype: np.dtype) -> NDArray:
    try:
        return np.empty(shape, dtype)
    except (MemoryError, ValueError) as error:
        raise ValueError(
            f"There is no memory for a result of shape {shape}, "
            f"{math.prod(shape) * dtype.itemsize} bytes. Choose a smaller size, or transform fewer "
            "pictures at a time."
        ) from error


def _warn_of_doubts(doubts: dict[int, str], pictures: list | tuple | NDArray) -> None:
    """Warn once for all nearly black pictures, and once for all nearly white ones."""
    for doubt in sorted(set(doubts.values())):
        samples = sorted(i for i, found in doubts.items() if found == doubt)
        first = pictures[samples[0]]
        name = f", {os.fspath(first)!r}" if isinstance(first, str | os.PathLike) else ""
        warnings.warn(
            f"{len(samples)} of {len(pictures)} pictures in X are {doubt}, the first of them "
            f"sample {samples[0]}{name}. {NO_GRID_REMEDY if doubt == NO_GRID else DOUBT_REMEDY}",
            UserWarning,
            stacklevel=4,
        )


def list_pictures(X: Any) -> list | tuple | NDArray:
    """Return a sequence of pictures, or raise with the forms that X may have."""
    expected = (
        "X must be a list or one-dimensional array of pictures (file names, bytes, files, Pillow "
        "images, arrays) or one array of shape (n_samples, height, width[, channels])"
    )
    if isinstance(X, str | bytes | os.PathLike) or not hasattr(X, "__len__"):
        raise TypeError(f"{expected}; got one {type(X).__name__}. Put a single picture in a list.")
    if not isinstance(X, list | tuple):
        X = np.asarray(X)
        if X.ndim == 2 and X.shape[1] == 1 and X.dtype.kind in "OUST":
            X = X[:, 0]
        if X.ndim not in ((1,) if X.dtype.kind in "OUST" else (3, 4)):
            raise ValueError(f"{expected}; got an array of {X.dtype} of shape {X.shape}.")
        if X.ndim == 1:
            X = [str(item) if isinstance(item, np.str_) else item for item in X.tolist()]
    if len(X) == 0:
        raise ValueError(f"{expected}; got an empty one, with 0 samples.")
    return X
