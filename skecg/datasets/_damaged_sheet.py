"""Damage of synthetic sheets: what is drawn for each kind, and the order in which it happens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._sheet_damage import (
    Picture,
    blur,
    desk,
    fit,
    in_grey,
    jpeg,
    perspective,
    photograph,
    rescale,
    rotation,
    shadow,
    without_grid,
)

# From the printer to the file: the order in which they happen, whatever that of the names.
DAMAGES = (
    *("no-grid", "grey-grid"),
    *("rotation", "perspective", "desk"),
    *("dpi", "shadow", "blur", "jpeg"),
)


def check_damage(damage: str | Sequence[str] | None) -> tuple[str, ...]:
    """Return the names in the order in which they happen."""
    names = () if damage is None else (damage,) if isinstance(damage, str) else damage
    try:
        unknown: set[Any] = {*names} - {*DAMAGES}
    except TypeError:
        unknown = {None}
    if unknown:
        raise ValueError(
            f"damage must be None, one of {', '.join(map(repr, DAMAGES))}, or a sequence of them; "
            f"got {damage!r}."
        )
    return tuple(name for name in DAMAGES if name in names)


def draw_damage(names: Sequence[str], seed: int) -> dict[str, Any]:
    """Draw the parameters of each kind, which do not depend on what else happens."""
    drawn = {}
    for name in names:
        rng = np.random.RandomState([DAMAGES.index(name), seed])
        drawn[name] = _DRAW[name](rng)
    return drawn


def _signed(rng: np.random.RandomState, low: float, high: float) -> float:
    return float(rng.choice([-1, 1]) * rng.uniform(low, high))


_DRAW = {
    "no-grid": lambda rng: True,
    "grey-grid": lambda rng: True,
    "rotation": lambda rng: _signed(rng, 1, 5),  # degrees, clockwise
    "perspective": lambda rng: (_signed(rng, 1, 5), _signed(rng, 1, 5)),  # degrees back, sidewards
    "desk": lambda rng: {
        "margins": tuple(rng.uniform(0.02, 0.1, 4).tolist()),  # widths of the sheet
        "colour": tuple((rng.uniform(50, 120) * np.array([1.2, 1.0, 0.8])).tolist()),
        "seed": int(rng.randint(np.iinfo(np.int32).max)),
    },
    "dpi": lambda rng: float(np.exp(rng.uniform(np.log(100), np.log(600)))),
    "shadow": lambda rng: {
        "light": float(rng.uniform(0.4, 0.7)),  # share that is left where it is darkest
        "degrees": float(rng.uniform(0, 360)),
        "edge": float(rng.uniform(-0.3, 0.3)),
    },
    "blur": lambda rng: float(rng.uniform(0.12, 0.25)),  # standard deviation in mm
    "jpeg": lambda rng: int(rng.randint(15, 41)),  # quality
}


def damage_sheet(
    sheet: Picture, drawn: dict[str, Any], pixels_per_mm: float
) -> tuple[Picture, NDArray[np.float64]]:
    """Return the picture of a sheet, and the matrix from pixels of the sheet to the picture."""
    picture, matrix = sheet, np.eye(3)
    if "no-grid" in drawn:
        picture = without_grid(picture)
    if "grey-grid" in drawn:
        picture = in_grey(picture)
    if drawn.keys() & {"rotation", "perspective", "desk"}:
        picture, matrix = _photographed(picture, drawn)
    if "dpi" in drawn:
        factor = drawn["dpi"] / (25.4 * pixels_per_mm)
        height, width = picture.shape[:2]
        size = max(1, round(width * factor)), max(1, round(height * factor))
        picture = rescale(picture, size)
        matrix = np.diag([size[0] / width, size[1] / height, 1.0]) @ matrix
        pixels_per_mm *= factor
    if "shadow" in drawn:
        picture = shadow(picture, **drawn["shadow"])
    if "blur" in drawn:
        picture = blur(picture, drawn["blur"] * pixels_per_mm)
    if "jpeg" in drawn:
        picture = jpeg(picture, drawn["jpeg"])
    return picture, matrix


def _photographed(picture: Picture, drawn: dict[str, Any]) -> tuple[Picture, NDArray[np.float64]]:
    """Lay the sheet on white paper, as a scanner does, or on a desk."""
    size = picture.shape[1], picture.shape[0]
    matrix = rotation(size, drawn.get("rotation", 0.0))
    matrix = perspective(size, drawn.get("perspective", (0.0, 0.0))) @ matrix
    on = drawn.get("desk")
    margins = tuple(size[0] * margin for margin in on["margins"]) if on else (0.0,) * 4
    matrix, (width, height) = fit(matrix, size, margins)
    if on:
        surround = desk((width, height), on["colour"], on["seed"])
    else:
        surround = np.full((height, width, 3), 255, np.uint8)
    return photograph(picture, matrix, surround), matrix
