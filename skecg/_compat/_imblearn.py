"""Private names of imbalanced-learn, seen in 0.13.0 and 0.14.2; it is imported when needed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sklearn.utils import InputTags, Tags, TargetTags, get_tags


def sampler_tags(sampler: Any) -> Tags:
    """Return the tags of an estimator that lets a sampler resample data of any shape.

    imbalanced-learn has its own ``Tags``, ``InputTags`` and ``SamplerTags``, in
    ``imblearn.utils._tags``. Without them, scikit-learn's are extended by the same fields.
    """
    try:
        from imblearn.utils._tags import InputTags, SamplerTags, Tags
    except ImportError:
        Tags, InputTags, SamplerTags = _Tags, _InputTags, _SamplerTags
    inner = get_tags(sampler)
    chooses = getattr(inner, "sampler_tags", None)
    return Tags(
        estimator_type="sampler",
        target_tags=TargetTags(required=True),
        input_tags=InputTags(
            three_d_array=True,
            dataframe=True,
            allow_nan=inner.input_tags.allow_nan,
            string=inner.input_tags.string,
        ),
        sampler_tags=SamplerTags(sample_indices=bool(chooses and chooses.sample_indices)),
    )


@dataclass
class _SamplerTags:
    sample_indices: bool = False


@dataclass
class _InputTags(InputTags):
    dataframe: bool = False


@dataclass
class _Tags(Tags):
    input_tags: InputTags = field(default_factory=_InputTags)
    sampler_tags: _SamplerTags | None = None


def sampling_type(sampler: Any) -> str | None:
    """Return ``"over-sampling"``, ``"under-sampling"``, ``"clean-sampling"``, ... of a sampler.

    That is its ``_sampling_type``; without it, its base class tells. None for other estimators.
    """
    known = getattr(sampler, "_sampling_type", None)
    if known is not None:
        return known
    from imblearn.combine import SMOTEENN, SMOTETomek
    from imblearn.over_sampling.base import BaseOverSampler
    from imblearn.under_sampling.base import BaseCleaningSampler, BaseUnderSampler

    kinds = {
        "over-sampling": (BaseOverSampler, SMOTEENN, SMOTETomek),
        "clean-sampling": BaseCleaningSampler,
        "under-sampling": BaseUnderSampler,
    }
    return next((name for name, kind in kinds.items() if isinstance(sampler, kind)), None)


def works_as(sampler: Any, kind: type) -> bool:
    """Tell whether a sampler chooses its samples as a class of samplers does.

    A subclass may have a ``_fit_resample`` of its own. Where that is not the name of the method,
    only the class itself is known to.
    """
    of_kind = getattr(kind, "_fit_resample", None)
    if of_kind is None:
        return type(sampler) is kind
    return getattr(type(sampler), "_fit_resample", None) is of_kind
