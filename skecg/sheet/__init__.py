"""Pure functions on pictures of ECG sheets: reading, exact area resizing, lead layouts."""

from ._area import area_matrix, area_resize
from ._crops import crop_leads
from ._layouts import LAYOUTS, LeadLayout, find_grid_box, get_layout
from ._read import read_image

__all__ = [
    "LAYOUTS",
    "LeadLayout",
    "area_matrix",
    "area_resize",
    "crop_leads",
    "find_grid_box",
    "get_layout",
    "read_image",
]
