"""The transformer that resizes pictures by exact area."""

from __future__ import annotations

from numbers import Real

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._compat import StrOptions, validate_params
from ..sheet import (
    GRID_BOX,
    MAX_PIXELS,
    SHEET_SIZE,
    ImageSource,
    align_sheet,
    check_size,
    find_doubt,
    get_layout,
    is_integer,
    mean_channels_first,
    read_pixels,
    shows_whole_sheet,
    straighten,
    upright_shift,
)
from ._grid_warning import warn_without_grid
from ._memory import MemoryLike
from ._picture_cache import Result
from ._pictures import PictureTransformer

_GREY = (0.299, 0.587, 0.114)
# On narrower pictures, of less than 36 dpi, no grid can be told, and no name in the header read.
_LEAST_WIDTH = 400


class AreaResize(PictureTransformer, auto_wrap_output_keys=None):
    """Resize pictures of any size by the exact mean of the area that each output pixel covers.

    A pixel on the border of an area counts by the part of it that is inside. The mean is exact and
    rounded once: the error is at most half a grey level for every ratio, also if an axis grows.
    This is OpenCV's ``INTER_AREA`` and TensorFlow's ``"area"`` where both axes shrink. PyTorch's
    ``"area"`` (overlapping bins) and Pillow's ``BOX`` (whole pixels) differ from the exact mean by
    up to 23 and 12 grey levels on ECG sheets.

    Parameters
    ----------
    size : (int, int), default=(182, 256)
        Height and width of the result.
    region : None, "grid" or (left, upper, right, lower), default=None
        The part to cut out first. ``"grid"`` is the millimetre grid of an EDAN sheet, without the
        header and footer, from which a classifier could read identity, sex and heart rate. It is
        found on each picture, which may be turned, tilted by up to 5 degrees or cut differently,
        and put upright; see :func:`skecg.sheet.align_sheet`. Only on pictures less than 400 pixels
        wide, on which no grid can be told, it is placed by the size of the picture. Four integers
        are pixels; four floats from 0 to 1 are fractions of width and height.
    color : {"rgb", "gray"}, default="rgb"
        Three channels, or one by the weights 0.299, 0.587 and 0.114, taken before the rounding.
    n_jobs : int or None, default=None
        Threads that decode and resize. None is 1 outside a ``joblib`` context, -1 all cores.
    verbose : int, default=0
        Show a progress bar when positive.
    memory : str, path, joblib.Memory or None, default=None
        Folder of a cache of the results, by the content of the file and the parameters above: each
        file is decoded once for all folds, candidates of a search, processes and calls, and an
        edited file is read anew. To read pictures once, prefer this to the
        memory of a pipeline, see :class:`~skecg.preprocessing.ContentMemory`. Arrays and Pillow
        images are not kept.

    See Also
    --------
    skecg.sheet.area_resize : The same as a function on arrays and tensors.
    LeadCropper : Cut the single leads out of a sheet.

    Notes
    -----
    Memory is needed for the result and for one full-size picture per thread.

    The cache takes as much space as the results (140 kB for each picture by default). It can be
    shared by threads and processes; two that meet a new picture at the same moment both decode it.
    An entry is used only if its SHA-256 digest is right, is not read by pickle, and is not used
    by another version of skecg or Pillow. ``joblib.Memory(folder).clear()`` empties the cache.

    Examples
    --------
    >>> import numpy as np
    >>> from skecg.preprocessing import AreaResize
    >>> sheets = np.full((2, 157, 221, 3), 200, dtype=np.uint8)
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
        ndarray of uint8 of shape (n_samples, channels, height, width)
            The resized pictures.

        Raises
        ------
        FileNotFoundError
            If a file is missing.
        TypeError, ValueError
            If X is not a list of pictures, a picture cannot be read, the region lies outside it,
            or a picture shows no sheet. The message names the sample and the file.

        Warns
        -----
        UserWarning
            If regions are nearly black (as 16-bit pictures are that fill only 12 bits) or white,
            or a sheet shows no grid and is placed by its rows of traces.
        """
        validate_params(self)
        self._check_more_parameters()
        size = check_size(self.size)
        weights = _GREY if self.color == "gray" else None

        def resize(source: ImageSource) -> Result:
            pixels = read_pixels(source)
            region = self._region_of(pixels, size)
            return mean_channels_first(region, size, weights), find_doubt(region)

        return self._transform(X, (1 if weights else 3, *size), resize)

    def _check_more_parameters(self) -> None:
        check_size(self.size)
        if self.region is None or isinstance(self.region, str):
            return
        message = (
            "region must be None, 'grid', or (left, upper, right, lower) with left < right and "
            f"upper < lower, as integers >= 0 or as floats from 0 to 1; got {self.region!r}."
        )
        if np.ndim(self.region) != 1 or len(self.region) != 4:
            raise ValueError(message)
        if not all(isinstance(edge, Real) for edge in self.region):
            raise ValueError(message)
        left, upper, right, lower = self.region
        if not (0 <= left < right and 0 <= upper < lower):
            raise ValueError(message)
        if max(right, lower) > (MAX_PIXELS if self._is_in_pixels() else 1):
            raise ValueError(message)

    def _is_in_pixels(self) -> bool:
        return self.region is not None and all(is_integer(edge) for edge in self.region)

    def _region_of(self, pixels: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
        """Return the pixels to be resized."""
        height, width = pixels.shape[:2]
        if isinstance(self.region, str) and width >= _LEAST_WIDTH:
            return _straight_grid(pixels, size)
        left, upper, right, lower = self._box(width, height)
        return pixels[upper:lower, left:right]

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


def _straight_grid(pixels: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return the grid of a sheet, upright, at no less than twice the resolution of the result."""
    layout = get_layout("edan-3x4")
    alignment = align_sheet(pixels, layout)
    warn_without_grid(alignment)
    if shows_whole_sheet(alignment, layout, pixels.shape[1::-1]):
        scale = np.array(pixels.shape[1::-1]) / SHEET_SIZE
        left, upper, right, lower = np.rint(np.array(GRID_BOX) * np.tile(scale, 2)).astype(int)
        return pixels[upper:lower, left:right]
    resolution = alignment.layout_pixels_per_mm
    if upright_shift(alignment, GRID_BOX, resolution) is None:
        left, upper, right, lower = GRID_BOX
        enough = 2 * max(size[0] / (lower - upper), size[1] / (right - left))
        resolution = min(alignment.pixels_per_mm, enough * resolution)
    return straighten(pixels, alignment, GRID_BOX, resolution)
