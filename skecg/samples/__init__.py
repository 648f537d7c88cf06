"""Samples on their way to a network: views, checks, weights and batches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._checks import (
    check_groups,
    check_one_for_each,
    check_samples,
    check_samples_and_labels,
    dense_labels,
    without_zero_weights,
)
from ._sample_view import SampleView
from ._weights import (
    class_weights,
    combined_weights,
    given_weights,
    is_used,
    label_weights,
    scaled_weights,
)

if TYPE_CHECKING:
    from ._batches import Batches, as_tensor

__all__ = [
    "Batches",
    "SampleView",
    "as_tensor",
    "check_groups",
    "check_one_for_each",
    "check_samples",
    "check_samples_and_labels",
    "class_weights",
    "combined_weights",
    "dense_labels",
    "given_weights",
    "is_used",
    "label_weights",
    "scaled_weights",
    "without_zero_weights",
]


if not TYPE_CHECKING:  # a type checker would take every name for one of the package

    def __getattr__(name: str) -> object:
        if name in ("Batches", "as_tensor"):  # they alone need PyTorch
            from . import _batches

            return getattr(_batches, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
