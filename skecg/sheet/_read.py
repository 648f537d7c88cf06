"""Reading pictures as one byte per pixel and colour, upright and without transparency."""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageFile, ImageOps, UnidentifiedImageError

from ._checks import MAX_PIXELS
from ._doubts import DOUBT_REMEDY, find_doubt
from ._files import MAX_FILE_BYTES, open_regular_file
from ._view import view_pixels

ImageSource: TypeAlias = "str | os.PathLike | bytes | BinaryIO | Image.Image | NDArray"

# The formats that are read and how their files are called. Pillow knows more: for EPS it starts
# another program, and an icon may hold a larger picture than its header says. JPEG is first because
# Pillow loads all its plugins before it tries most of the others.
_FORMATS = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"),
    "PNG": (".png", ".apng"),
    "AVIF": (".avif",),
    "TIFF": (".tif", ".tiff"),
    "WEBP": (".webp",),
    "BMP": (".bmp",),
    "GIF": (".gif",),
}
PICTURE_SUFFIXES = tuple(suffix for suffixes in _FORMATS.values() for suffix in suffixes)
# Pillow's name of a JPEG file that holds several pictures, as telephones write them.
_OPENED_AS = (*_FORMATS, "MPO")


def read_image(source: ImageSource, *, max_pixels: int | None = MAX_PIXELS) -> NDArray[np.uint8]:
    """Read a picture as RGB bytes, upright and on white paper.

    The EXIF orientation is applied, transparent parts become white, palettes and other colour
    spaces are turned into RGB, grey becomes three equal channels, and 16 bits become 8 by
    ``value / 257``, rounded. Of several pictures in a file the first is read.

    Parameters
    ----------
    source : str, path, bytes, binary file, PIL.Image.Image or ndarray
        File name, content or decoded picture. Files are JPEG, PNG, AVIF, TIFF, WebP, BMP or GIF,
        whatever their name, and regular files of at most 640 MB.
        Arrays have the shape (height, width) or (height, width, channels) with 1, 3 or 4
        channels and are uint8, uint16, bool, or float from 0 to 1.
    max_pixels : int or None, default=80_000_000
        Larger pictures are refused before they are decoded (decompression bombs). None: pictures
        and files of any size.

    Returns
    -------
    ndarray of uint8 of shape (height, width, 3)
        The picture.

    Raises
    ------
    TypeError
        If the source is none of the above.
    ValueError
        If the file is of another format, damaged, truncated, too large, a pipe or a device. The
        message names the file.
    FileNotFoundError
        If there is no such file.

    Warns
    -----
    UserWarning
        If the picture is nearly black, as a 16-bit picture is whose values fill only 12 bits, or
        nearly white.

    See Also
    --------
    area_resize : Makes the picture smaller.

    Examples
    --------
    >>> import numpy as np
    >>> from skecg.sheet import read_image
    >>> read_image(np.array([[0, 65535]], dtype=np.uint16))
    array([[[  0,   0,   0],
            [255, 255, 255]]], dtype=uint8)
    """
    pixels = np.ascontiguousarray(read_pixels(source, max_pixels=max_pixels)[..., :3])
    if doubt := find_doubt(pixels):
        warnings.warn(f"{_name(source)} is {doubt}. {DOUBT_REMEDY}", UserWarning, stacklevel=2)
    return pixels


def read_pixels(source: ImageSource, *, max_pixels: int | None = MAX_PIXELS) -> NDArray[np.uint8]:
    """Read as :func:`read_image` does, but without a copy where possible.

    The result is read-only and has the shape (height, width, 3) or, with one channel of padding,
    (height, width, 4).
    """
    if isinstance(source, np.ndarray):
        return _from_array(source)
    with _opened(source, max_pixels) as opened:
        image = _upright(opened)
        # A given image is the caller's, and stays as it is.
        is_own = image is not source and (image.format, image.mode) == ("JPEG", "RGB")
        if is_own and isinstance(image, ImageFile.ImageFile):
            return _decode_to_array(image)
        return view_pixels(_to_rgb(image))


def open_image(source: ImageSource, *, max_pixels: int | None = MAX_PIXELS) -> Image.Image:
    """Read as :func:`read_image` does, but return a Pillow image of mode RGB."""
    if isinstance(source, np.ndarray):
        return Image.fromarray(np.ascontiguousarray(_from_array(source)))
    with _opened(source, max_pixels) as image:
        return _to_rgb(_upright(image))


def check_picture(file: io.BytesIO) -> None:
    """Raise the errors of :func:`read_image` for a damaged file, mostly without decoding it.

    Of JPEG, PNG, AVIF and WebP the header and the checksums or the end are checked; other formats
    have neither, and are decoded.
    """
    with _opened(file, MAX_PIXELS) as image:
        if image.format not in ("JPEG", "MPO", "PNG", "AVIF", "WEBP"):
            image.load()
            return
        image.verify()
        # Only the decoder of the pixels would miss the end of a JPEG file.
        if image.format in ("JPEG", "MPO") and b"\xff\xd9" not in file.getvalue()[-1024:]:
            raise _Refusal("is truncated: a JPEG file without an end marker.")


