"""What decides the result of a fit, in words and digests: two fits of one identity are the same."""

from __future__ import annotations

import hashlib
import json
import math
import re
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from .._version import __version__
from ..parallel import n_processes
from ..samples import SampleView
from ..storage import ValueWriter
from ..training import DIGEST, SCHEDULES, LeanNet, Precision
from ._parameters import TrainingParameters
from ._training_data import TrainingData
from ._transfer import resolve_source

_BYTES_PER_BLOCK = 2**24
_MOST_CHARACTERS = 60
# They do not decide the result, or are part of it in another form.
_LEFT_OUT = {
    "callbacks", "checkpoint_dir", "class_weight", "device", "init_from", "precision",
    "random_state", "verbose",
}  # fmt: skip


def fit_identity(
    params: TrainingParameters, data: TrainingData, net: LeanNet, seed: int
) -> dict[str, str]:
    """Return what decides the result of a fit, by names that a user knows.

    Parameters
    ----------
    params : TrainingParameters
        The classifier.
    data : TrainingData
        What it is fitted on.
    net : LeanNet
        The net, initialised.
    seed : int
        Drawn from ``random_state``; left out where that is None.

    Returns
    -------
    dict of {str: str}
        Short values as text, long ones as digests that begin with ``DIGEST``.
    """
    subjects = None
    if params.early_stopping and data.groups is not None:
        subjects = np.unique(data.groups, return_inverse=True)[1]
    classes = data.classes
    identity = {
        "class": f"{type(params).__module__}.{type(params).__qualname__}",
        "X": _digest(str(data.input_shape), data.X),
        "y": _digest(repr((classes.dtype, classes.tolist())), data.codes),
        "sample_weight or class_weight": _digest("", data.weights),
        "groups": _digest("", subjects),
        "init_from": _source(params.init_from),
        "random_state": str(None if params.random_state is None else seed),
        "device": torch.device(net.device).type,
        "precision": _formats(net.precision),
        "the network": _digest(_structure(net.module_)),
        "the number of processes": str(n_processes()),
        "the version of skecg": __version__,
        "the version of torch": torch.__version__,
    }
    for name, value in params.get_params(deep=False).items():
        if name not in _LEFT_OUT:
            identity[name] = _text(value, name)
    return identity


def _source(init_from: Any) -> str:
    if init_from is None:
        return "None"
    source = resolve_source(init_from)
    names = sorted(source.weights)  # a file has them in an order of its own
    arrays = [source.weights[name].detach().cpu().numpy() for name in names]
    return _digest(f"{names} {source.targets.describe(source.classes)}", *arrays)


def _formats(precision: Precision) -> str:
    formats = (precision.weights, precision.products or precision.weights)
    names = " with products in ".join(str(f).removeprefix("torch.") for f in dict.fromkeys(formats))
    return names if precision.in_prediction is None else f"{names}, also in prediction"


def _structure(module: nn.Module) -> str:
    tensors = {
        name: (str(tensor.dtype), tuple(tensor.shape), tensor.requires_grad)
        for name, tensor in (*module.named_parameters(), *module.named_buffers())
    }
    return f"{_without_addresses(repr(module))} {tensors}"


def _text(value: Any, name: str) -> str:
    writer = _ParameterWriter()
    text = json.dumps(writer.write(value, name), sort_keys=True)
    if writer.arrays or len(text) > _MOST_CHARACTERS:
        return _digest(text, *writer.arrays.values())
    return text


def _digest(text: str, *arrays: SampleView | np.ndarray | None) -> str:
    digest = hashlib.sha256(text.encode(errors="surrogatepass"))
    for array in arrays:
        if array is None:
            digest.update(b"None")
            continue
        digest.update(f"{array.dtype.str} {tuple(array.shape)}".encode())
        samples = np.atleast_1d(array) if isinstance(array, np.ndarray) else array
        n_bytes = samples.dtype.itemsize * math.prod(samples.shape[1:])
        n_rows = max(1, _BYTES_PER_BLOCK // max(1, n_bytes))
        for start in range(0, len(samples), n_rows):
            digest.update(np.ascontiguousarray(samples[start : start + n_rows]).view(np.uint8).data)
    return DIGEST + digest.hexdigest()


def _without_addresses(text: str) -> str:
    return re.sub(r" at 0x[0-9a-fA-F]+", "", text)


class _ParameterWriter(ValueWriter):
    """Writes parameters for comparison only: code by its name, objects by what they hold."""

    data_classes = SCHEDULES

    def write(self, value: Any, place: str) -> Any:
        return super().write(value.item() if isinstance(value, np.generic) else value, place)

    def write_other(self, value: Any, place: str) -> Any:
        if hasattr(value, "__qualname__"):
            return f"{value.__module__}.{value.__qualname__}"
        if isinstance(value, partial):
            return self.write([value.func, value.args, value.keywords], place)
        if isinstance(value, Tensor):
            return self.write(value.detach().cpu().numpy(), place)
        if isinstance(value, set | frozenset):
            return sorted(map(repr, value))
        if isinstance(value, nn.Module) or not getattr(value, "__dict__", None):
            return _without_addresses(repr(value))
        return [type(value).__qualname__, self.write(vars(value), place)]
