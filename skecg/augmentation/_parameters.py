"""The ``augment`` of a classifier: one augmentation or several, and their parameters by name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor

from ._base import Augmentation

_Step = Callable[[Tensor], Tensor]
Augment = _Step | list[_Step] | tuple[_Step, ...] | None


def augmentation_steps(augment: Augment) -> tuple[_Step, ...]:
    """Return what a batch goes through, one after the other.

    Parameters
    ----------
    augment : callable, list of callables or None
        As a user gives it.

    Raises
    ------
    TypeError
        If one of them is not callable, or is a class.
    ValueError
        If a parameter of one is out of its range.
    """
    if augment is None:
        return ()
    is_list = isinstance(augment, list | tuple)
    steps = tuple(augment) if isinstance(augment, list | tuple) else (augment,)
    for i, step in enumerate(steps):
        name = f"augment[{i}]" if is_list else "augment"
        if isinstance(step, type):
            raise TypeError(
                f"{name} is the class {step.__name__}; give one of it, {step.__name__}()"
            )
        if not callable(step) and not hasattr(step, "mix"):
            raise TypeError(
                f"{name} must be a callable that maps a batch to a batch, such as one of "
                f"skecg.augmentation; got {step!r}"
            )
        if isinstance(step, Augmentation):
            step.check_parameters()
    return steps


def step_name(step: Any) -> str:
    """Return how an augmentation is called in errors and pictures: by its name or parameters."""
    return getattr(step, "__qualname__", None) or repr(step)


def step_params(augment: Augment) -> dict[str, Any]:
    """Return the parameters of the augmentations in a list, such as ``shift__limit``."""
    return {
        f"{name}__{key}": value
        for name, step in _named(augment).items()
        for key, value in step.get_params().items()
    }


def set_step_params(augment: Augment, params: Mapping[str, Any]) -> None:
    """Set parameters of the augmentations in a list by the names of :func:`step_params`.

    Raises
    ------
    ValueError
        If there is no such augmentation, or it has no such parameter.
    """
    named = _named(augment)
    for key, value in params.items():
        name, _, parameter = key.partition("__")
        if name not in named or not parameter:
            known = sorted(step_params(augment))
            raise ValueError(f"augment has no parameter {key!r}; its parameters are {known}")
        named[name].set_params(**{parameter: value})


def _named(augment: Augment) -> dict[str, Any]:
    """Return those in a list that have parameters, by class, as ``make_pipeline`` names steps."""
    if not isinstance(augment, list | tuple):
        return {}
    steps = [step for step in augment if hasattr(step, "get_params") and not isinstance(step, type)]
    names = [type(step).__name__.lower() for step in steps]
    repeated = {name for name, n in Counter(names).items() if n > 1}
    seen: Counter[str] = Counter()
    named = {}
    for name, step in zip(names, steps):
        seen[name] += 1
        named[f"{name}-{seen[name]}" if name in repeated else name] = step
    return named
