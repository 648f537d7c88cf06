"""The forms in which every loader returns its data."""

from __future__ import annotations

from sklearn.utils import Bunch


def as_requested(bunch: Bunch, return_X_y: bool, return_X_y_groups: bool) -> Bunch | tuple:
    """Return the bunch, ``(data, target)`` or ``(data, target, groups)``."""
    if return_X_y_groups:
        return bunch.data, bunch.target, bunch.groups
    return (bunch.data, bunch.target) if return_X_y else bunch
