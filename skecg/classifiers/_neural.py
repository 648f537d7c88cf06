"""The classifier contract for a user's own network."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Self

from torch import nn

from ._base import BaseECGClassifier

# How one of the module's arguments is named in a parameter grid.
_PREFIX = "module_params__"


@dataclass(kw_only=True, eq=False, repr=False)
class ECGNeuralClassifier(BaseECGClassifier):
    r"""Any network of yours under the same contract.

    Parameters
    ----------
    module : class or callable
        A ``torch.nn.Module`` class, or a function that returns a new module. It is called with
        ``module_params`` and, where its signature names them, with ``input_shape`` (the shape of
        one sample) and ``n_classes``. The module maps a batch (n_samples, \*input_shape) of
        floating-point numbers to logits (n_samples, n_classes).
    module_params : dict or None, default=None
        Further arguments. A parameter grid sets all of them by ``module_params`` or one by its
        name, such as ``module_params__width``.

    Raises
    ------
    TypeError
        In ``fit``, if ``module`` is an instance. A fitted instance survives
        :func:`sklearn.base.clone` and carries what it learned from one fold's training samples
        into the next fold: cross-validation of pure noise then scores 1.00.

    See Also
    --------
    skecg.classifiers.BaseECGClassifier : For a classifier class of one's own.

    Examples
    --------
    >>> from torch import nn
    >>> from skecg import ECGNeuralClassifier
    >>> from skecg.datasets import make_beats
    >>> def one_hidden_layer(input_shape, n_classes, width=16):
    ...     return nn.Sequential(
    ...         nn.Linear(input_shape[0], width), nn.ReLU(), nn.Linear(width, n_classes)
    ...     )
    >>> beats = make_beats(200, random_state=0)
    >>> clf = ECGNeuralClassifier(one_hidden_layer, max_epochs=2, random_state=0)
    >>> clf.fit(beats.data, beats.target).embed(beats.data).shape
    (200, 16)
    """

    module: Callable[..., nn.Module] = field(kw_only=False)
    module_params: Mapping[str, Any] | None = None

    _parameter_constraints = {
        **BaseECGClassifier._parameter_constraints,
        # An instance is refused with its remedy, not as a wrong type.
        "module": "no_validation",
        "module_params": [dict, None],
    }

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters, with ``deep`` also each of ``module_params`` by its name."""
        params = super().get_params(deep=deep)
        if deep and isinstance(self.module_params, Mapping):
            params |= {_PREFIX + str(name): value for name, value in self.module_params.items()}
        return params

    def set_params(self, **params: Any) -> Self:
        """Set parameters; ``module_params__width=8`` sets one of ``module_params``."""
        named = {n.removeprefix(_PREFIX): params[n] for n in params if n.startswith(_PREFIX)}
        super().set_params(**{n: params[n] for n in params if not n.startswith(_PREFIX)})
        if named:
            self.module_params = {**(self.module_params or {}), **named}
        return self

    def _module_factory(
        self,
        input_shape: tuple[int, ...],
        n_classes: int,
        input_scale: tuple[float, float] | None,
    ) -> Callable[[], nn.Module]:
        module = self.module
        if isinstance(module, nn.Module):
            raise TypeError(
                f"module is an instance of {type(module).__name__}, which keeps its weights from "
                "one fit to the next and so leaks one fold's samples into another; pass the "
                f"class: module={type(module).__name__}, module_params={{...}}"
            )
        if not callable(module):
            raise TypeError(
                "module must be a torch.nn.Module class or a function that returns a module; "
                f"got {module!r}"
            )
        offered = {"input_shape": input_shape, "n_classes": n_classes}
        accepted = inspect.signature(module).parameters
        arguments = {name: value for name, value in offered.items() if name in accepted}
        return partial(module, **{**arguments, **(self.module_params or {})})
