"""Pure functions on pictures of ECG sheets: reading, exact area resizing, lead layouts."""

from ._align import align_sheet
from ._alignment import SheetAlignment
from ._alignment import pixels_per_mm_of as pixels_per_mm_of
from ._alignment import shows_whole_sheet as shows_whole_sheet
from ._area import area_matrix, area_resize
from ._area import mean_channels_first as mean_channels_first
from ._checks import MAX_PIXELS as MAX_PIXELS
from ._checks import check_size as check_size
from ._checks import is_integer as is_integer
from ._crops import crop_leads
from ._doubts import DOUBT_REMEDY as DOUBT_REMEDY
from ._doubts import find_doubt as find_doubt
from ._files import open_regular_file as open_regular_file
from ._files import read_at_most as read_at_most
from ._files import read_regular_file as read_regular_file
from ._ink import brightest_channel as brightest_channel
from ._layouts import GRID_BOX as GRID_BOX
from ._layouts import LAYOUTS, LeadLayout, find_grid_box, get_layout
from ._layouts import SHEET_SIZE as SHEET_SIZE
from ._limb_leads import limb_lead_misfit as limb_lead_misfit
from ._read import PICTURE_SUFFIXES as PICTURE_SUFFIXES
from ._read import ImageSource as ImageSource
from ._read import check_picture as check_picture
from ._read import open_image as open_image
from ._read import read_image
from ._read import read_pixels as read_pixels
from ._straighten import straighten
from ._straighten import upright_shift as upright_shift
from ._traces import read_traces

__all__ = [
    "LAYOUTS",
    "LeadLayout",
    "SheetAlignment",
    "align_sheet",
    "area_matrix",
    "area_resize",
    "crop_leads",
    "find_grid_box",
    "get_layout",
    "read_image",
    "read_traces",
    "straighten",
]
