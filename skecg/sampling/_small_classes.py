"""Fewer neighbours for classes with too few samples."""

from __future__ import annotations

import warnings
from numbers import Integral
from typing import Any

import numpy as np
from imblearn.combine import SMOTEENN, SMOTETomek
from imblearn.over_sampling import SMOTE, KMeansSMOTE
from imblearn.under_sampling import (
    AllKNN,
    EditedNearestNeighbours,
    NeighbourhoodCleaningRule,
    RepeatedEditedNearestNeighbours,
)
from imblearn.utils import check_sampling_strategy
from numpy.typing import ArrayLike, NDArray
from sklearn.neighbors import NearestNeighbors

from .._compat import sampling_type


class _NeighborsThatExist(NearestNeighbors):
    """At most as many neighbours as there are samples.

    SMOTE fits one estimator on each class in turn, so only a small class gets fewer.
    """

    def kneighbors(
        self,
        X: ArrayLike | None = None,
        n_neighbors: int | None = None,
        return_distance: bool = True,
    ) -> NDArray | tuple[NDArray, NDArray]:
        """Find the nearest neighbours, as NearestNeighbors does."""
        n_neighbors = min(n_neighbors or self.n_neighbors, self.n_samples_fit_)
        return super().kneighbors(X, n_neighbors, return_distance)


# Their neighbours are searched among all samples, not within a class.
_AMONG_ALL = (
    AllKNN,
    EditedNearestNeighbours,
    NeighbourhoodCleaningRule,
    RepeatedEditedNearestNeighbours,
)


def lower_neighbors(sampler: Any, y: NDArray, on_small_class: str) -> None:
    """Lower the numbers of neighbours in a sampler that are too high for y; warn or raise."""
    if isinstance(sampler, SMOTEENN | SMOTETomek) and sampler.smote is None:
        strategy, seed = sampler.sampling_strategy, sampler.random_state
        sampler.set_params(smote=SMOTE(sampling_strategy=strategy, random_state=seed))
    nested = [v for v in sampler.get_params(deep=False).values() if hasattr(v, "fit_resample")]
    notes = []
    for owner in (sampler, *nested):
        for name in ("k_neighbors", "m_neighbors", "n_neighbors"):
            value = getattr(owner, name, None)
            is_number = isinstance(value, Integral) or hasattr(value, "n_neighbors")
            if is_number and sampling_type(owner) is not None:
                notes += _lower(owner, name, y, on_small_class)
    if notes:
        warnings.warn("; ".join(notes), UserWarning, stacklevel=4)


def _lower(owner: Any, name: str, y: NDArray, on_small_class: str) -> list[str]:
    """Lower one number of neighbours if it is too high; return the notes for the warning."""
    value = getattr(owner, name)
    makes_samples = sampling_type(owner) == "over-sampling"
    among_all = name == "m_neighbors" or isinstance(owner, _AMONG_ALL)
    # The nearest neighbour of a sample is itself, unless another class is searched.
    itself = int(makes_samples or among_all)
    k = int(value) if isinstance(value, Integral) else value.n_neighbors - itself
    sets = {"the data": len(y)} if among_all else _searched_classes(owner, y)
    small = {called: n for called, n in sets.items() if n < k + itself}
    if not small:
        return []
    asked = f"{type(owner).__name__}({name}={k})"
    if on_small_class == "raise":
        found = ", ".join(f"{called} has {n}" for called, n in small.items())
        raise ValueError(
            f"{asked} needs {k + itself} samples to search for neighbours, but {found}: lower "
            f"{name}, omit the class from sampling_strategy, or set on_small_class='reduce'"
        )
    notes: dict[str, str] = {}
    if single := [called for called, n in small.items() if n == itself]:
        _leave_out(owner, single, y)
        notes |= dict.fromkeys(single, f"{asked} does not resample it")
    if few := {called: n - itself for called, n in small.items() if called not in single}:
        if name == "k_neighbors" and _let_classes_differ(owner, value):
            notes |= {called: f"{asked} uses {name}={n} for it" for called, n in few.items()}
        else:
            lowest = min(few.values())
            is_number = isinstance(value, Integral)
            at = name if is_number else f"{name}__n_neighbors"
            owner.set_params(**{at: lowest if is_number else lowest + itself})
            notes |= dict.fromkeys(few, f"{asked} uses {name}={lowest}")
    return [
        f"{called} has {sets[called]} sample{'s' * (sets[called] > 1)}: {note}"
        for called, note in notes.items()
    ]


def _let_classes_differ(owner: Any, value: Any) -> bool:
    """Give each class as many neighbours as it has, if the sampler can do that."""
    if isinstance(owner, KMeansSMOTE):
        return False
    if isinstance(value, Integral):
        owner.set_params(k_neighbors=_NeighborsThatExist(n_neighbors=value + 1))
    elif type(value) is NearestNeighbors:
        owner.set_params(k_neighbors=_NeighborsThatExist(**value.get_params()))
    else:
        return False
    return True


def _searched_classes(owner: Any, y: NDArray) -> dict[str, int]:
    """Return the sizes of the classes in which a sampler searches for neighbours."""
    labels, counts = np.unique(y, return_counts=True)
    if sampling_type(owner) != "over-sampling":
        smallest = counts.argmin()
        labels, counts = labels[[smallest]], counts[[smallest]]
        return dict(zip(map(_called, labels.tolist()), counts.tolist()))
    strategy = check_sampling_strategy(owner.sampling_strategy, y, sampling_type(owner))
    return {
        _called(label): n
        for label, n in zip(labels.tolist(), counts.tolist())
        if strategy.get(label, 0) > 0
    }


def _leave_out(owner: Any, classes: list[str], y: NDArray) -> None:
    """Omit classes from those that an over-sampler fills up."""
    strategy = check_sampling_strategy(owner.sampling_strategy, y, sampling_type(owner))
    owner.set_params(
        sampling_strategy={
            label: n + int(np.sum(y == label))
            for label, n in strategy.items()
            if _called(label) not in classes
        }
    )


def _called(label: Any) -> str:
    return f"class {label.item() if isinstance(label, np.generic) else label!r}"
