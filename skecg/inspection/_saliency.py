"""Which values of a sample a decision rests on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Literal

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import check_scalar
from torch import Tensor, nn

from ..networks import Scaled
from ..samples import SampleView
from ..training import LeanNet
from ._classifier import as_array, unwrap
from ._grad_cam import grad_cam, spatial_layer

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
    """Attribute a classifier's output for a class to the values of samples.

    Needs captum: ``pip install "skecg[explain]"``.

    Parameters
    ----------
    clf : classifier
        A fitted classifier of this package, or a pipeline, search or ``FrozenEstimator`` that
        ends in one. Before a pipeline's last step X is transformed; the attributions are those of
        the transformed X.
    X : array-like of shape (n_samples, ...)
        Samples as ``clf.predict`` takes them.
    target : label or array-like of n_samples labels, default=None
        Class whose logit (the network's output before the softmax) is attributed. None is every
        sample's predicted class.
    method : {"integrated_gradients", "gradcam", "occlusion"}, default="integrated_gradients"
        ``"integrated_gradients"`` [1]_: the gradient times the difference to the baseline, meaned
        along the straight line between them. The attributions of a sample sum to the difference of
        the logits of sample and baseline, up to the error of ``n_steps``.
        ``"gradcam"`` [2]_: the feature maps of a layer, weighted by their mean gradients and
        summed; what is negative is set to zero. Linearly interpolated between the layer's
        positions, and the same for leads that the layer does not tell apart.
        ``"occlusion"`` [3]_: the fall of the logit when a window is replaced by the baseline.
    baseline : float or array-like, default=None
        What "nothing" is: a value, or a sample. None is what the network proper reads as zeros:
        the training images' mean where the classifier standardises, else 0.
    n_steps : int, default=50
        Points of the integral (Gauss-Legendre).
    window : int or tuple of int, default=None
        Window of the occlusion: its size along every axis of a sample as the network reads it,
        (n_leads, n_timesteps) or (n_channels, height, width); or one number, the size along time
        or along height and width. It moves by its own size. By default it is a sixteenth of the
        duration or an eighth of height and width, and covers one lead, or all channels of images
        of 3 channels, which are colours.
    layer : str, default=None
        Name of the layer for Grad-CAM, as in ``clf.module_.named_modules()``. None is the layer
        that the network names, ``spatial_layer``. The positions of a layer given by name are
        taken to lie evenly over the input.
    batch_size : int, default=16
        Samples that go through the network at once; more are faster and need more memory.

    Returns
    -------
    ndarray of the shape of X
        Attributions, in the number format of the network's weights. Units are those of a logit.

    Raises
    ------
    ImportError
        If captum is missing.
    TypeError
        If ``clf`` is no classifier of this package.
    ValueError
        If a target is no class of the classifier, a parameter is out of its range, the baseline
        or window does not fit the samples, or ``method="gradcam"`` meets a network without a
        layer that keeps positions.

    Notes
    -----
    Computed sample by sample in evaluation mode and in the number format of the network's weights:
    a sample's attributions do not depend on the others, and two calls give the same bits on the
    CPU. The network is left as it was.

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
            sizes = _window(window, samples.shape[1:])
            attribute = partial(_occlusion, net.module_, start, sizes, batch_size=batch_size)
        else:
            attribute = partial(
                grad_cam, net.module_, spatial_layer(net.module_, layer), layer is not None
            )
        found = [attribute(x, code) for x, code in zip(_one_by_one(net, samples), codes)]
    return np.concatenate(found).reshape(np.shape(X))


def require_captum() -> None:
    """Raise an error that says how to install captum where it is missing."""
    try:
        import captum  # noqa: F401
    except ImportError as error:
        raise ImportError(
            'saliency needs captum, which is not installed; pip install "skecg[explain]"'
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

    with torch.no_grad():
        found = Occlusion(module).attribute(
            x, sizes, strides=sizes, baselines=start, target=code, perturbations_per_eval=batch_size
        )
    return as_array(found.to(x.dtype))


def _one_by_one(net: LeanNet, X: NDArray) -> Iterator[Tensor]:
    """Yield the samples one by one, (1, ...), on the device."""
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
            f"target must be one label or one for each of the {len(X)} samples; got an array of "
            f"shape {labels.shape}"
        )
    codes = {label: code for code, label in enumerate(classes.tolist())}
    unknown = [label for label in labels.tolist() if label not in codes]
    if unknown:
        raise ValueError(f"target {unknown[0]!r} is none of the classes {list(codes)}")
    return [codes[label] for label in labels.tolist()]


def _baseline(net: LeanNet, baseline: object, shape: tuple[int, ...]) -> Tensor:
    if baseline is None:
        baseline = net.module_.mean.item() if isinstance(net.module_, Scaled) else 0.0
    value = torch.as_tensor(np.asarray(baseline)).to(net.device, net.precision.weights)
    if value.ndim == 0:
        return value.expand(1, *shape)
    if value.numel() != np.prod(shape):
        raise ValueError(
            f"baseline must be a number or one sample; the network reads samples of shape {shape}, "
            f"got an array of shape {tuple(value.shape)}"
        )
    return value.reshape(1, *shape)


def _window(window: int | tuple[int, ...] | None, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the size of the window along every axis of a sample."""
    is_image = len(shape) > 2
    n_inner = 2 if is_image else 1  # axes of space or of time; those before are of leads
    outer = [1] * (len(shape) - n_inner)
    if is_image and shape[0] == 3:
        outer[0] = 3
    if window is None:
        inner = [-(-length // (8 if is_image else 16)) for length in shape[-n_inner:]]
        return (*outer, *inner)
    if np.ndim(window) == 0:
        sizes = (*outer, *[window] * n_inner)
    else:
        sizes = tuple(window)
    if len(sizes) != len(shape) or not all(
        int(size) == size and 1 <= size <= length for size, length in zip(sizes, shape)
    ):
        raise ValueError(
            f"window must be a positive integer, or {len(shape)} of them, that fits samples of "
            f"shape {shape}, as the network reads them; got {window!r}"
        )
    return tuple(int(size) for size in sizes)


@contextmanager
def _gradients_of_recurrences(module: nn.Module) -> Iterator[None]:
    """Let gradients pass recurrent layers in evaluation mode, which cuDNN refuses."""
    if not any(isinstance(layer, nn.RNNBase) for layer in module.modules()):
        yield
        return
    with torch.backends.cudnn.flags(enabled=False):
        yield