@contextmanager
def _opened(source: ImageSource, max_pixels: int | None) -> Iterator[Image.Image]:
    """Open a picture, turn all errors into those of `read_image`, and close its file."""
    is_known = isinstance(source, str | os.PathLike | bytes | Image.Image)
    if isinstance(source, np.ndarray) or not (is_known or hasattr(source, "read")):
        raise TypeError(
            "A picture must be a file name, bytes, a binary file, a Pillow image or an array; got "
            f"{type(source).__name__}."
        )
    if not isinstance(source, str | os.PathLike):
        with _named_errors(source):
            yield _open(source, max_pixels)
        return
    max_bytes = None if max_pixels is None else max(MAX_FILE_BYTES, 8 * max_pixels)
    with open_regular_file(source, max_bytes=max_bytes) as file, _named_errors(source):
        yield _open(file, max_pixels)


def _open(source: BinaryIO | bytes | Image.Image, max_pixels: int | None) -> Image.Image:
    """Open a picture of a permitted format and size; its pixels are decoded later."""
    if isinstance(source, Image.Image):
        image = source
        if image.format not in (*_OPENED_AS, None):  # None: made or copied in memory
            raise _Refusal(
                f"is a Pillow image of the format {image.format}, which is not read. If you trust "
                "it, pass image.copy()."
            )
    else:
        file = io.BytesIO(source) if isinstance(source, bytes) else source
        image = Image.open(file, formats=tuple(_FORMATS))
    if max_pixels is not None and image.width * image.height > max_pixels:
        raise _Refusal(
            f"has {image.width} x {image.height} pixels, more than max_pixels={max_pixels}. Make "
            "it smaller first."
        )
    return image


def _upright(image: Image.Image) -> Image.Image:
    # exif_transpose copies the picture even when there is nothing to turn.
    turned = image.getexif().get(ExifTags.Base.Orientation, 1) != 1
    return ImageOps.exif_transpose(image) if turned else image


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16") or image.mode == "I":
        # Pillow clips 16-bit values at 255 when it converts them.
        return Image.fromarray(_from_array(np.asarray(image).astype(np.uint16)))
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        paper = Image.new("RGBA", layer.size, "white")
        return Image.alpha_composite(paper, layer).convert("RGB")
    if image.mode == "F":
        return Image.fromarray(_from_array(np.asarray(image)))
    image.load()
    return image if image.mode == "RGB" else image.convert("RGB")


def _decode_to_array(image: ImageFile.ImageFile) -> NDArray[np.uint8]:
    """Let Pillow decode an RGB JPEG into an array, four bytes per pixel.

    Pillow clears its own memory and, above 16 MB, divides it into blocks that have to be copied.
    A whole JPEG overwrites every pixel, so there is nothing to clear.
    """
    if not image.tile:  # Pillow refuses a file without a scan only as long as it has no memory
        raise OSError("it has no pixels")
    allocate = np.zeros if ImageFile.LOAD_TRUNCATED_IMAGES else np.empty
    pixels = allocate((image.height, image.width, 4), np.uint8)
    image.im = memory = Image.frombuffer("RGBX", image.size, pixels, "raw", "RGBX", 0, 1).im
    image.load()
    if image.im is not memory:  # a plugin, or a later Pillow, replaced it
        return view_pixels(image)
    pixels.flags.writeable = False
    return pixels


def _from_array(array: NDArray) -> NDArray[np.uint8]:
    if array.ndim == 2:
        array = array[..., None]
    if array.ndim != 3 or array.shape[2] not in (1, 3, 4) or array.size == 0:
        raise ValueError(
            "A picture as an array must have the shape (height, width) or (height, width, "
            f"channels) with 1, 3 or 4 channels; got {array.shape}."
        )
    array = _to_bytes(array)
    if array.shape[2] == 4:
        opaque = array[..., 3:] / 255
        array = np.rint(array[..., :3] * opaque + 255 * (1 - opaque)).astype(np.uint8)
    return np.repeat(array, 3, axis=2) if array.shape[2] == 1 else array


def _to_bytes(array: NDArray) -> NDArray[np.uint8]:
    if array.dtype == np.uint8:
        return array
    if array.dtype == np.uint16:
        return ((array + np.uint32(128)) // np.uint32(257)).astype(np.uint8)
    if array.dtype == bool:
        return array * np.uint8(255)
    if array.dtype.kind == "f" and np.all((array >= 0) & (array <= 1)):
        return np.rint(array * 255).astype(np.uint8)
    values = f" from {array.min()} to {array.max()}" if array.dtype.kind in "iuf" else ""
    raise ValueError(
        "A picture as an array must be uint8, uint16, bool, or float from 0 to 1; got "
        f"{array.dtype}{values}."
    )


class _Refusal(Exception):
    """Why a picture is not read, without its name."""


@contextmanager
def _named_errors(source: ImageSource) -> Iterator[None]:
    """Turn the many errors of damaged files into one that names the file."""
    try:
        yield
    except _Refusal as refusal:
        raise ValueError(f"{_name(source)} {refusal}") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ValueError(f"{_name(source)} has too many pixels: {error}") from error
    except UnidentifiedImageError as error:
        raise ValueError(
            f"{_name(source)} is not a picture in one of the formats {', '.join(_FORMATS)}. "
            "Convert it, for instance to PNG."
        ) from error
    # Damaged files reach every corner of a decoder: SyntaxError, struct.error, EOFError, ...
    except Exception as error:
        raise ValueError(
            f"{_name(source)} cannot be read as a picture; it may be damaged or truncated: {error}"
        ) from error


def _name(source: ImageSource) -> str:
    if isinstance(source, bytes):
        return f"The picture in {len(source)} bytes"
    name = getattr(source, "filename", None) or getattr(source, "name", None) or source
    if isinstance(name, str | os.PathLike):
        return repr(os.fspath(name))
    return f"The picture given as {type(source).__name__}"
