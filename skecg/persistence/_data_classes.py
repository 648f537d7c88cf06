"""The data classes that a file may hold, and what their fields must be."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from ..networks import TransferReport
from ..sheet import LeadLayout
from ..storage import ModelFileError
from ..training import SCHEDULES, Moments, TrainingFacts

DATA_CLASSES = (*SCHEDULES, LeadLayout, Moments, TrainingFacts, TransferReport)
# Layers of a report, boxes of a layout, milestones of a schedule: methods of these classes loop
# over them, or print them in a table as wide as the longest name.
_MAX_ITEMS = 1000
_MAX_NAME = 1000
_MAX_NUMBER = 2**53
_SHA256 = re.compile("[0-9a-f]{64}")


def check_data(value: Any) -> None:
    """Raise a ModelFileError unless the fields of a data class are sound and not too large."""
    if isinstance(value, SCHEDULES):
        sound = _is_schedule(value)
    elif isinstance(value, LeadLayout):
        sound = _is_layout(value)
    elif isinstance(value, TrainingFacts):
        sound = _are_facts(value)
    elif isinstance(value, Moments):
        sound = _are_moments(value)
    else:
        sound = _is_report(value)
    if not sound:
        raise ModelFileError(f"a {type(value).__name__} is broken or too large")


def _is_schedule(value: Any) -> bool:
    fields = dict(vars(value))
    milestones = fields.pop("milestones", ())
    if not (isinstance(milestones, tuple | list) and len(milestones) <= _MAX_ITEMS):
        return False
    if not all(_is_number(number) for number in (*milestones, *fields.values())):
        return False
    try:
        float(value(0, 10, 5))
    except (ArithmeticError, TypeError):
        return False
    return True


def _is_layout(layout: LeadLayout) -> bool:
    places = [layout.grid_box, layout.sheet_size]
    if not (len(layout.boxes) <= _MAX_ITEMS and _are_names(layout.lead_names)):
        return False
    numbers = [*layout.boxes, *(layout.traces or ()), *(p for p in places if p is not None)]
    scales = [layout.mm_per_second, layout.mm_per_mv, layout.pixels_per_mm or 1]
    return type(layout.source) is str and all(
        len(box) <= 4 and all(_is_number(edge) for edge in box) for box in (*numbers, scales)
    )


def _are_facts(facts: TrainingFacts) -> bool:
    counts, n_subjects, digest = facts.class_counts, facts.n_subjects, facts.subjects_sha256
    n = facts.n_multilabel
    return (
        type(counts) is tuple
        and all(type(n) is int and 0 <= n < _MAX_NUMBER for n in counts)
        and (n_subjects is None or (type(n_subjects) is int and 0 <= n_subjects < _MAX_NUMBER))
        and (n is None or (type(n) is int and max(counts, default=0) <= n < _MAX_NUMBER))
        and (digest is None or (type(digest) is str and bool(_SHA256.fullmatch(digest))))
    )


def _are_moments(moments: Moments) -> bool:
    """Tell whether the form is sound; the network that gets them checks shapes and values."""
    return (
        _are_names([moments.optimizer])
        and type(moments.by_weight) is tuple
        and all(type(each) is dict and _are_names(each) for each in moments.by_weight)
    )


def _is_report(report: TransferReport) -> bool:
    parts = (report.taken_over, report.drawn_anew, report.frozen)
    layers = report.n_weights
    return (
        type(report.source) is str
        and type(layers) is dict
        and 0 < len(layers) <= _MAX_ITEMS
        and _are_names(layers)
        and all(type(n) is int and 0 <= n < _MAX_NUMBER for n in layers.values())
        and all(type(part) is tuple and len(part) <= len(layers) for part in parts)
        and all(type(name) is str and name in layers for part in parts for name in part)
    )


def _are_names(names: Any) -> bool:
    return all(type(name) is str and len(name) <= _MAX_NAME for name in names)


def _is_number(value: Any) -> bool:
    # NaN compares as False.
    return isinstance(value, int | float | np.number) and bool(-_MAX_NUMBER < value < _MAX_NUMBER)
