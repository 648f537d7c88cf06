"""Pure functions on pictures of ECG sheets: reading, exact area resizing, lead layouts."""

from ._area import area_matrix, area_resize
from ._area import mean_channels_first as mean_channels_first
from ._crops import crop_leads
from ._layouts import GRID_BOX as GRID_BOX
from ._layouts import LAYOUTS, LeadLayout, find_grid_box, get_layout
from ._layouts import SHEET_SIZE as SHEET_SIZE
from ._read import ImageSource as ImageSource
from ._read import open_image as open_image
from ._read import read_image
from ._read import read_pixels as read_pixels

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
