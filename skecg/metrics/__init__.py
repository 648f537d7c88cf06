"""Metrics of heartbeat classification, as ANSI/AAMI EC57 and the literature report them."""

from __future__ import annotations

from ._aami_labels import aami_labels, aami_order
from ._aami_report import AAMIReport, aami_report
from ._beat_comparison import BeatComparison, compare_beats
from ._fmax import fmax_score, fmax_scorer
from ._scorers import (
    aami_scorers,
    j_kappa_scorer,
    positive_predictivity_scorer,
    sensitivity_scorer,
)
from ._scores import j_kappa_score, positive_predictivity_score, sensitivity_score

__all__ = [
    "AAMIReport",
    "BeatComparison",
    "aami_labels",
    "aami_order",
    "aami_report",
    "aami_scorers",
    "compare_beats",
    "fmax_score",
    "fmax_scorer",
    "j_kappa_score",
    "j_kappa_scorer",
    "positive_predictivity_score",
    "positive_predictivity_scorer",
    "sensitivity_score",
    "sensitivity_scorer",
]
