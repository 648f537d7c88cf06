"""Weights and groups of beats, passed to the classifier of beats."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils.metadata_routing import (
    MetadataRequest,
    get_routing_for_object,
    process_routing,
)
from sklearn.utils.validation import has_fit_parameter

from .._compat import BaseSearchCV, routing_enabled


def shared_weights(
    n_beats: NDArray[np.int64], sample_weight: NDArray[np.float64] | None
) -> NDArray[np.float64]:
    """Return the weight of a beat of each record if its beats share the record's weight.

    Parameters
    ----------
    n_beats : ndarray of int of shape (n_records,)
        Number of beats of each record.
    sample_weight : ndarray of shape (n_records,) or None
        Weights of the records.

    Returns
    -------
    ndarray of shape (n_records,)
        All beats together weigh the same as without sharing; 0 where there is no beat.
    """
    weights = np.ones(len(n_beats)) if sample_weight is None else sample_weight
    used = weights * (n_beats > 0)
    scale = (weights * n_beats).sum() / used.sum() if used.any() else 1.0
    return scale * used / np.maximum(n_beats, 1)


def fit_keywords(
    owner: BaseEstimator, classifier: BaseEstimator, metadata: dict[str, Any], own: set[str]
) -> dict[str, Any]:
    """Return the keywords for the ``fit`` of the classifier of beats.

    Parameters
    ----------
    owner : BeatVoteClassifier
        The router of the metadata.
    classifier : estimator
        The clone that will be fitted; it may be made to request what is in ``own``.
    metadata : dict
        Metadata of the beats; None where there is none.
    own : set of str
        Names of those that the user did not give, and so did not request.

    Returns
    -------
    dict
        What the classifier takes, under the names that its ``fit`` knows.

    Raises
    ------
    ValueError
        If the classifier cannot be given the weights, or stops early behind a sampler.

    Warns
    -----
    UserWarning
        If it stops early and cannot be given the groups.
    """
    if routing_enabled():
        keywords = _routed(owner, classifier, metadata, own)
    else:
        keywords = _placed(classifier, metadata)
    has_weights = any(name.endswith("sample_weight") for name in keywords)
    must_have_weights = metadata["sample_weight"] is not None and (
        "sample_weight" in own or not routing_enabled()
    )
    if must_have_weights and not has_weights:
        raise ValueError(
            f"the weights of the beats cannot be given to {type(classifier).__name__}: its fit "
            "takes no sample_weight, or a sampler before it cannot resample them. "
            "Omit sample_weight and set beat_weight='equal', or use another classifier"
        )
    _check_early_stopping(classifier, keywords)
    return keywords


def _routed(
    owner: BaseEstimator, classifier: BaseEstimator, metadata: dict[str, Any], own: set[str]
) -> dict[str, Any]:
    """Return the keywords with metadata routing enabled."""
    given = {name: value for name, value in metadata.items() if name not in own}
    keywords = dict(process_routing(owner, "fit", **given)["classifier"]["fit"])
    for name in sorted(own):
        if name not in keywords and _is_requested(classifier, name):
            keywords[name] = metadata[name]
    if _has_sampler(classifier):
        keywords.pop("groups", None)
    return keywords


def _is_requested(classifier: BaseEstimator, name: str) -> bool:
    """Tell whether a classifier requests metadata; if that was left open, request it."""
    last = classifier
    while isinstance(last, Pipeline):
        last = last.steps[-1][1]
    routing = get_routing_for_object(last)
    if isinstance(routing, MetadataRequest) and routing.fit.requests.get(name, False) is None:
        last.set_fit_request(**{name: True})
    return bool(get_routing_for_object(classifier).consumes("fit", [name]))


def _placed(classifier: BaseEstimator, metadata: dict[str, Any]) -> dict[str, Any]:
    """Return the keywords without metadata routing."""
    places = {name: _keyword(classifier, name) for name in ("sample_weight", "groups")}
    return {
        place: metadata[name]
        for name, place in places.items()
        if place is not None and metadata[name] is not None
    }


def _keyword(estimator: BaseEstimator, name: str) -> str | None:
    """Return the keyword under which the estimator's ``fit`` takes metadata, or None."""
    if isinstance(estimator, Pipeline):
        step, last = estimator.steps[-1]
        keyword = None if _has_sampler(estimator) else _keyword(last, name)
        return None if keyword is None else f"{step}__{keyword}"
    if isinstance(estimator, BaseSearchCV):
        # A search uses groups for its splitter.
        return name if name == "groups" else _keyword(estimator.estimator, name)
    return name if has_fit_parameter(estimator, name) else None


def _has_sampler(estimator: BaseEstimator) -> bool:
    """Tell whether there is a sampler before the last step of a pipeline."""
    if not isinstance(estimator, Pipeline):
        return False
    *before, (_, last) = estimator.steps
    return any(hasattr(step, "fit_resample") for _, step in before) or _has_sampler(last)


def _check_early_stopping(classifier: BaseEstimator, keywords: dict[str, Any]) -> None:
    """Refuse early stopping behind a sampler; warn if it may divide a record."""
    stopping = _early_stopping(classifier)
    if stopping and _has_sampler(classifier):
        raise ValueError(
            f"{stopping[0]}=True behind a sampler would validate on beats of records that it also "
            "trains on, because imbalanced-learn's pipeline cannot resample groups. Remove the "
            "sampler and give the classifier class_weight='balanced' or shuffle='balanced', or "
            "set early_stopping=False"
        )
    if routing_enabled() and "groups" in keywords:
        return
    reached = {name.removesuffix("groups") + "early_stopping" for name in keywords}
    for name in stopping:
        if name not in reached:
            warnings.warn(
                f"{name}=True of the classifier of beats validates on beats of records that it "
                "also trains on, because it cannot be given groups. Set it to False, or use a "
                "classifier of skecg, alone or as the last step of a pipeline",
                UserWarning,
                stacklevel=4,
            )


def _early_stopping(classifier: BaseEstimator) -> list[str]:
    """Return the parameters that turn early stopping on, of estimators that will be fitted."""
    if isinstance(classifier, FrozenEstimator):
        return []
    params = classifier.get_params()
    frozen = tuple(f"{name}__" for name, v in params.items() if isinstance(v, FrozenEstimator))
    return [
        name
        for name, value in params.items()
        if value is True
        and f"__{name}".endswith("__early_stopping")
        and not name.startswith(frozen)
    ]
