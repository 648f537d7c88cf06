"""The pixels of a Pillow image as an array without a copy."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image


class _ArrowArray(ctypes.Structure):
    """The structure of the Arrow C data interface, which Pillow's images export."""


_ArrowArray._fields_ = [
    ("length", ctypes.c_int64),
    ("null_count", ctypes.c_int64),
    ("offset", ctypes.c_int64),
    ("n_buffers", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("buffers", ctypes.POINTER(ctypes.c_void_p)),
    ("children", ctypes.POINTER(ctypes.POINTER(_ArrowArray))),
    ("dictionary", ctypes.c_void_p),
    ("release", ctypes.c_void_p),
    ("private_data", ctypes.c_void_p),
]


def view_pixels(image: Image.Image) -> NDArray[np.uint8]:
    """View an RGB image's own memory, four bytes per pixel, or copy it.

    ``np.asarray(image)`` copies every pixel, which takes as long as resizing the picture does.
    """
    try:
        _, capsule = image.__arrow_c_array__()
    except ValueError:  # the image lies in several blocks of memory, as very large ones do
        return np.asarray(image)
    pointer = ctypes.pythonapi.PyCapsule_GetPointer
    pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    pixels = _ArrowArray.from_address(pointer(capsule, b"arrow_array"))
    values = pixels.children[0].contents
    n_bytes = image.width * image.height * 4
    memory: Any = (ctypes.c_uint8 * n_bytes).from_address(values.buffers[1])
    memory.owner = capsule  # keeps the memory as long as the array lives; no type knows of it
    array = np.frombuffer(memory, np.uint8).reshape(image.height, image.width, 4)
    array.flags.writeable = False
    return array
