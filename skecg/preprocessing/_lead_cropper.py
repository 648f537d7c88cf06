"""The transformer that cuts the leads out of ECG sheets."""

from __future__ import annotations

from numbers import Integral
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image
from PIL.Image import Resampling

from .._compat import Interval, StrOptions, validate_params
from ..sheet import (
    ImageSource,
    LeadLayout,
    align_sheet,
    check_size,
    crop_leads,
    find_doubt,
    get_layout,
    is_integer,
    open_image,
    straighten,
)
from ._grid_warning import warn_without_grid
from ._memory import MemoryLike
from ._picture_cache import Result
from ._pictures import PictureTransformer


class LeadCropper(PictureTransformer, auto_wrap_output_keys=None):
    """Cut every lead out of pictures of ECG sheets: one channel per lead.

    Each box of the layout is cropped, turned grey, thickened, inverted (a bright trace on a dark
    ground) and resized.

    Parameters
    ----------
    layout : str or LeadLayout, default="edan-3x4"
        Boxes of the leads. The default is the 3 x 4 + rhythm strip layout of EDAN SERIES-3
        sheets, the same for all classes, in the order I, II, III, aVR, aVL, aVF, V1 to V6,
        rhythm strip. See Warnings for ``"published-a"`` to ``"published-f"``. A
        :class:`skecg.sheet.LeadLayout` gives boxes of your own. Boxes are scaled to the size of
        the sheet.
    size : (int, int), default=(64, 64)
        Height and width of each lead in the result.
    invert : bool, default=True
        Whether the trace is bright on a dark ground.
    dilation : int, default=3
        Odd width in pixels by which the trace is thickened before resizing; 1 leaves it.
    align : {"grid", None}, default=None
        ``"grid"`` finds the grid on each sheet and resamples the sheet as the layout has it, for
        photographs and scans that are turned, tilted by up to 5 degrees, cut differently or of
        another resolution; see :func:`skecg.sheet.align_sheet`. An upright sheet of the
        resolution of the layout is cut as it is. None places the boxes by the size of the sheet.
    resample : {"area", "bicubic"}, default="area"
        Exact area mean, or Pillow's bicubic filter as published.
    swap_channels : bool, default=False
        Weigh red by 0.114 and blue by 0.299 when turning grey, an error of the published
        pipeline.
    lead_order : {"layout", "lexicographic"}, default="layout"
        Order of the channels: that of the layout, or box 1, 10, 11, 12, 13, 2, ..., 9 as
        published (file names sorted as text).
    n_jobs : int or None, default=None
        Threads. None is 1 outside a ``joblib`` context, -1 all cores.
    verbose : int, default=0
        Show a progress bar when positive.
    memory : str, path, joblib.Memory or None, default=None
        Cache of the results by the content of the files, as in :class:`AreaResize`.

    Warnings
    --------
    The published system cut sheets by boxes that depended on their CLASS: normal sheets by
    ``"published-a"``, abnormal heartbeats by ``"published-a-hb"``, infarctions by
    ``"published-b"``. Cutting each class by its own boxes leaks the label, and at prediction time
    the class is unknown. Use these layouts only to reproduce published arrays.

    See Also
    --------
    AreaResize : Resize whole sheets.
    skecg.sheet.crop_leads : The same as a function on one sheet.

    References
    ----------
    .. [1] P. Paul, Heart-Condition-Classifier-from-ECG-images: scripts for data processing.

    Examples
    --------
    >>> import numpy as np
    >>> from skecg.preprocessing import LeadCropper
    >>> sheets = np.full((2, 786, 1106, 3), 200, dtype=np.uint8)
    >>> cropper = LeadCropper()
    >>> cropper.fit_transform(sheets).shape
    (2, 13, 64, 64)
    >>> cropper.get_feature_names_out()[:4].tolist()
    ['I', 'II', 'III', 'aVR']
    """

    _parameter_constraints: dict = {
        **PictureTransformer._parameter_constraints,
        "layout": [str, LeadLayout],
        "size": ["array-like"],
        "invert": ["boolean"],
        "dilation": [Interval(Integral, 1, None, closed="left")],
        "align": [StrOptions({"grid"}), None],
        "resample": [StrOptions({"area", "bicubic"})],
        "swap_channels": ["boolean"],
        "lead_order": [StrOptions({"layout", "lexicographic"})],
    }

    def __init__(
        self,
        layout: str | LeadLayout = "edan-3x4",
        size: tuple[int, int] = (64, 64),
        invert: bool = True,
        dilation: int = 3,
        align: str | None = None,
        resample: str = "area",
        swap_channels: bool = False,
        lead_order: str = "layout",
        n_jobs: int | None = None,
        verbose: int = 0,
        memory: MemoryLike = None,
    ) -> None:
        self.layout = layout
        self.size = size
        self.invert = invert
        self.dilation = dilation
        self.align = align
        self.resample = resample
        self.swap_channels = swap_channels
        self.lead_order = lead_order
        self.n_jobs = n_jobs
        self.verbose = verbose
        self.memory = memory

    @classmethod
    def published(
        cls,
        layout: str | LeadLayout = "published-a",
        size: tuple[int, int] = (64, 64),
        n_jobs: int | None = None,
        verbose: int = 0,
    ) -> Self:
        """Return the pipeline of the published six-model system, bit for bit.

        Swapped channel weights, a 3 x 3 maximum filter, Pillow's bicubic filter and the channels
        in the order of their file names.

        Parameters
        ----------
        layout : str or LeadLayout, default="published-a"
            See the warning of the class: the published choice depends on the label.
        size : (int, int), default=(64, 64)
            Height and width; (28, 28) are the arrays that were published.
        n_jobs, verbose : int
            As for the class.

        Returns
        -------
        LeadCropper
            The transformer.
        """
        return cls(
            layout=layout,
            size=size,
            resample="bicubic",
            swap_channels=True,
            lead_order="lexicographic",
            n_jobs=n_jobs,
            verbose=verbose,
        )

    def transform(self, X: ArrayLike | list[ImageSource]) -> NDArray[np.uint8]:
        """Cut the leads out of every sheet.

        Parameters
        ----------
        X : list or array of n_samples pictures
            As for ``fit``; the sizes may differ.

        Returns
        -------
        ndarray of uint8 of shape (n_samples, n_leads, height, width)
            The leads, in the order of ``get_feature_names_out``.

        Raises
        ------
        FileNotFoundError
            If a file is missing.
        TypeError, ValueError
            If X is not a list of pictures, a picture cannot be read, the layout does not fit it,
            or ``align="grid"`` finds no sheet of the layout. The message names the sample.

        Warns
        -----
        UserWarning
            If sheets are nearly black (as 16-bit pictures are that fill only 12 bits) or white,
            or a sheet shows no grid and is placed by its rows of traces.
        """
        validate_params(self)
        self._check_more_parameters()
        layout, order = get_layout(self.layout), self._order()
        size = check_size(self.size)

        def crop(source: ImageSource) -> Result:
            sheet = open_image(source)
            if self.align == "grid":
                sheet, boxes = _straight_sheet(np.asarray(sheet), layout)
            else:
                boxes = layout.boxes_on(sheet.size)
            leads = crop_leads(
                sheet,
                boxes[order],
                size,
                invert=self.invert,
                dilation=self.dilation,
                swap_channels=self.swap_channels,
                resample=self.resample,
            )
            # Every pixel as an array would be a copy; some of them are enough.
            some = sheet.resize((min(sheet.width, 512), min(sheet.height, 64)), Resampling.NEAREST)
            return leads, find_doubt(np.asarray(some))

        return self._transform(X, (len(order), *size), crop)

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> NDArray:
        """Return the names of the leads in the order of the channels.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Ignored.

        Returns
        -------
        ndarray of str of shape (n_leads,)
            Names as in the layout.
        """
        return np.array(get_layout(self.layout).lead_names, dtype=object)[self._order()]

    def _order(self) -> list[int]:
        order = range(len(get_layout(self.layout).boxes))
        if self.lead_order == "lexicographic":
            return sorted(order, key=lambda box: str(box + 1))
        return list(order)

    def _check_more_parameters(self) -> None:
        check_size(self.size)
        get_layout(self.layout)
        if not is_integer(self.dilation) or self.dilation % 2 == 0:
            raise ValueError(f"dilation must be an odd number of pixels; got {self.dilation!r}.")


def _straight_sheet(
    picture: NDArray[np.uint8], layout: LeadLayout
) -> tuple[Image.Image, NDArray[np.intp]]:
    """Return the part of a sheet with all leads, upright as the layout is, and the boxes on it."""
    alignment = align_sheet(picture, layout)
    warn_without_grid(alignment)
    boxes = np.array(layout.boxes, dtype=np.intp)
    left, upper = boxes[:, :2].min(axis=0)
    right, lower = boxes[:, 2:].max(axis=0)
    part = straighten(
        picture, alignment, (left, upper, right, lower), alignment.layout_pixels_per_mm
    )
    return Image.fromarray(part), boxes - np.tile([left, upper], 2)
