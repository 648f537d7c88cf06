"""The parameters that all classifiers share, and what each classifier says of its network."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, Literal, Self

import numpy as np
from sklearn.frozen import FrozenEstimator
from skorch.callbacks import Callback
from torch import nn
from torch.optim import Optimizer

from .._compat import HasMethods, Hidden, Interval, StrOptions
from .._estimators import Estimator, check_parts
from .._shared_docs import share_docstring
from ..augmentation import Augment, set_step_params, step_params
from ..samples import SampleView
from ..training import Schedule

_AUGMENT = "augment__"


# A data class, so that the parameters common to all classifiers are written down once and every
# classifier's __init__ still has the explicit signature that scikit-learn reads.
@dataclass(kw_only=True, eq=False, repr=False)
class TrainingParameters(Estimator):
    """The parameters that all classifiers share.

    A classifier adds the parameters of its network and ``_module_factory``, which builds it.

    Parameters
    ----------
    max_epochs : int, default=30
        Passes over the training samples.
    batch_size : int, default=128
        Samples per optimiser step; the last batch of an epoch may be shorter.
    learning_rate : float, default=3e-3
        Highest learning rate.
    optimizer : {"adam", "adamw", "adamax", "rmsprop", "sgd"} or callable, default="adamw"
        Name, optimiser class or ``functools.partial`` of one, called with the weights, ``lr``
        and ``weight_decay``. ``"sgd"`` has Nesterov momentum 0.9.
    weight_decay : float, default=0.01
        Decay of the weights, as the optimiser understands it.
    lr_schedule : {"one-cycle", "cosine"}, callable or None, default="one-cycle"
        The learning rate's course, see :mod:`skecg.training`; None keeps it constant.
    gradient_clip : float or None, default=None
        Largest norm of the gradient over all weights.
    shuffle : bool, "once" or "balanced", default=True
        Draw a new order of the samples for every epoch, or one order for all epochs; False keeps
        the order of X. ``"balanced"`` draws for every epoch as many samples as there are, equally
        many of each class in every batch: samples of a rare class are drawn several times, of a
        frequent class only some are drawn. Nothing is copied, and unlike class weights it makes no
        step large. It needs one class for each sample.
    augment : callable, list of callables or None, default=None
        Random changes of the training samples, batch by batch on the device, one after the other:
        those of :mod:`skecg.augmentation`, or functions that map a batch, a tensor of the shape
        (n_samples, ...) that the network reads, to one of the same shape. Values beside a signal
        (``n_side_features``) are left out of the batch that they get. Held-out samples and
        predictions are not changed.
    average_weights : {"ema", "swa"} or None, default=None
        Predict with an average of the weights. ``"ema"``: an exponential average over the optimiser
        steps, which forgets after 1000 steps or, earlier, after a ninth of those done. ``"swa"``:
        the mean over the weights after each epoch of the last quarter, which were meant for a
        ``lr_schedule`` that stays high, such as None. Early stopping and callbacks that see the end
        of an epoch judge the average. Batch normalisations get the statistics of the training
        samples under the average, for one more pass, without augmentation, at the end, or after
        every epoch that something judges. ``partial_fit`` starts from the average and does not
        average.
    class_weight : "balanced", dict {label: weight}, list of dict or None, default=None
        Weights of the classes; multiplied with ``sample_weight``. With several labels at once, a
        list of one dict {0: weight, 1: weight} for each column of y, in their order; there
        ``"balanced"`` weighs each label's n1 samples that have it by n / (2 n1) and the n0 that do
        not by n / (2 n0), which gives both the same sum.
    early_stopping : bool, default=False
        Hold out part of the training samples, stop when their loss has not fallen for
        ``patience`` epochs, and restore the best epoch's weights. With ``groups`` in ``fit`` no
        subject is in both parts; without ``groups`` a warning says that subjects may be divided.
        The part is stratified by class, or iteratively by the labels of a y of several columns.
        False trains on every sample.
    validation_fraction : float, default=0.1
        Part of the training samples to hold out for early stopping.
    patience : int, default=10
        Epochs without a lower validation loss.
    init_from : FrozenEstimator, path-like or None, default=None
        A fitted classifier to start from, as ``FrozenEstimator(classifier)`` (scikit-learn's
        ``clone`` would return a bare one unfitted), or a pipeline that ends in one, or a vote or a
        ``BeatAnnotator`` that has fitted one; or a file of :func:`skecg.save`, such as
        ``skecg.pretrained_path("mitbih-aami")``. Layers are matched by name and shape,
        ``transfer_report_`` lists them. Images are scaled as the source's were.
    n_trainable_layers : int or None, default=None
        With ``init_from``, train only the last so many weight layers (convolutions, dense layers,
        LSTMs; a normalisation belongs to the layer before it) and freeze the others; None trains
        all.
    reset_layers : {"head", "trainable", "mismatched"} or None, default="head"
        With ``init_from``, the layers that start with new weights: ``"head"``, the last one;
        ``"trainable"``, all that are trained; ``"mismatched"``, the last one and every one that
        does not fit the source, as after a change of the input's length (these are trained);
        None, no layer, for the same classes again.
    freeze_statistics : bool, default=True
        With ``init_from``, batch normalisations in frozen layers use and keep the statistics of the
        source. If False, as in some published transfers, they follow the new samples.
    device : str, default="auto"
        ``"auto"`` (a CUDA device, else MPS, else the CPU), ``"cpu"``, ``"cuda"``, ``"cuda:1"``,
        ``"mps"``. On a CUDA device fits take turns, also those of other processes; the
        environment variable ``SKECG_FITS_PER_DEVICE`` lets more than one run at once.
    n_threads : int or None, default=None
        Threads of a fit and of predictions on the CPU; None takes what PyTorch is set to, which
        in a joblib worker is its share of the cores. The number of threads decides how sums of
        float32 numbers are grouped, and so their last bits: give a number where results alone and
        under ``n_jobs`` must agree to the bit on every machine.
    precision : {"auto", "float32", "float64", "bfloat16"}, default="auto"
        Number format. Weights, statistics of normalisations, losses and optimiser steps are always
        in float32 (float64 with ``"float64"``). ``"auto"`` multiplies in bfloat16 in ``fit`` where
        the hardware has units for it, else in float32; ``predict``, ``predict_proba`` and
        ``embed`` are in float32, so that a fitted model predicts the same on every machine.
        ``"bfloat16"`` multiplies in bfloat16 in ``fit`` and in prediction.
    compile : bool, default=False
        Compile the network's training step with ``torch.compile``.
    cuda_graph : bool, default=True
        On a CUDA device, capture the training step once as a CUDA graph and replay it, which takes
        nothing of the host but the launch. What cannot be captured is trained as without it:
        callbacks that listen to batches, optimisers without ``capturable``, networks and
        augmentations that draw random numbers on the CPU or read values from the device, samples
        that do not fit into the device's memory; with ``verbose`` a line says why. Python code of
        your own network is not run again in a replay: give False if it does more than compute.
        Without effect on other devices.
    callbacks : list of skorch callbacks or None, default=None
        Called as skorch promises. Copies are used, and are in ``net_.callbacks_`` afterwards; what
        cannot be copied, such as an open file, is shared. ``set_callbacks`` takes scikit-learn's
        own callbacks (since 1.9), such as ``ProgressBar`` and ``ScoringMonitor``: they see every
        epoch of ``fit``.
    checkpoint_dir : path-like or None, default=None
        Folder for one checkpoint, written after every epoch of ``fit``. If the process is killed,
        the same ``fit`` continues after the last whole epoch and ends with the same bits; if
        training had ended, it returns at once. A checkpoint of other samples, parameters or
        versions is refused. In a search, a cross-validation or an ensemble, put ``{fit}`` into the
        path, as in ``"search/{fit}"``: every fit then has a folder of its own, named by its
        samples and parameters. See the Notes of ``skecg.classifiers.TrainingParameters``.
    random_state : int, RandomState instance, Generator or None, default=None
        Decides weights, order of samples, dropout and the held-out part. The global generators
        of numpy and PyTorch are neither used nor changed.
    verbose : int, default=0
        1 shows a progress bar over epochs, 2 prints a line for each.

    Notes
    -----
    With ``checkpoint_dir``:

    - Everything that decides the result must be the same: samples with their order, labels, weights
      and, with early stopping, groups; all parameters but ``verbose``, ``callbacks`` and
      ``checkpoint_dir``; the kind of device and the number format; the versions of skecg and
      PyTorch. With ``random_state=None`` the seed that was drawn belongs to the run.
    - ``callbacks`` start again, with the ``history`` of the epochs done. Those with ``state_dict``
      and ``load_state_dict`` get their state back, which must consist of values and tensors.
      skorch's ``LRScheduler`` and ``EarlyStopping`` have no state: use ``lr_schedule`` and
      ``early_stopping``. scikit-learn's callbacks see the epochs done at once, without a fitted
      estimator.
    - A run that was stopped by Ctrl-C, or by a callback that raises it, is not finished.
    - One fit at a time uses a folder. A write that fails, as on a full disk, is warned of; the
      training goes on, and the last good checkpoint stays.
    - In a :func:`skecg.parallel.data_parallel` block all processes must see the folder.
    - The file holds arrays and text in the format of :func:`skecg.save`, no code. It is three to
      four times as large as the weights, five with ``average_weights``.
    - ``partial_fit`` neither reads nor writes it.
    """

    max_epochs: int = 30
    batch_size: int = 128
    learning_rate: float = 3e-3
    optimizer: str | Callable[..., Optimizer] = "adamw"
    weight_decay: float = 0.01
    lr_schedule: str | Schedule | None = "one-cycle"
    gradient_clip: float | None = None
    shuffle: bool | Literal["once", "balanced"] = True
    augment: Augment = None
    average_weights: Literal["ema", "swa"] | None = None
    class_weight: str | Mapping[Any, float] | Sequence[Mapping[int, float]] | None = None
    early_stopping: bool = False
    validation_fraction: float = 0.1
    patience: int = 10
    init_from: FrozenEstimator | str | os.PathLike | None = None
    n_trainable_layers: int | None = None
    reset_layers: Literal["head", "trainable", "mismatched"] | None = "head"
    freeze_statistics: bool = True
    device: str = "auto"
    n_threads: int | None = None
    precision: str = "auto"
    compile: bool = False
    cuda_graph: bool = True
    callbacks: Sequence[Callback] | None = None
    checkpoint_dir: str | os.PathLike | None = None
    random_state: int | np.random.RandomState | np.random.Generator | None = None
    verbose: int = 0

    _parameter_constraints = {
        "max_epochs": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "optimizer": [StrOptions({"adam", "adamw", "adamax", "rmsprop", "sgd"}), callable],
        "weight_decay": [Interval(Real, 0, None, closed="left")],
        "lr_schedule": [StrOptions({"one-cycle", "cosine"}), callable, None],
        "gradient_clip": [Interval(Real, 0, None, closed="neither"), None],
        "shuffle": ["boolean", StrOptions({"once", "balanced"})],
        "augment": [callable, list, tuple, Hidden(HasMethods("mix")), None],
        "average_weights": [StrOptions({"ema", "swa"}), None],
        "class_weight": [StrOptions({"balanced"}), dict, list, None],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "patience": [Interval(Integral, 1, None, closed="left")],
        "init_from": "no_validation",  # its errors tell the remedy
        "n_trainable_layers": [Interval(Integral, 1, None, closed="left"), None],
        "reset_layers": [StrOptions({"head", "trainable", "mismatched"}), None],
        "freeze_statistics": ["boolean"],
        "device": [str],
        # Of a model file, too, which could else ask for a thousand million.
        "n_threads": [Interval(Integral, 1, 1024, closed="both"), None],
        "precision": [StrOptions({"auto", "float32", "float64", "bfloat16"})],
        "compile": ["boolean"],
        "cuda_graph": ["boolean"],
        "callbacks": [list, tuple, None],
        "checkpoint_dir": [str, os.PathLike, None],
        "random_state": ["random_state", Hidden(np.random.Generator)],
        "verbose": ["verbose"],
    }

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Let a subclass's docstring show what it inherits."""
        super().__init_subclass__(**kwargs)
        share_docstring(cls)

    # A list of augmentations has the parameters of those in it ----------------------------------

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters, with ``deep`` also those of the augmentations in a list.

        Parameters
        ----------
        deep : bool, default=True
            Whether to return those of parts, too.

        Returns
        -------
        dict of {str: object}
            Values by name.
        """
        params = super().get_params(deep=deep)
        if deep:
            params |= {_AUGMENT + name: value for name, value in step_params(self.augment).items()}
        return params

    def set_params(self, **params: Any) -> Self:
        """Set parameters; ``augment__shift__limit=0.1`` sets one of a Shift in a list.

        Parameters
        ----------
        **params : object
            Values by name.

        Returns
        -------
        self : object
            The classifier itself.

        Raises
        ------
        ValueError
            If there is no such parameter, or its part has no parameters.
        """
        augment = params.get("augment", self.augment)
        if not isinstance(augment, list | tuple):
            check_parts(self, params, {"augment": "skecg.augmentation.Shift()"})
            return super().set_params(**params)
        of_steps = {
            n.removeprefix(_AUGMENT): params.pop(n) for n in list(params) if n.startswith(_AUGMENT)
        }
        super().set_params(**params)
        set_step_params(self.augment, of_steps)
        return self

    def _module_factory(
        self,
        input_shape: tuple[int, ...],
        n_classes: int,
        input_scale: tuple[float, float] | None,
    ) -> Callable[[], nn.Module]:
        """Return a picklable callable without arguments that builds the network."""
        raise TypeError(f"{type(self).__name__} needs a method _module_factory")

    def _as_network_input(self, X: np.ndarray) -> np.ndarray:
        """Bring validated samples (n_samples, ...) into the shape that the network takes."""
        return X

    def _learned_scale(
        self, X: SampleView, weights: np.ndarray | None
    ) -> tuple[float, float] | None:
        """Return mean and scale of the training samples, where the network scales its input."""
        return None

    def _warn_of_axes(self, shape: tuple[int, ...]) -> None:
        """Warn where the axes of X seem to be in another order than the network expects."""

    # What follows from the parameters alone -----------------------------------------------------

    def _network_factory_for(
        self,
        input_shape: tuple[int, ...],
        n_classes: int,
        input_scale: tuple[float, float] | None,
    ) -> Callable[[], nn.Module]:
        """Return the factory of the network for samples of a shape as the user gives them."""
        return self._module_factory(self._network_shape(input_shape), n_classes, input_scale)

    def _network_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape of a sample as the network reads it."""
        # An array without samples: a forged file may claim any shape.
        return self._as_network_input(np.empty((0, *input_shape), np.float32)).shape[1:]

    def _dtypes(self) -> list:
        return [np.float64 if self.precision == "float64" else np.float32, np.uint8]


share_docstring(TrainingParameters)
