"""Classifier on the convolutional network of the Technion project of 2023."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from numbers import Integral, Real
from typing import Literal

from sklearn.frozen import FrozenEstimator
from torch import nn

from .._compat import Interval, StrOptions
from ..networks import CNN
from ..training import MultiStep
from ._network_arguments import network_arguments
from ._signals import BaseSignalClassifier


@dataclass(kw_only=True, eq=False, repr=False)
class ECGCNNClassifier(BaseSignalClassifier):
    """Convolutional network on heartbeats: four convolutions and four dense layers.

    Takes signals of shape (n_samples, n_timesteps), read as one lead, or (n_samples, n_leads,
    n_timesteps), of any length, and numbers beside them with ``n_side_features``. Values of one
    lead should be of the order of 1, as beats scaled to [0, 1] are; the network scales several
    leads. Signals shorter than 29 samples are zero-padded at their end. Nine tenths of the weights
    are in the first dense layer, which grows with the length: 4.7 million weights for 187 samples,
    28 million for 1000; lower ``width`` for long signals, or resample them.

    The defaults are the published network with another training recipe: AdamW, batches of 128
    and one cycle of the learning rate over 12 epochs instead of Adam with a falling rate for as
    long as the validation loss falls. It takes a fixed and shorter time and holds no sample out.
    :meth:`published` gives the published recipe.

    Parameters
    ----------
    width : int, default=32
        Filters of the first convolution; the others have 2, 4 and 8 times as many.
    hidden_layer_sizes : sequence of int, default=(1024, 256, 32)
        Widths of the dense layers before the last one; the last of them is also the number of
        features that ``embed`` returns.
    norm : {"batch", "group"} or None, default="batch"
        Normalisation after the convolutions. Batch statistics count every sample of a batch once,
        whatever its weight; with ``"group"`` a sample of weight 2 is as good as two samples.
    dropout : float, default=0.3
        Dropout before every dense layer.

    See Also
    --------
    ECGResidualCNNClassifier : A hundredth of the weights, without batch normalisation.
    skecg.networks.CNN : The network.

    References
    ----------
    G. Altshuler, "ECG classification", course project 046211, Technion, 2023,
    https://github.com/gilad-altshuler/ECG-classification.

    Examples
    --------
    >>> from skecg import ECGCNNClassifier
    >>> from skecg.datasets import make_beats
    >>> beats = make_beats(200, random_state=0)
    >>> clf = ECGCNNClassifier(max_epochs=1, random_state=0)
    >>> clf.fit(beats.data, beats.target).n_parameters_
    5125125
    >>> clf.embed(beats.data[:3]).shape
    (3, 32)
    """

    max_epochs: int = 12
    learning_rate: float = 1e-3
    width: int = 32
    hidden_layer_sizes: Sequence[int] = (1024, 256, 32)
    norm: Literal["batch", "group"] | None = "batch"
    dropout: float = 0.3

    _parameter_constraints = {
        **BaseSignalClassifier._parameter_constraints,
        "width": [Interval(Integral, 1, None, closed="left")],
        "hidden_layer_sizes": [tuple, list],
        "norm": [StrOptions({"batch", "group"}), None],
        "dropout": [Interval(Real, 0, 1, closed="left")],
    }

    @classmethod
    def published(cls) -> ECGCNNClassifier:
        """Return the classifier as published (5,125,125 weights for 5 classes on 187 samples).

        The recipe of the published notebook: Adam with learning rate 0.0001, batches of 64, plain
        cross-entropy, up to 200 epochs with 20 % of the samples held out, and a stop when their
        loss has not fallen for 10 epochs. The rate is halved after epochs 7, 13, 19, ..., 79: as
        published, a scheduler that waits 5 epochs for its value to fall is given the validation
        accuracy, which rises, and leaves out changes below 1e-8.

        Differences: the published run keeps the last epoch's weights, this the best one's; it does
        not count a fall of the loss by less than 0.0001, this counts every one; its held-out
        samples are drawn at random, these by class, or by subject with ``groups``.

        The authors' later report chose otherwise: RMSprop with learning rate 0.0003 and weight
        decay 0.0002, batches of 87 and classes of equal weight. That is
        ``published().set_params(optimizer="rmsprop", learning_rate=3e-4, weight_decay=2e-4,
        batch_size=87, class_weight="balanced")``.
        """
        return cls(
            max_epochs=200,
            batch_size=64,
            learning_rate=1e-4,
            optimizer="adam",
            weight_decay=0.0,
            lr_schedule=MultiStep(tuple(range(7, 80, 6)), gamma=0.5),
            early_stopping=True,
            validation_fraction=0.2,
            patience=10,
        )

    @classmethod
    def published_transfer(
        cls, source: FrozenEstimator | str | os.PathLike, n_trainable_layers: int = 4
    ) -> ECGCNNClassifier:
        """Return the classifier that carries a fitted one to new classes, as published.

        Everything is frozen but the last ``n_trainable_layers`` dense layers, which are drawn anew
        and learn by the recipe of :meth:`published`. The statistics of the frozen normalisations
        follow the new beats, as they did in the published run.

        Parameters
        ----------
        source : FrozenEstimator or path-like
            The fitted classifier, in scikit-learn's ``FrozenEstimator``, or its file.
        n_trainable_layers : int, default=4
            1 to 4 in the publication, where 4 came out best.
        """
        return cls.published().set_params(
            init_from=source,
            n_trainable_layers=n_trainable_layers,
            reset_layers="trainable",
            freeze_statistics=False,
        )

    def _network_factory(
        self, n_leads: int, n_timesteps: int, n_classes: int, scale: float | None
    ) -> Callable[[], nn.Module]:
        sizes = _check_sizes(self.hidden_layer_sizes)
        arguments = {**network_arguments(self, CNN), "hidden_layer_sizes": sizes}
        return partial(CNN, n_leads, n_timesteps, n_classes, scale, **arguments)


def _check_sizes(hidden_layer_sizes: Sequence[int]) -> tuple[int, ...]:
    sizes = tuple(hidden_layer_sizes)
    if any(isinstance(n, bool) or not isinstance(n, Integral) or n < 1 for n in sizes):
        raise ValueError(
            "hidden_layer_sizes must be positive integers, one for each dense layer before the "
            f"last one; got {hidden_layer_sizes!r}"
        )
    return tuple(int(n) for n in sizes)
