"""What happens to a sheet between the printer and the file: pure functions on one picture.

A picture is uint8 (height, width, 3). Places are (x, y) in pixels, of which the first covers 0 to
1; a matrix (3, 3) maps (x, y, 1) on the sheet to the picture, as a homography does.
"""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from ..sheet import area_resize

Picture = NDArray[np.uint8]

_CAMERA = 1.5  # distance of the camera, in widths of the sheet


def without_grid(picture: Picture) -> Picture:
    """Whiten everything that has a colour, and keep what is grey or black."""
    coloured = np.ptp(picture, axis=2) > 16
    return np.where(coloured[..., None], np.uint8(255), picture)


def in_grey(picture: Picture) -> Picture:
    """Replace colours by their luminance, as a copier does."""
    return np.asarray(Image.fromarray(picture).convert("L").convert("RGB"))


def rotation(size: tuple[int, int], degrees: float) -> NDArray[np.float64]:
    """Return the matrix that turns a sheet of (width, height) about its middle, clockwise."""
    cos, sin = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    return _about_the_middle(size, np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]]))


def perspective(size: tuple[int, int], degrees: tuple[float, float]) -> NDArray[np.float64]:
    """Return the matrix of a camera that looks at a sheet tilted about its two axes.

    The camera is 1.5 widths of the sheet away; the first angle leans the top of the sheet back,
    the second one its right side.
    """
    (sin_back, sin_side), (cos_back, cos_side) = (f(np.deg2rad(degrees)) for f in (np.sin, np.cos))
    about_x = np.array([[1, 0, 0], [0, cos_back, sin_back], [0, -sin_back, cos_back]])
    about_y = np.array([[cos_side, 0, -sin_side], [0, 1, 0], [sin_side, 0, cos_side]])
    distance = _CAMERA * size[0]
    turned = (about_y @ about_x)[:, :2]  # the sheet has no depth of its own
    matrix = np.column_stack([turned, [0, 0, distance]])
    return _about_the_middle(size, np.diag([distance, distance, 1]) @ matrix)


def _about_the_middle(size: tuple[int, int], matrix: NDArray) -> NDArray[np.float64]:
    middle = np.array([[1, 0, size[0] / 2], [0, 1, size[1] / 2], [0, 0, 1]])
    matrix = middle @ matrix @ np.linalg.inv(middle)
    return matrix / matrix[2, 2]


def project(matrix: NDArray, points: NDArray) -> NDArray[np.float64]:
    """Map points (n, 2) by a homography."""
    mapped = np.column_stack([points, np.ones(len(points))]) @ np.asarray(matrix).T
    return mapped[:, :2] / mapped[:, 2:]


def fit(
    matrix: NDArray, size: tuple[int, int], margins: tuple[float, float, float, float]
) -> tuple[NDArray[np.float64], tuple[int, int]]:
    """Shift a matrix so that the whole sheet and its margins in pixels are in the picture.

    Returns the matrix and (width, height) of the picture. The margins are those at the left, the
    top, the right and the bottom.
    """
    width, height = size
    corners = project(matrix, np.array([[0, 0], [width, 0], [width, height], [0, height]]))
    left, upper, right, lower = margins
    shift = np.array([left, upper]) - corners.min(0)
    far = np.ceil(corners.max(0) + shift + (right, lower) - 1e-6).astype(int)
    move = np.array([[1, 0, shift[0]], [0, 1, shift[1]], [0, 0, 1]])
    return move @ matrix, (int(far[0]), int(far[1]))


def desk(size: tuple[int, int], colour: tuple[float, float, float], seed: int) -> Picture:
    """Return a wooden desk (width, height): a colour with grain along it and fine noise."""
    width, height = size
    rng = np.random.RandomState(seed)
    coarse = Image.fromarray(rng.normal(0, 14, (height // 6 + 2, 9)).astype(np.float32))
    grain = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC))
    noise = rng.normal(0, 5, (height, width)).astype(np.float32)
    wood = np.asarray(colour, np.float32) + (grain + noise)[..., None]
    return np.clip(wood, 0, 255).astype(np.uint8)


def photograph(sheet: Picture, matrix: NDArray, surround: Picture) -> Picture:
    """Lay a sheet on a surround, where a matrix maps it."""
    height, width = surround.shape[:2]
    inverse = np.linalg.inv(matrix)
    inverse = (inverse / inverse[2, 2]).ravel()[:8].tolist()

    def seen(picture: Image.Image) -> Image.Image:
        return picture.transform(
            (width, height), Image.Transform.PERSPECTIVE, inverse, Image.Resampling.BICUBIC
        )

    picture = Image.fromarray(sheet)
    covered = seen(Image.new("L", picture.size, 255))
    return np.asarray(Image.composite(seen(picture), Image.fromarray(surround), covered))


def rescale(picture: Picture, size: tuple[int, int]) -> Picture:
    """Return the picture at (width, height): the mean of what a pixel covers, or interpolated."""
    width, height = size
    if width <= picture.shape[1] and height <= picture.shape[0]:
        return area_resize(picture, (height, width))
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BICUBIC))


def shadow(picture: Picture, light: float, degrees: float, edge: float) -> Picture:
    """Darken a picture to a share of the light: slowly across it, and behind a soft edge.

    ``degrees`` is the direction in which it gets darker and ``edge`` (-0.5 to 0.5) the place of
    the edge on the way through the picture.
    """
    height, width = picture.shape[:2]
    across = np.linspace(-0.5, 0.5, 129)
    angle = np.deg2rad(degrees)
    way = (np.cos(angle) * across + np.sin(angle) * across[:, None]) / (
        abs(np.cos(angle)) + abs(np.sin(angle))
    )
    dark = 0.5 * (way + 0.5) + 0.5 / (1 + np.exp(-(way - edge) / 0.02))
    coarse = Image.fromarray((1 - (1 - light) * dark).astype(np.float32))
    field = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC))
    darker = np.empty_like(picture)
    for channel in range(3):  # one at a time: a scan of 600 dpi has 100 MB
        np.rint(picture[..., channel] * field, out=darker[..., channel], casting="unsafe")
    return darker


def blur(picture: Picture, sigma: float) -> Picture:
    """Smooth a picture with a Gaussian of a standard deviation in pixels."""
    return np.asarray(Image.fromarray(picture).filter(ImageFilter.GaussianBlur(sigma)))


def jpeg(picture: Picture, quality: int) -> Picture:
    """Write a picture as JPEG and read it again."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=quality)
    with Image.open(file) as decoded:
        return np.asarray(decoded.convert("RGB"))
