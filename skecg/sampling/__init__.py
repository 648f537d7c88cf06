"""Resampling of classes: any sampler of imbalanced-learn on data of any shape."""

from __future__ import annotations

from ._nd_sampler import NDSampler

__all__ = ["NDSampler"]
