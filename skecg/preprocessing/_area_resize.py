"""The transformer that resizes pictures by exact area."""

from __future__ import annotations

from numbers import Integral, Real

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._compat import StrOptions, validate_params
from ..sheet import GRID_BOX, SHEET_SIZE, ImageSource, mean_channels_first, read_pixels
from ._memory import MemoryLike
from ._pictures import PictureTransformer

_GREY = (0.299, 0.587, 0.114)


class AreaResize(PictureTransformer):
    """Resize pictures of any size by the exact mean of the area that each output pixel covers.

    Pixels that the border of an area cuts count with the part that is inside. The mean is exact
    and rounded once, so that the error is at most half a grey level, for every ratio, also where
    an axis grows. This is OpenCV's ``INTER_AREA`` and TensorFlow's ``"area"`` where both axes
    shrink. PyTorch's ``"area"`` (overlapping bins) and Pillow's ``BOX`` (whole pixels) are
    something else: on ECG sheets they are up to 23 and 12 grey levels off.

    Parameters
    ----------
    size : (int, int), default=(182, 256)
        Height and width of the result.
    region : None, "grid" or (left, upper, right, lower), default=None
        What is cut out first. ``"grid"`` is the millimetre grid of an EDAN sheet, without header
        and footer, and is recommended for them: they print identity, sex and heart rate, which a
        classifier reads. Four integers are pixels; four floats from 0 to 1 are fractions of
        width and height.
    color : {"rgb", "gray"}, default="rgb"
        Three channels, or one by the weights 0.299, 0.587 and 0.114, taken before the rounding.
    n_jobs : int or None, default=None
        Threads that decode and resize. None is 1 outside a ``joblib`` context, -1 all cores.
    verbose : int, default=0
        Show a progress bar when positive.
    memory : str, path, joblib.Memory or None, default=None
        Folder in which the result for every picture is kept, by the content of its file and the
        parameters above: over folds, candidates of a search, processes and calls each file is
        decoded once, and an edited file is read anew. To read pictures once, prefer this to the
        memory of a pipeline, see :class:`ContentMemory`. Arrays and Pillow images are not kept.

    See Also
    --------
    skecg.sheet.area_resize : The same as a function on arrays and tensors.
    LeadCropper : Cut the single leads out of a sheet.

    Notes
    -----
    In memory are the result and as many full-size pictures as threads.

    The cache takes the size of the results (140 kB for each picture by default), is safe under
    threads and processes (two that meet a new picture at the same moment both decode it), replaces
    damaged entries, and starts anew with another version of skecg or Pillow. Let nobody else write
    into its folder: it is read by pickle. ``joblib.Memory(folder).clear()`` empties it.

    Examples
    --------
    >>> import numpy as np
    >>> from skecg.preprocessing import AreaResize
    >>> sheets = np.full((2, 157, 221, 3), 255, dtype=np.uint8)
    >>> AreaResize(size=(18, 25), region="grid").fit_transform(sheets).shape
    (2, 3, 18, 25)
    """

    _parameter_constraints: dict = {
        **PictureTransformer._parameter_constraints,
        "size": ["array-like"],
        "region": ["array-like", StrOptions({"grid"}), None],
        "color": [StrOptions({"rgb", "gray"})],
    }

    def __init__(
        self,
        size: tuple[int, int] = (182, 256),
        region: str | tuple[float, float, float, float] | None = None,
        color: str = "rgb",
        n_jobs: int | None = None,
        verbose: int = 0,
        memory: MemoryLike = None,
    ) -> None:
        self.size = size
        self.region = region
        self.color = color
        self.n_jobs = n_jobs
        self.verbose = verbose
        self.memory = memory

    def transform(self, X: ArrayLike | list[ImageSource]) -> NDArray[np.uint8]:
        """Read, cut and resize every picture.

        Parameters
        ----------
        X : list or array of n_samples pictures
            As for ``fit``; the sizes may differ.

        Returns
        -------
        ndarray of uint8 of shape (n_samples, channels, *size)
            The resized pictures.

        Raises
        ------
        ValueError
            When a picture cannot be read or the region lies outside it; the message names the
            file.
        """
        validate_params(self)
        self._check_more_parameters()
        size = tuple(int(n) for n in self.size)
        weights = _GREY if self.color == "gray" else None

        def resize(source: ImageSource) -> NDArray[np.uint8]:
            pixels = read_pixels(source)
            height, width = pixels.shape[:2]
            left, upper, right, lower = self._box(width, height)
            return mean_channels_first(pixels[upper:lower, left:right], size, weights)

        return self._transform(X, (1 if weights else 3, *size), resize)

    def _check_more_parameters(self) -> None:
        check_size(self.size)
        if self.region is None or isinstance(self.region, str):
            return
        message = (
            "region must be None, 'grid', or (left, upper, right, lower) with left < right and "
            f"upper < lower, as integers >= 0 or as floats from 0 to 1; got {self.region!r}."
        )
        if len(self.region) != 4 or not all(isinstance(edge, Real) for edge in self.region):
            raise ValueError(message)
        left, upper, right, lower = self.region
        if not (0 <= left < right and 0 <= upper < lower):
            raise ValueError(message)
        if not self._is_in_pixels() and max(right, lower) > 1:
            raise ValueError(message)

    def _is_in_pixels(self) -> bool:
        return all(isinstance(edge, Integral) for edge in self.region)

    def _box(self, width: int, height: int) -> tuple[int, int, int, int]:
        """Return the region of a picture of this size in pixels."""
        if self.region is None:
            return 0, 0, width, height
        if isinstance(self.region, str):
            region = np.array(GRID_BOX) / np.tile(SHEET_SIZE, 2)
        elif self._is_in_pixels():
            region = np.array(self.region) / (width, height, width, height)
        else:
            region = np.array(self.region, dtype=float)
        left, upper, right, lower = np.rint(region * (width, height, width, height)).astype(int)
        if right > width or lower > height or left == right or upper == lower:
            raise ValueError(
                f"the region {self.region!r} does not lie in a picture of {width} x {height} "
                "pixels (width x height)."
            )
        return left, upper, right, lower


def check_size(size: tuple[int, int]) -> None:
    """Raise unless the size is two positive integers."""
    if len(size) != 2 or not all(isinstance(n, Integral) and n > 0 for n in size):
        raise ValueError(f"size must be (height, width), two positive integers; got {size!r}.")
