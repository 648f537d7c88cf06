"""The warning about sheets that were placed without a grid."""

from __future__ import annotations

import warnings

from ..sheet import SheetAlignment


def warn_without_grid(alignment: SheetAlignment) -> None:
    """Warn where the rows of traces gave the place of a sheet, and not a grid."""
    if alignment.source != "grid":
        warnings.warn(
            "A sheet shows no grid and was placed by its rows of traces. Check that the layout is "
            "that of the sheet.",
            UserWarning,
            stacklevel=2,
        )
