"""Attribution of a prediction to the values of a sample."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import check_scalar
from torch import Tensor, nn

from .._limits import require_memory
from ..networks import Scaled
from ..samples import SampleView
from ..training import LeanNet
from ._classifier import as_array, unwrap
from ._grad_cam import grad_cam, spatial_layer
from ._side_features import SplitInput, shape_over_positions, with_side_features

_METHODS = ("integrated_gradients", "gradcam", "occlusion")


def saliency(
    clf: BaseEstimator,
    X: ArrayLike,
    target: object = None,
    *,
    method: Literal["integrated_gradients", "gradcam", "occlusion"] = "integrated_gradients",
    baseline: float | ArrayLike | None = None,
    n_steps: int = 50,
    window: int | tuple[int, ...] | None = None,
    layer: str | None = None,
    batch_size: int = 16,
) -> NDArray[np.floating]:
    """Attribute the output of a fitted classifier for a class to the values of samples.

    Requires captum: ``pip install "skecg[explain]"``.

    Parameters
    ----------
    clf : classifier
        A fitted classifier of this package, or a pipeline, search or ``FrozenEstimator`` that
        ends in one. In a pipeline, the attributions are those of the transformed `X`, the input of
        the classifier.
    X : array-like of shape (n_samples, ...)
        Samples, as for ``clf.predict``.
    target : label or array-like of n_samples labels, default=None
        Class whose logit (the output of the network before the softmax) is attributed. If None,
        the predicted class of each sample. With several labels at once, the number of a column of
        y; if None, the most probable label of each sample.
    method : {"integrated_gradients", "gradcam", "occlusion"}, default="integrated_gradients"
        Method of attribution.

        - ``"integrated_gradients"`` [1]_: the gradient, averaged along the straight line from
          the baseline to the sample, times the difference between them. The attributions of a
          sample sum to the difference between the logits of sample and baseline, up to the
          integration error.
        - ``"gradcam"`` [2]_: the sum of the feature maps of a layer, weighted by their mean
          gradients, with negative values set to zero. The values are linearly interpolated between
          the positions of the layer, and equal for all leads that share a position. Numbers beside
          a signal have no position, and get NaN.
        - ``"occlusion"`` [3]_: the decrease of the logit if a window is replaced by the baseline.
          Each of the numbers beside a signal is replaced alone.
    baseline : float or array-like, default=None
        Reference value or reference sample that represents the absence of a signal. If None, the
        mean of the training images if the classifier standardises its input, otherwise 0.
    n_steps : int, default=50
        Number of points of the integration (Gauss-Legendre).
    window : int or tuple of int, default=None
        Size of the occlusion window, which moves in steps of its size. A tuple gives the size
        along each axis of a signal or an image as the network reads it, (n_leads, n_timesteps) or
        (n_channels, height, width). An integer gives the size along time, or along both height and
        width. If None, a sixteenth of the duration, or an eighth of height and width. Unless given
        as a tuple, the window covers one lead, or all channels of images with 3 channels
        (colours).
    layer : str, default=None
        Name of the layer for Grad-CAM, as in ``clf.module_.named_modules()``. The positions of
        this layer are assumed to be evenly spaced over the input. If None, the attribute
        ``spatial_layer`` of the network is used.
    batch_size : int, default=16
        Number of samples per forward pass. Larger values are faster and need more memory.

    Returns
    -------
    attributions : ndarray of the shape of X
        Attributions in units of the logit, with the data type of the network's weights.

    Raises
    ------
    ImportError
        If captum is not installed.
    TypeError
        If `clf` is not a classifier of this package.
    ValueError
        If a target is not a class of the classifier, a parameter is out of range, the baseline or
        window does not fit the samples, or ``method="gradcam"`` is used without `layer` for a
        network without ``spatial_layer``.

    See Also
    --------
    SaliencyDisplay : Draws the attribution over a sample.
    attention_maps : Attention weights, of networks that have them.

    Notes
    -----
    Attributions are computed sample by sample, in evaluation mode and in the data type of the
    network's weights. Those of a sample do not depend on other samples, and two calls give
    identical results on the CPU. The network is not changed.

    References
    ----------
    .. [1] M. Sundararajan, A. Taly, Q. Yan, "Axiomatic attribution for deep networks", ICML 2017,
       arXiv:1703.01365.
    .. [2] R. R. Selvaraju et al., "Grad-CAM: Visual explanations from deep networks via
       gradient-based localization", ICCV 2017, section 3, arXiv:1610.02391.
    .. [3] M. D. Zeiler, R. Fergus, "Visualizing and understanding convolutional networks", ECCV
       2014, section 4.2, arXiv:1311.2901.

    Examples
    --------
    >>> from skecg import ECGResidualCNNClassifier
    >>> from skecg.datasets import make_beats
    >>> from skecg.inspection import saliency
    >>> beats = make_beats(100, random_state=0)
    >>> clf = ECGResidualCNNClassifier(max_epochs=1, random_state=0).fit(beats.data, beats.target)
    >>> saliency(clf, beats.data[:3]).shape
    (3, 187)
    """
    clf, X = unwrap(clf, X)
    if method not in _METHODS:
        raise ValueError(f"method must be one of {_METHODS}; got {method!r}")
    check_scalar(n_steps, "n_steps", int, min_val=1)
    check_scalar(batch_size, "batch_size", int, min_val=1)
    n_values = 8 * n_steps + batch_size  # the steps' weights; at most so many samples at once
    require_memory(8 * n_values, "the steps", "choose a smaller n_steps or batch_size")
    require_captum()
    with clf.open_network(X) as (net, samples), _gradients_of_recurrences(net.module_):
        codes = _target_codes(net, clf.classes_, samples, target)
        net.module_.eval()
        start = _baseline(net, baseline, samples.shape[1:])
        if method == "integrated_gradients":
            attribute = partial(
                _integrated_gradients, net.module_, start, n_steps=n_steps, batch_size=batch_size
            )
        elif method == "occlusion":
            sizes = _window(window, shape_over_positions(net.module_, samples.shape[1:]))
            attribute = partial(_occlusion, net.module_, start, sizes, batch_size=batch_size)
        else:
            attribute = partial(
                grad_cam, net.module_, spatial_layer(net.module_, layer), layer is not None
            )
        found = [attribute(x, code) for x, code in zip(_one_by_one(net, samples), codes)]
    return np.concatenate(found).reshape(np.shape(X))


def require_captum() -> None:
    """Raise an ImportError that says how to install captum if it is missing."""
    try:
        import captum  # noqa: F401
    except ImportError as error:
        raise ImportError(
            'saliency requires captum, which is not installed. Run: pip install "skecg[explain]"'
        ) from error


def _integrated_gradients(
    module: nn.Module, start: Tensor, x: Tensor, code: int, *, n_steps: int, batch_size: int
) -> NDArray[np.floating]:
    from captum.attr import IntegratedGradients

    found = IntegratedGradients(module).attribute(
        x, start, target=code, n_steps=n_steps, internal_batch_size=batch_size
    )
    return as_array(found)


def _occlusion(
    module: nn.Module,
    start: Tensor,
    sizes: tuple[int, ...],
    x: Tensor,
    code: int,
    *,
    batch_size: int,
) -> NDArray[np.floating]:
    from captum.attr import Occlusion

    network = with_side_features(module)
    split: nn.Module = module
    inputs: tuple[Tensor | None, ...] = (x,)
    windows: tuple[tuple[int, ...], ...] = (sizes,)
    baselines: tuple[Tensor | None, ...] = (start,)
    if network is not None:
        split, inputs, baselines = SplitInput(network), network.split(x), network.split(start)
        windows = (sizes, (1,))
    with torch.no_grad():
        found = Occlusion(split).attribute(
            inputs,
            windows,
            strides=windows,
            baselines=baselines,
            target=code,
            perturbations_per_eval=batch_size,
        )
    return as_array(torch.cat([part.flatten(1) for part in found], 1).to(x.dtype))


def _one_by_one(net: LeanNet, X: NDArray) -> Iterator[Tensor]:
    """Yield one sample after another, of shape (1, ...), on the device."""
    dtype = net.precision.weights
    for i in range(len(X)):
        yield torch.as_tensor(np.array(X[i : i + 1])).to(net.device, dtype)


def _target_codes(net: LeanNet, classes: NDArray, X: SampleView, target: object) -> list[int]:
    if target is None:
        return net.logits(X).argmax(1).tolist()
    labels = np.asarray(target)
    if labels.ndim == 0:
        labels = labels.repeat(len(X))
    if labels.shape != (len(X),):
        raise ValueError(
            f"target must be one label, or one label for each of the {len(X)} samples; got an "
            f"array of shape {labels.shape}"
        )
    codes = {label: code for code, label in enumerate(classes.tolist())}
    unknown = [label for label in labels.tolist() if label not in codes]
    if unknown:
        raise ValueError(f"target must be among the classes {list(codes)}; got {unknown[0]!r}")
    return [codes[label] for label in labels.tolist()]


def _baseline(net: LeanNet, baseline: object, shape: tuple[int, ...]) -> Tensor:
    if baseline is None:
        baseline = net.module_.mean.item() if isinstance(net.module_, Scaled) else 0.0
    value = torch.as_tensor(np.asarray(baseline)).to(net.device, net.precision.weights)
    if value.ndim == 0:
        return value.expand(1, *shape)
    if value.numel() != np.prod(shape):
        raise ValueError(
            f"baseline must be a number or one sample of shape {shape}; got an array of shape "
            f"{tuple(value.shape)}"
        )
    return value.reshape(1, *shape)


def _window(window: Any, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the size of the window along every axis of a sample."""
    is_image = len(shape) > 2
    n_inner = 2 if is_image else 1  # axes of space or time; the axes before them are leads
    outer = [1] * (len(shape) - n_inner)
    if is_image and shape[0] == 3:
        outer[0] = 3
    if window is None:
        inner = [-(-length // (8 if is_image else 16)) for length in shape[-n_inner:]]
        return (*outer, *inner)
    sizes = (*outer, *[window] * n_inner) if np.ndim(window) == 0 else tuple(window)
    if len(sizes) != len(shape) or not all(
        1 <= size <= length and int(size) == size for size, length in zip(sizes, shape)
    ):
        raise ValueError(
            f"window must be a positive integer, or {len(shape)} of them, not larger than the "
            f"network's input of shape {shape}; got {window!r}"
        )
    return tuple(int(size) for size in sizes)


@contextmanager
def _gradients_of_recurrences(module: nn.Module) -> Iterator[None]:
    """Disable cuDNN, which has no gradients of recurrent layers in evaluation mode."""
    if not any(isinstance(layer, nn.RNNBase) for layer in module.modules()):
        yield
        return
    with torch.backends.cudnn.flags(enabled=False):
        yield
