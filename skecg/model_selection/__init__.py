"""Splits by subject, groups of identical samples, reports of leakage, intervals by subject."""

from __future__ import annotations

from ._bootstrap import BootstrapInterval, bootstrap_interval
from ._de_chazal import DE_CHAZAL_DS1, DE_CHAZAL_DS2, PACED_RECORDS, inter_patient_split
from ._groups import content_groups, merge_groups
from ._groups import group_numbers as group_numbers
from ._leakage import LeakageError, LeakageReport, leakage_report

__all__ = [
    "DE_CHAZAL_DS1",
    "DE_CHAZAL_DS2",
    "PACED_RECORDS",
    "BootstrapInterval",
    "LeakageError",
    "LeakageReport",
    "bootstrap_interval",
    "content_groups",
    "inter_patient_split",
    "leakage_report",
    "merge_groups",
]
