"""The contract that every classifier keeps."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from typing import Any

import numpy as np
import torch
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted
from skorch.callbacks import Callback, PrintLog
from torch import nn

from .._compat import CallbackSupportMixin, with_callbacks
from .._native_callbacks import RUNNING_FIT, FitTask, open_fit_task
from ..networks import frozen_normalizations, take_over
from ..parallel import device_turn, is_main_process
from ..samples import (
    Batches,
    SampleView,
    check_one_for_each,
    check_samples,
    check_samples_and_labels,
    combined_weights,
    without_zero_weights,
)
from ..training import (
    CheckpointFile,
    EarlyStopping,
    EpochProgressBar,
    LeanNet,
    TrainingFacts,
    checkpoint_file,
    cpu_threads,
    draw_seed,
    isolated_generators,
    resolve_device,
    resolve_optimizer,
    resolve_precision,
    resolve_schedule,
    validation_split,
)
from ._fit_identity import fit_identity
from ._fitted_state import FittedState, snapshot
from ._network_prediction import NetworkPrediction
from ._parameters import TrainingParameters
from ._transfer import resolve_source


class BaseECGClassifier(
    NetworkPrediction,
    ClassifierMixin,
    CallbackSupportMixin,
    FittedState,
    TrainingParameters,
    ABC,
):
    """Base of all classifiers: scikit-learn's contract around a skorch net.

    Its parameters are those of :class:`TrainingParameters`.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted.
    n_features_in_ : int
        Length of the second axis of X.
    feature_names_in_ : ndarray of str
        Column names of X, where it had names.
    net_ : LeanNet
        The fitted skorch net: its ``history``, callbacks and module.
    module_ : torch.nn.Module
        The fitted network.
    history_ : list of dict
        One row per epoch: train_loss, lr, dur (seconds), and with early stopping valid_loss and
        valid_acc.
    n_parameters_ : int
        Number of weights.
    n_iter_ : int
        Epochs run.
    transfer_report_ : TransferReport or None
        With ``init_from``, which layers were taken over, drawn anew and frozen; print it.
    """

    # What a classifier adds ---------------------------------------------------------------------

    @abstractmethod
    def _module_factory(
        self, input_shape: tuple[int, ...], n_classes: int
    ) -> Callable[[], nn.Module]:
        """Return a picklable callable without arguments that builds the network."""

    def _as_network_input(self, X: np.ndarray) -> np.ndarray:
        """Bring validated samples (n_samples, ...) into the shape that the network takes."""
        return X

    def _learn_input(self, X: SampleView, weights: np.ndarray | None) -> None:
        """Learn from the training samples what ``_module_factory`` needs to know of them."""

    # Fitting --------------------------------------------------------------------------------------

    @with_callbacks
    def fit(self, X, y, sample_weight=None, groups=None):
        """Fit the network from new weights.

        Parameters
        ----------
        X : array-like, SampleView or memory map of shape (n_samples, ...)
            Samples; the class says which shapes it takes. Of the latter two nothing is copied but
            a batch at a time.
        y : array-like of shape (n_samples,)
            Labels of any kind, of at least two classes.
        sample_weight : array-like of shape (n_samples,), default=None
            Relative weights; a sample of weight 0 is left out.
        groups : array-like of shape (n_samples,), default=None
            Subject of every sample. It is used by early stopping, which never divides a subject,
            and by nothing else: it does not reach the network.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If X or y has NaN, infinity, a wrong shape or a single class, or a parameter is out
            of its range.
        """
        self._validate_params()
        task = open_fit_task(self, X, y, sample_weight, self.max_epochs)
        X, y = self._check_fit_input(X, y, reset=True)
        self.classes_, codes = np.unique(y, return_inverse=True)
        self._check_classes()
        check_one_for_each(X, "sample_weight", sample_weight)
        check_one_for_each(X, "groups", groups)
        weights = combined_weights(X, y, sample_weight, self.class_weight)
        if groups is not None:
            groups = np.asarray(groups)

        seed = draw_seed(self.random_state)
        X, codes, weights, groups = without_zero_weights(X, codes, weights, groups)
        self._training_facts = TrainingFacts.of(codes, len(self.classes_), groups)
        self._learn_input(X, weights)
        device = resolve_device(self.device)
        with self._training_on(device, seed):
            self.net_ = self._new_net(seed)
            with self._checkpoint(X, codes, weights, groups, seed) as checkpoint:
                seed = seed if checkpoint is None else checkpoint.seed
                self._train(X, codes, weights, groups, seed, task, checkpoint)
        self._publish()
        if task is not None:
            task.end()
        return self

    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Train one epoch on these samples, from where training stands.

        The learning rate is constant: a schedule needs to know how long training will last.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Samples.
        y : array-like of shape (n_samples,)
            Labels.
        classes : array-like of shape (n_classes,), default=None
            All labels that will ever come; needed in the first call unless y has them all.
        sample_weight : array-like of shape (n_samples,), default=None
            Relative weights.

        Returns
        -------
        self : object
        """
        self._validate_params()
        first = not hasattr(self, "net_")
        X, y = self._check_fit_input(X, y, reset=first)
        if first:
            self.classes_ = np.unique(y if classes is None else classes)
            self._check_classes()
        elif classes is not None and not np.array_equal(self.classes_, np.unique(classes)):
            raise ValueError(
                f"`classes={classes!r}` is not the same as on last call to "
                f"partial_fit, was: {self.classes_!r}"
            )
        unknown = np.setdiff1d(y, self.classes_)
        if len(unknown):
            raise ValueError(
                f"y has labels that are not among the classes of the first call: "
                f"{unknown[:5].tolist()}; classes are {self.classes_.tolist()}"
            )
        codes = np.searchsorted(self.classes_, y)
        weights = combined_weights(X, y, sample_weight, self.class_weight)
        X, codes, weights, _ = without_zero_weights(X, codes, weights)
        if first:
            self._learn_input(X, weights)
        device = resolve_device(self.device)
        seed = draw_seed(self.random_state)
        moment = seed + (0 if first else self.n_iter_)
        with self._training_on(device, moment):
            if first:
                self.net_ = self._new_net(seed)
            self._continue(X, codes, weights, seed)
        facts = TrainingFacts.of(codes, len(self.classes_))
        self._training_facts = facts if first else self._training_facts.and_then(facts)
        self._publish()
        return self

    def _check_fit_input(self, X, y, *, reset: bool) -> tuple[SampleView, np.ndarray]:
        X, y = check_samples_and_labels(self, X, y, reset=reset, dtype=self._dtypes())
        check_classification_targets(y)
        if reset:
            self._input_shape = X.shape[1:]
        else:
            self._check_shape(X)
        return self._network_samples(X), y

    def _check_predict_input(self, X) -> SampleView:
        check_is_fitted(self, "net_")
        X = check_samples(self, X, reset=False, dtype=self._dtypes())
        self._check_shape(X)
        return self._network_samples(X)

    def _network_samples(self, X: SampleView) -> SampleView:
        return SampleView(self._as_network_input(X.array), X.rows)

    def _dtypes(self) -> list:
        return [np.float64 if self.precision == "float64" else np.float32, np.uint8]

    def _check_shape(self, X: SampleView | np.ndarray) -> None:
        if X.shape[1:] != self._input_shape:
            raise ValueError(
                f"{type(self).__name__} was fitted on samples of shape {self._input_shape}; "
                f"got samples of shape {X.shape[1:]}"
            )

    def _check_classes(self) -> None:
        if len(self.classes_) < 2:
            raise ValueError(
                f"{type(self).__name__} needs samples of at least 2 classes; got only one class, "
                f"{self.classes_.tolist()[0]!r}"
            )

    @contextmanager
    def _training_on(self, device: torch.device, seed: int) -> Iterator[None]:
        with device_turn(device), isolated_generators(seed, device), cpu_threads(self.n_threads):
            yield

    def _new_net(self, seed: int) -> LeanNet:
        net = self._plain_net(resolve_device(self.device))
        net.initialize()
        self._take_over(net)
        return net

    def _plain_net(self, device: torch.device) -> LeanNet:
        """Return the net without a network in it yet."""
        return LeanNet(
            self._fitted_factory(),
            schedule=resolve_schedule(self.lr_schedule),
            precision=resolve_precision(self.precision, device),
            gradient_clip=self.gradient_clip,
            shuffle=self.shuffle,
            optimizer=resolve_optimizer(self.optimizer, device),
            optimizer__weight_decay=self.weight_decay,
            lr=self.learning_rate,
            max_epochs=self.max_epochs,
            batch_size=self.batch_size,
            classes=np.arange(len(self.classes_)),
            callbacks=self._net_callbacks(),
            device=str(device),
            compile=self.compile,
            verbose=self.verbose,
        )

    def _fitted_factory(self) -> Callable[[], nn.Module]:
        """Return the factory of the network for the shape and the classes of ``fit``."""
        # No sample is needed to ask for the shape of one, and a forged file may claim any.
        shape = self._as_network_input(np.empty((0, *self._input_shape), np.float32)).shape[1:]
        return self._module_factory(shape, len(self.classes_))

    def _take_over(self, net: LeanNet) -> None:
        """Start from the weights of ``init_from``, if there is one."""
        self.transfer_report_ = None
        if self.init_from is None:
            if self.n_trainable_layers is not None:
                raise ValueError(
                    f"n_trainable_layers={self.n_trainable_layers} without init_from would freeze "
                    "layers at random weights; give a fitted classifier to start from"
                )
            return
        source = resolve_source(self.init_from)
        if self.reset_layers is None and not np.array_equal(source.classes, self.classes_):
            raise ValueError(
                f"reset_layers=None keeps the classes of {source.name}, "
                f"{source.classes.tolist()}, but y has {self.classes_.tolist()}"
            )
        report = self.transfer_report_ = take_over(
            net.module_,
            source.weights,
            source.name,
            n_trainable_layers=self.n_trainable_layers,
            reset_layers=self.reset_layers,
        )
        if self.freeze_statistics:
            net.kept_in_eval = frozen_normalizations(net.module_, report.frozen)
        if self.verbose and is_main_process():
            print(report)

    def _net_callbacks(self) -> list[Callback] | None:
        callbacks = list(self.callbacks or [])
        if self.verbose == 1:
            callbacks.append(EpochProgressBar())
        elif self.verbose >= 2 and is_main_process():
            callbacks.append(PrintLog())
        return callbacks or None

    def _checkpoint(
        self, X, codes, weights, groups, seed: int
    ) -> AbstractContextManager[CheckpointFile | None]:
        if self.checkpoint_dir is None:
            return nullcontext()
        identity = fit_identity(self, X, codes, weights, groups, seed)
        return checkpoint_file(self.checkpoint_dir, identity, seed)

    def _train(
        self,
        X,
        codes,
        weights,
        groups,
        seed: int,
        task: FitTask | None,
        checkpoint: CheckpointFile | None,
    ) -> None:
        valid = early_stopping = None
        if self.early_stopping:
            train, held_out = validation_split(codes, groups, self.validation_fraction, seed)
            valid = self._batches(X, codes, weights, held_out)
            early_stopping = EarlyStopping(self.patience)
        else:
            train = slice(None)
        self._check_logits(X)
        if task is not None:
            task.snapshot = partial(snapshot, self, early_stopping)
        self.net_.train(
            self._batches(X, codes, weights, train),
            valid,
            n_epochs=self.max_epochs,
            generator=torch.Generator().manual_seed(seed),
            early_stopping=early_stopping,
            watcher=task,
            checkpoints=checkpoint,
        )

    def _continue(self, X, codes, weights, seed: int) -> None:
        net = self.net_
        net.to_device(resolve_device(self.device))
        if net.optimizer_ is None:
            net.initialize_optimizer()
        net.schedule = None
        n_done = len(net.history)
        if n_done == 0:
            self._check_logits(X)
        generator = torch.Generator().manual_seed(seed + n_done)
        net.train(self._batches(X, codes, weights, slice(None)), n_epochs=1, generator=generator)

    def _batches(self, X, codes, weights, index) -> Batches:
        return Batches(
            X[index],
            codes[index],
            None if weights is None else weights[index],
            device=torch.device(self.net_.device),
            dtype=self.net_.precision.weights,
        )

    def _check_logits(self, X: SampleView) -> None:
        """Say at once, and in the user's terms, that a network's output has a wrong shape."""
        logits = self.net_.logits(X[:1])
        expected = (1, len(self.classes_))
        if tuple(logits.shape) != expected:
            raise ValueError(
                f"the network maps one sample of shape {X.shape[1:]} to an output of shape "
                f"{tuple(logits.shape)}; expected logits of shape {expected}"
            )

    def _publish(self) -> None:
        """Set the fitted attributes that mirror the net's."""
        self.module_ = self.net_.module_
        self.history_ = [
            {key: value for key, value in row.items() if key != "batches"}
            for row in self.net_.history
        ]
        self.n_parameters_ = sum(weights.numel() for weights in self.module_.parameters())
        self.n_iter_ = len(self.history_)

    # scikit-learn ---------------------------------------------------------------------------------

    def __getstate__(self) -> dict[str, Any]:
        """Keep one copy of the network, the net's, and nothing of a fit that is running."""
        state = super().__getstate__().copy()
        for name in ("module_", *RUNNING_FIT):
            state.pop(name, None)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore, with ``module_`` the net's again."""
        super().__setstate__(state)
        if "net_" in state:
            self.module_ = self.net_.module_

    def __sklearn_tags__(self):
        """Say that samples may have any number of axes."""
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = True
        tags.input_tags.three_d_array = True
        return tags
