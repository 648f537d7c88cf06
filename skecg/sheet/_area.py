"""Resizing by exact fractional area: every output pixel is the mean of the input it covers.

Along one axis, output ``k`` covers the input from ``k * s`` to ``(k + 1) * s`` with
``s = n_in / n_out``. In units of ``1 / n_out`` of an input pixel all borders are whole numbers,
so that for integer pictures every sum below is an integer and the only error is the final
rounding, at most half a grey level. Written with the rows that BEGIN inside the window,

    area_k = sum(x[stop_k : stop_{k+1}]) + part_k * x[cut_k] - part_{k+1} * x[cut_{k+1}],

where ``stop_k = ceil(k * s)``, ``cut_k = floor(k * s)`` is the pixel that the border cuts and
``part_k = stop_k - k * s`` the part of it behind the border. Each pixel is summed once and only
one in ``s`` is multiplied, which makes it fast.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from ._checks import check_size, is_integer

if TYPE_CHECKING:
    import torch

    Picture = TypeVar("Picture", np.ndarray, torch.Tensor)
else:
    Picture = TypeVar("Picture")

_Unsigned = type[np.uint16] | type[np.uint32] | type[np.uint64]

_STRIP = 1 << 19  # bytes of the sums that are computed at a time
_LANES = 4  # 16-bit numbers in one 64-bit integer


def area_resize(
    image: Picture, size: tuple[int, int], *, axes: tuple[int, int] = (0, 1)
) -> Picture:
    """Resize pictures so that every output pixel is the mean of the input area it covers.

    A pixel on the border of an area counts by the part of it that is inside. The result is exact:
    for integer pictures it is the mean as a rational number, rounded once (half up). The ratio may
    be any, and an axis may grow.

    Parameters
    ----------
    image : ndarray or torch.Tensor
        Pictures of uint8, uint16 (arrays only), float32 or float64; any number of axes, for
        instance (height, width), (height, width, channels) or (n, channels, height, width).
    size : (int, int)
        Height and width of the result.
    axes : (int, int), default=(0, 1)
        The axes of height and width, which must be neighbours: ``(1, 2)`` for (n, height, width,
        channels), ``(-2, -1)`` for (n, channels, height, width).

    Returns
    -------
    ndarray or torch.Tensor
        The pictures with the two axes resized, of the same type and on the same device. Tensors
        are differentiable and, as they are computed in floating point, exact to 1e-3 of a grey
        level beyond the rounding.

    Raises
    ------
    TypeError
        If the picture or its pixels are of another type.
    ValueError
        If a size is not positive or above 80 million pixels, the picture is empty, or the axes
        are not neighbours.

    See Also
    --------
    skecg.AreaResize : The same as a transformer of files.
    area_matrix : The weights.

    Examples
    --------
    >>> import numpy as np
    >>> from skecg.sheet import area_resize
    >>> area_resize(np.array([[0, 90, 255]], dtype=np.uint8), (1, 2))
    array([[ 30, 200]], dtype=uint8)
    """
    if not isinstance(image, np.ndarray):
        if type(image).__module__.partition(".")[0] != "torch":
            raise TypeError(
                f"The picture must be an array or a tensor; got {type(image).__name__}. Read files "
                "with skecg.sheet.read_image."
            )
        return _resize_tensor(image, check_size(size), _check(tuple(image.shape), axes))
    size = check_size(size)
    first = _check(image.shape, axes)
    height, width = image.shape[first : first + 2]
    before, after = image.shape[:first], image.shape[first + 2 :]
    pictures = image.reshape(-1, height, width, int(np.prod(after)))
    if image.dtype in (np.uint8, np.uint16):
        resized = [_to_mean(_integer_areas(x, size), height * width, x.dtype) for x in pictures]
    elif image.dtype in (np.float32, np.float64):
        resized = [_float_means(x, size) for x in pictures]
    else:
        raise TypeError(
            f"The pixels must be uint8, uint16, float32 or float64; got {image.dtype}. Convert "
            "the picture, for instance with image.astype(np.float32)."
        )
    return np.array(resized, dtype=image.dtype).reshape(*before, *size, *after)


def area_matrix(n_in: int, n_out: int) -> NDArray[np.float64]:
    """Return the matrix that averages ``n_in`` pixels to ``n_out`` by the area they share.

    Parameters
    ----------
    n_in, n_out : int
        Numbers of pixels, from 1 to 1,000,000.

    Returns
    -------
    ndarray of float64 of shape (n_out, n_in)
        Rows that sum to 1; ``area_matrix(...) @ x`` resizes the first axis of ``x``.

    Raises
    ------
    ValueError
        If a number of pixels is out of range, or the matrix would have more than a thousand
        million elements.

    See Also
    --------
    area_resize : Applies it to both axes.

    Examples
    --------
    >>> from skecg.sheet import area_matrix
    >>> area_matrix(3, 2).round(3)
    array([[0.667, 0.333, 0.   ],
           [0.   , 0.333, 0.667]])
    """
    if not all(is_integer(n) and 1 <= n <= 1_000_000 for n in (n_in, n_out)) or n_in * n_out > 1e9:
        raise ValueError(
            "n_in and n_out must be integers from 1 to 1,000,000 with a product of at most 1e9; "
            f"got {n_in!r} and {n_out!r}."
        )
    n_in, n_out = int(n_in), int(n_out)
    inputs, outputs = np.arange(n_in) * n_out, np.arange(n_out)[:, None] * n_in
    overlap = np.minimum(inputs + n_out, outputs + n_in) - np.maximum(inputs, outputs)
    return np.maximum(overlap, 0) / n_in


def mean_channels_first(
    image: NDArray[np.uint8], size: tuple[int, int], weights: tuple[float, ...] | None = None
) -> NDArray[np.uint8]:
    """Resize an RGB picture, of three or four bytes per pixel, to (3, *size) or one grey channel.

    With ``weights`` the channels are summed, so weighted, before the one rounding.
    """
    n_pixels = image.shape[0] * image.shape[1]
    areas = _integer_areas(image, size)
    if weights is None:
        return _to_mean(areas, n_pixels, image.dtype)[..., :3].transpose(2, 0, 1)
    return np.rint(areas[..., :3] @ (np.array(weights) / n_pixels)).astype(image.dtype)[None]


class _Axis(NamedTuple):
    """How an axis is cut, in the notation of the module; ``parts`` in units of 1 / n_out."""

    stops: NDArray[np.intp]
    cuts: NDArray[np.intp]
    parts: NDArray[np.intp]


def _cut_axis(n_in: int, n_out: int) -> _Axis:
    borders = np.arange(n_out + 1) * n_in
    # The last border cuts no pixel: its part is 0, and any pixel will do.
    return _Axis(-(-borders // n_out), np.minimum(borders // n_out, n_in - 1), -borders % n_out)


def _integer_areas(image: NDArray, size: tuple[int, int]) -> NDArray:
    """Sum over the areas, in units of one pixel / (rows * columns of the result).

    The products are taken modulo 2 ** 32 or 2 ** 64; differences of such numbers are exact as
    long as the true result fits.
    """
    (height, width, channels), (n_rows, n_columns) = image.shape, size
    vertical, horizontal = _cut_axis(height, n_rows), _cut_axis(width, n_columns)
    highest = int(np.iinfo(image.dtype).max)
    dtype = _unsigned(max(1 << 16, (highest + 1) * height * width))
    in_row = highest * max(1, int(np.diff(vertical.stops).max()))
    in_window = in_row * max(1, int(np.diff(horizontal.stops).max()))
    has_lanes = 1 < channels <= _LANES and _unsigned(in_window) == np.uint16

    row_parts = vertical.parts.astype(dtype)[:, None, None]
    # A weight for every channel, as broadcasting over a short last axis is slow.
    n_lanes = _LANES if has_lanes else channels
    column_parts = np.repeat(horizontal.parts.astype(dtype), n_lanes).reshape(-1, 1, n_lanes)
    areas = np.empty((n_rows, n_columns, channels), dtype)
    # In strips, so that what was read last is still in the processor's cache.
    n_strip = max(1, _STRIP // (4 * width * channels))
    for first in range(0, n_rows, n_strip):
        borders = slice(first, first + n_strip + 1)
        strip = _Axis(*(of_border[borders] for of_border in vertical))
        rows = _row_sums(image, strip, _unsigned(in_row))
        if has_lanes:
            sums, cuts = _column_sums_in_lanes(rows, horizontal)
        else:
            sums, cuts = _column_sums(rows, horizontal, dtype)
        rows = _weigh(sums.swapaxes(0, 1), cuts.swapaxes(0, 1), column_parts, n_columns)
        rows, n = rows.swapaxes(0, 1), len(strip.stops) - 1
        joined = _weigh(rows[:n], rows[n:], row_parts[borders], n_rows)
        areas[first : first + n] = joined[..., :channels]
    return areas


def _weigh(sums: NDArray, cuts: NDArray, parts: NDArray, n_out: int) -> NDArray:
    """Join the sums from stop to stop and the pixels that the borders cut, on the first axis."""
    # Cast first: a product of two types is cast piece by piece, which takes twice as long.
    areas = sums.astype(parts.dtype) * parts.dtype.type(n_out)
    parts = cuts.astype(parts.dtype) * parts
    areas += parts[:-1]
    areas -= parts[1:]
    return areas


def _row_sums(image: NDArray, axis: _Axis, dtype: _Unsigned) -> NDArray:
    """Return the sums of the rows from stop to stop and, below, the rows that the borders cut."""
    n_out = len(axis.stops) - 1
    out = np.empty((2 * n_out + 1, *image.shape[1:]), dtype)
    # One call per window: reduceat is an order of magnitude slower when it has to widen bytes.
    for k, (start, stop) in enumerate(pairwise(axis.stops.tolist())):
        np.add.reduce(image[start:stop], 0, dtype, out[k])
    out[n_out:] = image[axis.cuts]
    return out


def _column_sums(rows: NDArray, axis: _Axis, dtype: _Unsigned) -> tuple[NDArray, NDArray]:
    """Return the sums of the columns from stop to stop, and the columns that the borders cut."""
    starts = np.minimum(axis.stops[:-1], rows.shape[1] - 1)
    sums = np.add.reduceat(rows, starts, axis=1, dtype=dtype)
    # Where the axis grows some windows have no column, and reduceat takes one.
    sums[:, np.diff(axis.stops) == 0] = 0
    return sums, rows.take(axis.cuts, axis=1)


def _column_sums_in_lanes(rows: NDArray, axis: _Axis) -> tuple[NDArray, NDArray]:
    """Do the same with up to four channels of 16 bits together, as one 64-bit integer.

    No sum between two stops reaches 2 ** 16, so nothing is carried from one channel to the next.
    """
    if rows.shape[2] < _LANES:
        padded = np.zeros((*rows.shape[:2], _LANES), np.uint16)
        for channel in range(rows.shape[2]):  # one slice of all channels is copied by threes
            padded[..., channel] = rows[..., channel]
        rows = padded
    sums, cuts = _column_sums(rows.view(np.uint64), axis, np.uint64)
    return sums.view(np.uint16), cuts.view(np.uint16)


def _unsigned(largest: int) -> _Unsigned:
    """Return the smallest unsigned type of at least 16 bits that holds the number."""
    return next(t for t in (np.uint16, np.uint32, np.uint64) if largest <= np.iinfo(t).max)


def _to_mean(areas: NDArray, n_pixels: int, dtype: np.dtype) -> NDArray:
    n = areas.dtype.type(n_pixels)
    return ((areas + n // 2) // n).astype(dtype)


def _float_means(image: NDArray, size: tuple[int, int]) -> NDArray:
    for n_out in size:
        image = np.moveaxis(_float_means_of_rows(image, n_out), 0, 1)
    return image


def _float_means_of_rows(image: NDArray, n_out: int) -> NDArray:
    """Weigh the rows of every window and only those: NaN and infinity stay where they are."""
    n_in = len(image)
    rows = np.ascontiguousarray(image).reshape(n_in, -1)
    out = np.empty((n_out, rows.shape[1]), image.dtype)
    for k in range(n_out):
        start, stop = k * n_in // n_out, -(-(k + 1) * n_in // n_out)
        pixels = np.arange(start, stop) * n_out
        overlap = np.minimum(pixels + n_out, (k + 1) * n_in) - np.maximum(pixels, k * n_in)
        np.dot((overlap / n_in).astype(image.dtype), rows[start:stop], out=out[k])
    return out.reshape(n_out, *image.shape[1:])


def _resize_tensor(image: torch.Tensor, size: tuple[int, int], first: int) -> torch.Tensor:
    import torch

    if not (image.dtype == torch.uint8 or image.dtype.is_floating_point):
        raise TypeError(f"The pixels must be uint8 or floating point; got {image.dtype}.")
    dtype = torch.float32 if image.dtype == torch.uint8 else image.dtype
    rows, columns = (
        torch.from_numpy(area_matrix(n_in, n_out)).to(image.device, dtype)
        for n_in, n_out in zip(image.shape[first : first + 2], size)
    )
    pictures = torch.movedim(image.to(dtype), (first, first + 1), (-2, -1))
    resized = torch.movedim(rows @ pictures @ columns.T, (-2, -1), (first, first + 1))
    return resized.round().to(image.dtype) if image.dtype == torch.uint8 else resized


def _check(shape: tuple[int, ...], axes: tuple[int, int]) -> int:
    """Return the position of the height axis."""
    first = second = -1
    if isinstance(axes, list | tuple) and len(axes) == 2 and all(map(is_integer, axes)):
        first, second = (int(axis) + len(shape) if axis < 0 else int(axis) for axis in axes)
    if not (0 <= first < len(shape) - 1 and second == first + 1):
        raise ValueError(
            f"axes={axes} must be two neighbouring axes, height before width, of a picture of "
            f"shape {shape}."
        )
    if min(shape[first : first + 2]) < 1:
        raise ValueError(f"A picture of shape {shape} has no pixels.")
    return first
