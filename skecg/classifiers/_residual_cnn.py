"""Classifier on the residual network of Kachuee, Fazeli and Sarrafzadeh (2018)."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from numbers import Integral, Real
from typing import Literal

from sklearn.frozen import FrozenEstimator
from torch import nn

from .._compat import Interval, StrOptions
from ..networks import ResidualCNN
from ..training import ExponentialDecay
from ._network_arguments import network_arguments
from ._signals import BaseSignalClassifier


@dataclass(kw_only=True, eq=False, repr=False)
class ECGResidualCNNClassifier(BaseSignalClassifier):
    """Residual convolutional network on heartbeats.

    Takes signals of shape (n_samples, n_timesteps), read as one lead, or (n_samples, n_leads,
    n_timesteps), of any length, and numbers beside them with ``n_side_features``. Values of one
    lead should be of the order of 1, as beats scaled to [0, 1] are; the network scales several
    leads.

    The defaults are the published network with another training recipe: AdamW, batches of 128
    and one cycle of the learning rate reach in 30 epochs what the published recipe, Adam with a
    slowly falling rate, does not reach in as many (figures: ``benchmarks/results/beats.md``).
    :meth:`published` gives that one.

    Parameters
    ----------
    n_filters : int, default=32
        Filters of every convolution.
    kernel_size : int, default=5
        Odd length of every convolution, in samples.
    n_blocks : int, default=5
        Residual blocks; each halves the time resolution.
    n_hidden : int, default=32
        Width of the dense layers; also the number of features that ``embed`` returns.
    head : {"text", "figure"}, default="text"
        Two dense layers before the last one, as in the paper's text (55,013 weights for five
        classes on 187 samples), or one, as in its figure (53,957).
    dropout : float, default=0.0
        Dropout before every dense layer.

    See Also
    --------
    ECGNeuralClassifier : The same contract for a network of your own.

    References
    ----------
    M. Kachuee, S. Fazeli, M. Sarrafzadeh, "ECG Heartbeat Classification: A Deep Transferable
    Representation", IEEE ICHI 2018, doi:10.1109/ICHI.2018.00092, arXiv:1805.00794.

    Examples
    --------
    >>> from skecg import ECGResidualCNNClassifier
    >>> from skecg.datasets import make_beats
    >>> beats = make_beats(200, random_state=0)
    >>> clf = ECGResidualCNNClassifier(max_epochs=2, random_state=0)
    >>> clf.fit(beats.data, beats.target).n_parameters_
    55013
    >>> clf.predict_proba(beats.data[:3]).shape
    (3, 5)

    With a number beside each beat:

    >>> import numpy as np
    >>> ratio = np.random.default_rng(0).normal(size=(200, 1))  # of intervals, say; standardised
    >>> X = np.hstack([beats.data, ratio])
    >>> clf.set_params(n_side_features=1).fit(X, beats.target).n_parameters_
    55045
    """

    n_filters: int = 32
    kernel_size: int = 5
    n_blocks: int = 5
    n_hidden: int = 32
    head: Literal["text", "figure"] = "text"
    dropout: float = 0.0

    _parameter_constraints = {
        **BaseSignalClassifier._parameter_constraints,
        "n_filters": [Interval(Integral, 1, None, closed="left")],
        "kernel_size": [Interval(Integral, 1, None, closed="left")],
        "n_blocks": [Interval(Integral, 1, None, closed="left")],
        "n_hidden": [Interval(Integral, 1, None, closed="left")],
        "head": [StrOptions({"text", "figure"})],
        "dropout": [Interval(Real, 0, 1, closed="left")],
    }

    @classmethod
    def published(cls) -> ECGResidualCNNClassifier:
        """Return the classifier as published (section III).

        Adam with learning rate 0.001 and betas 0.9 and 0.999, multiplied by 0.75 over every
        10,000 steps, no weight decay. The paper gives neither batch size nor epochs; its
        reproductions use batches of 256 and 30 epochs, and so does this.
        """
        return cls(
            max_epochs=30,
            batch_size=256,
            learning_rate=1e-3,
            optimizer="adam",
            weight_decay=0.0,
            lr_schedule=ExponentialDecay(gamma=0.75, every=10_000),
        )

    @classmethod
    def published_transfer(
        cls, source: FrozenEstimator | str | os.PathLike
    ) -> ECGResidualCNNClassifier:
        """Return the classifier that carries a fitted one's convolutions to new classes.

        As the paper predicts myocardial infarction from a network fitted on arrhythmia (section
        III.C): all convolutions are frozen, and new dense layers of 32 learn from the 64 features
        that they compute, with a ReLU between, by the recipe of :meth:`published`.

        Parameters
        ----------
        source : FrozenEstimator or path-like
            The fitted classifier, in scikit-learn's ``FrozenEstimator``, or its file.
        """
        transfer = {"n_trainable_layers": 3, "reset_layers": "trainable"}
        return cls.published().set_params(init_from=source, **transfer)

    def _network_factory(
        self, n_leads: int, n_timesteps: int, n_classes: int, scale: float | None
    ) -> Callable[[], nn.Module]:
        arguments = network_arguments(self, ResidualCNN)
        return partial(ResidualCNN, n_leads, n_timesteps, n_classes, scale, **arguments)
