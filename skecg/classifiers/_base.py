"""The contract that every classifier keeps."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import torch
from sklearn.base import ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from .._compat import RUNNING_FIT, CallbackSupportMixin, validate_params, with_callbacks
from .._native_callbacks import FitTask, open_fit_task
from ..parallel import device_turn
from ..samples import Batches, SampleView, check_samples
from ..training import (
    CheckpointFile,
    EarlyStopping,
    LeanNet,
    TrainingFacts,
    checkpoint_file,
    cpu_threads,
    draw_seed,
    isolated_generators,
    resolve_device,
    validation_split,
)
from ._fit_identity import fit_identity
from ._fitted import Fitted, publish
from ._new_net import net_settings, new_net, start
from ._parameters import TrainingParameters
from ._training_data import TrainingData, check_data, check_more_data


class BaseECGClassifier(ClassifierMixin, CallbackSupportMixin, TrainingParameters):
    """Base of all classifiers: scikit-learn's contract around a skorch net.

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
        Number of epochs.
    transfer_report_ : TransferReport or None
        With ``init_from``, which layers were taken over, drawn anew and frozen; print it.
    """

    # What a fitted classifier keeps besides: the shape of a sample as the user gives it, mean and
    # scale of the network's input, and what the model card says of the training samples.
    _input_shape: tuple[int, ...]
    _input_scale: tuple[float, float] | None
    _training_facts: TrainingFacts

    # Fitting: check -> build -> train -> publish --------------------------------------------------

    @with_callbacks
    def fit(self, X, y, sample_weight=None, groups=None):
        """Fit the network from new weights.

        Until training has ended the classifier stays as it was, and also if it fails.

        Parameters
        ----------
        X : array-like, SampleView or memory map of shape (n_samples, ...)
            Samples; the class says which shapes it takes. A view or a memory map is read batch by
            batch and never copied.
        y : array-like of shape (n_samples,)
            Labels of any kind, of at least two classes.
        sample_weight : array-like of shape (n_samples,), default=None
            Relative weights; a sample of weight 0 is left out.
        groups : array-like of shape (n_samples,), default=None
            Subject of every sample. Early stopping uses it and never divides a subject. It does
            not reach the network.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If X or y has NaN, infinity, a wrong shape or a single class, or a parameter is out
            of its range.
        FloatingPointError
            If training diverges.

        Warns
        -----
        UserWarning
            With ``early_stopping=True`` and without ``groups``; if the axes of X seem to be in
            another order than the network expects.
        """
        validate_params(self)
        task = open_fit_task(self, X, y, sample_weight, self.max_epochs)
        data = check_data(self, X, y, sample_weight, groups)
        if self.early_stopping and groups is None:
            warnings.warn(
                "early_stopping=True without groups may put samples of one subject into both "
                "parts, and then the validation loss is too good; give the subject of every "
                "sample: fit(X, y, groups=...)",
                UserWarning,
                stacklevel=3,
            )
        seed, device = draw_seed(self.random_state), resolve_device(self.device)
        with self._computing(device, seed):
            fitted = self._new(data, device)
            with self._checkpoint(data, fitted, seed) as checkpoint:
                seed = seed if checkpoint is None else checkpoint.seed
                self._train(fitted, data, seed, task, checkpoint)
        publish(self, fitted)
        if task is not None:
            task.end()
        return self

    def partial_fit(self, X, y, classes=None, sample_weight=None, groups=None):
        """Train one epoch on these samples, starting from the present weights.

        The learning rate is ``learning_rate`` throughout: a schedule needs to know how long
        training will last. Calls that follow each other share the optimiser's state, also after a
        round trip through a pickle or a file; the first call after ``fit`` begins with a new one.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Samples.
        y : array-like of shape (n_samples,)
            Labels.
        classes : array-like of shape (n_classes,), default=None
            All labels that later calls may have; needed in the first call unless y has them all.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights, which hold from call to call: ``learning_rate`` is multiplied by their mean
            (that of ``class_weight`` included), so that samples of weight 2 count as if they were
            given twice.
        groups : array-like of shape (n_samples,), default=None
            Subject of every sample, for the model card. No sample is held out.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            As in ``fit``, and if the samples do not fit those of earlier calls.
        FloatingPointError
            If training diverges.
        """
        validate_params(self)
        seed, device = draw_seed(self.random_state), resolve_device(self.device)
        if not hasattr(self, "net_"):
            data = check_data(self, X, y, sample_weight, groups, classes)
            n_done = 0
        else:
            data = check_more_data(self, X, y, sample_weight, groups, classes)
            n_done = self.n_iter_
        with self._computing(device, seed + n_done):
            fitted = self._new(data, device) if n_done == 0 else self._further(data, device)
            net = fitted.net
            net.set_rate(self.learning_rate * data.mean_weight)
            generator = torch.Generator().manual_seed(seed + n_done)
            net.train(_batches(net, data), n_epochs=1, generator=generator)
            net.keep_moments()
        publish(self, fitted)
        return self

    @contextmanager
    def _computing(self, device: torch.device, seed: int) -> Iterator[None]:
        """Take a turn on the device, with generators and a number of threads of its own."""
        with device_turn(device), isolated_generators(seed, device), cpu_threads(self.n_threads):
            yield

    def _new(self, data: TrainingData, device: torch.device) -> Fitted:
        """Build: a net with new weights, or with those of ``init_from``."""
        n_classes = len(data.classes)
        scale = self._learned_scale(data.X, data.weights)
        factory = self._network_factory_for(data.input_shape, n_classes, scale)
        net = new_net(self, factory, n_classes, device)
        report = start(self, net, data.classes, data.X.shape[1:])
        _check_logits(net, data)
        return Fitted(
            net=net,
            classes=data.classes,
            input_shape=data.input_shape,
            feature_names=data.feature_names,
            input_scale=scale,
            transfer_report=report,
            facts=data.facts,
        )

    def _further(self, data: TrainingData, device: torch.device) -> Fitted:
        """Build: an independent copy of the fitted net, with the present parameters."""
        before = Fitted.of(self)
        settings = net_settings(self, len(data.classes), device)
        settings["precision"] = replace(settings["precision"], weights=before.net.precision.weights)
        net = before.net.continued(**settings)
        return replace(before, net=net, facts=before.facts.and_then(data.facts))

    def _checkpoint(
        self, data: TrainingData, fitted: Fitted, seed: int
    ) -> AbstractContextManager[CheckpointFile | None]:
        if self.checkpoint_dir is None:
            return nullcontext()
        return checkpoint_file(
            self.checkpoint_dir, fit_identity(self, data, fitted.net, seed), seed
        )

    def _train(
        self,
        fitted: Fitted,
        data: TrainingData,
        seed: int,
        task: FitTask | None,
        checkpoint: CheckpointFile | None,
    ) -> None:
        net, train, valid, early_stopping = fitted.net, slice(None), None, None
        if self.early_stopping:
            train, held_out = validation_split(
                data.codes, data.groups, self.validation_fraction, seed
            )
            valid = _batches(net, data, held_out)
            early_stopping = EarlyStopping(self.patience)
        if task is not None:
            task.snapshot = partial(fitted.if_stopped_now, early_stopping)
        net.train(
            _batches(net, data, train),
            valid,
            n_epochs=self.max_epochs,
            generator=torch.Generator().manual_seed(seed),
            early_stopping=early_stopping,
            watcher=task,
            checkpoints=checkpoint,
        )

    # Prediction -----------------------------------------------------------------------------------

    @contextmanager
    def open_network(self, X) -> Iterator[tuple[LeanNet, SampleView]]:
        """Give the fitted net, ready to compute, and samples as it reads them.

        This is how the functions of :mod:`skecg.inspection`, and yours, look inside a fitted
        classifier. Inside the block the net is on the classifier's device (or where it is, if the
        machine lacks that device) and PyTorch computes with ``n_threads`` threads.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Samples of the shape that the classifier was fitted on.

        Yields
        ------
        net : LeanNet
            Has ``module_``, ``logits``, ``embed`` and ``blocks``.
        samples : SampleView of shape (n_samples, ...)
            The samples in the shape of the network's input.

        Raises
        ------
        NotFittedError
            If the classifier is not fitted.
        ValueError
            If X is invalid.
        """
        check_is_fitted(self, "net_")
        X = check_samples(self, X, reset=False, dtype=self._dtypes())
        self._check_shape(X.shape)
        # A model fitted on a GPU also predicts on a machine without one.
        with suppress(ValueError):
            self.net_.to_device(resolve_device(self.device))
        self.module_ = self.net_.module_
        with cpu_threads(self.n_threads):
            yield self.net_, SampleView(self._as_network_input(X.array), X.rows)

    def predict(self, X) -> np.ndarray:
        """Predict the most probable label of every sample.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Samples of the shape that the classifier was fitted on.

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        codes = self._logits(X).argmax(1).numpy()
        return self.classes_[codes]

    def predict_proba(self, X) -> np.ndarray:
        """Compute class probabilities.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Samples of the shape that the classifier was fitted on.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            float64; rows sum to 1, columns are in the order of ``classes_``.
        """
        return self._logits(X).softmax(1).numpy()

    def predict_log_proba(self, X) -> np.ndarray:
        """Compute logarithms of class probabilities, exact also where they are tiny.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Samples of the shape that the classifier was fitted on.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
        """
        return self._logits(X).log_softmax(1).numpy()

    def embed(self, X) -> np.ndarray:
        """Compute the features before the network's last dense layer.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Samples of the shape that the classifier was fitted on.

        Returns
        -------
        ndarray of shape (n_samples, n_embedding)
            float32 (float64 with ``precision="float64"``).

        Raises
        ------
        ValueError
            If the network has no dense layer (torch.nn.Linear).
        """
        with self.open_network(X) as (net, samples):
            return net.embed(samples).numpy()

    def _logits(self, X) -> torch.Tensor:
        with self.open_network(X) as (net, samples):
            logits = net.logits(samples).double()
        if not logits.isfinite().all():
            n_bad = int((~logits.isfinite().all(1)).sum())
            raise ValueError(
                f"the network's output is not finite for {n_bad} of {len(logits)} samples: their "
                "values are too large for its number format; scale X as the training samples were"
            )
        return logits

    def _check_shape(self, shape: tuple[int, ...]) -> None:
        if shape[1:] != self._input_shape:
            raise ValueError(
                f"{type(self).__name__} was fitted on samples of shape {self._input_shape}; "
                f"got samples of shape {shape[1:]}"
            )

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


def _batches(net: LeanNet, data: TrainingData, index: Any = slice(None)) -> Batches:
    return Batches(
        data.X[index],
        data.codes[index],
        None if data.weights is None else data.weights[index],
        device=torch.device(net.device),
        dtype=net.precision.weights,
    )


def _check_logits(net: LeanNet, data: TrainingData) -> None:
    """Say at once, and in the user's terms, that a network's output has a wrong shape."""
    logits = net.logits(data.X[:1])
    expected = (1, len(data.classes))
    if tuple(logits.shape) != expected:
        raise ValueError(
            f"the network maps one sample of shape {data.X.shape[1:]} to an output of shape "
            f"{tuple(logits.shape)}; expected logits of shape {expected}"
        )
