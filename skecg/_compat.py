"""Private and experimental names of other libraries, in the one place that uses them."""

from __future__ import annotations

from sklearn.model_selection._search import BaseSearchCV
from sklearn.utils import _safe_indexing as safe_indexing
from sklearn.utils._param_validation import HasMethods, Hidden, Interval, StrOptions
from sklearn.utils.validation import _check_sample_weight as check_sample_weight
from sklearn.utils.validation import _num_samples as num_samples

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:  # scikit-learn before 1.9
    from collections.abc import Callable

    class CallbackSupportMixin:
        """Nothing: without ``set_callbacks`` no estimator has a callback."""

    def with_callbacks(method: Callable) -> Callable:
        """Return the method as it is."""
        return method


def cpu_has_bfloat16_units() -> bool:
    """Tell whether the CPU multiplies in bfloat16; False where PyTorch cannot be asked.

    Seen in PyTorch 2.4 to 2.13, as ``torch.cpu._is_avx512_bf16_supported`` and
    ``torch.cpu._is_amx_tile_supported``.
    """
    import torch

    names = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    probes = [getattr(torch.cpu, name, None) for name in names]
    return any(probe is not None and probe() for probe in probes)


__all__ = [
    "BaseSearchCV",
    "CallbackSupportMixin",
    "HasMethods",
    "Hidden",
    "Interval",
    "StrOptions",
    "check_sample_weight",
    "cpu_has_bfloat16_units",
    "num_samples",
    "safe_indexing",
    "with_callbacks",
]
