"""The contract that every classifier keeps."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import ArrayLike
from sklearn.utils import Tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from .._compat import (
    RUNNING_FIT,
    CallbackSupportMixin,
    ClassifierMixin,
    validate_params,
    with_callbacks,
)
from .._native_callbacks import open_fit_task
from ..networks import TransferReport
from ..parallel import device_turn
from ..samples import SampleView, check_samples
from ..training import (
    LeanNet,
    Targets,
    TrainingFacts,
    cpu_threads,
    draw_seed,
    isolated_generators,
    resolve_device,
)
from ._build import build, build_on
from ._fitted import publish
from ._parameters import TrainingParameters
from ._train import train, train_on
from ._training_data import check_data, check_more_data


def _has_several_labels(classifier: Any) -> bool:
    return "net_" in vars(classifier) and classifier.net_.targets.multilabel


class BaseECGClassifier(ClassifierMixin, CallbackSupportMixin, TrainingParameters):
    """Base of all classifiers: scikit-learn's contract around a skorch net.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted; with several labels at once, the numbers of the columns of y.
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
        valid_acc, the share of the held-out samples that are right (in all their labels).
    n_parameters_ : int
        Number of weights.
    n_iter_ : int
        Number of epochs.
    transfer_report_ : TransferReport or None
        With ``init_from``, which layers were taken over, drawn anew and frozen; print it.
    """

    net_: LeanNet
    module_: torch.nn.Module
    history_: list[dict[str, Any]]
    n_parameters_: int
    n_iter_: int
    transfer_report_: TransferReport | None
    # What a fitted classifier keeps besides: the shape of a sample as the user gives it, mean and
    # scale of the network's input, and what the model card says of the training samples.
    _input_shape: tuple[int, ...]
    _input_scale: tuple[float, float] | None
    _training_facts: TrainingFacts

    # Fitting: check -> build -> train -> publish --------------------------------------------------

    @with_callbacks
    def fit(
        self,
        X: ArrayLike | SampleView,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> Self:
        """Fit the network from new weights.

        Until training has ended the classifier stays as it was, and also if it fails.

        Parameters
        ----------
        X : array-like, SampleView or memory map of shape (n_samples, ...)
            Samples; the class says which shapes it takes. A view or a memory map is read batch by
            batch and never copied.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Labels of any kind, of at least two classes. With several columns, several labels at
            once: 1 where a sample has the label, else 0, also as a sparse matrix. Each label is
            learned by the binary cross-entropy, and the loss is the mean over samples and labels;
            a label that all samples have, or none, is learned as such.
        sample_weight : array-like of shape (n_samples,), default=None
            Relative weights; a sample of weight 0 is left out.
        groups : array-like of shape (n_samples,), default=None
            Subject of every sample. Early stopping uses it and never divides a subject. It does
            not reach the network.

        Returns
        -------
        self : object
            The classifier itself, fitted.

        Raises
        ------
        ValueError
            If X or y has NaN, infinity, a wrong shape or a single class, if a y of several columns
            has other values than 0 and 1, or a parameter is out of its range.
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
            fitted = build(self, data, device)
            train(self, fitted, data, seed, task)
        publish(self, fitted)
        if task is not None:
            task.end()
        return self

    def partial_fit(
        self,
        X: ArrayLike | SampleView,
        y: ArrayLike,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> Self:
        """Train one epoch on these samples, starting from the present weights.

        The learning rate is ``learning_rate`` throughout: a schedule needs to know how long
        training will last. Calls that follow each other share the optimiser's state, also after a
        round trip through a pickle or a file; the first call after ``fit`` begins with a new one.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Samples.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Labels, as in ``fit``.
        classes : array-like of shape (n_classes,), default=None
            All labels that later calls may have; needed in the first call unless y has them all.
            With several labels at once, None or the numbers of the columns of y.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights, which hold from call to call: ``learning_rate`` is multiplied by their mean
            (that of ``class_weight`` included), so that samples of weight 2 count as if they were
            given twice.
        groups : array-like of shape (n_samples,), default=None
            Subject of every sample, for the model card. No sample is held out.

        Returns
        -------
        self : object
            The classifier itself, fitted.

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
            if n_done == 0:
                fitted = build(self, data, device)
            else:
                fitted = build_on(self, data, device)
            train_on(self, fitted, data, seed + n_done)
        publish(self, fitted)
        return self

    @contextmanager
    def _computing(self, device: torch.device, seed: int) -> Iterator[None]:
        """Take a turn on the device, with generators and a number of threads of its own."""
        with device_turn(device), isolated_generators(seed, device), cpu_threads(self.n_threads):
            yield

    # Prediction -----------------------------------------------------------------------------------

    @contextmanager
    def open_network(self, X: ArrayLike | SampleView) -> Iterator[tuple[LeanNet, SampleView]]:
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
        samples = check_samples(self, X, reset=False, dtype=self._dtypes())
        self._check_shape(samples.shape)
        # A model fitted on a GPU also predicts on a machine without one.
        with suppress(ValueError):
            self.net_.to_device(resolve_device(self.device))
        self.module_ = self.net_.module_
        with cpu_threads(self.n_threads):
            yield self.net_, SampleView(self._as_network_input(samples.array), samples.rows)

    def predict(self, X: ArrayLike | SampleView) -> np.ndarray:
        """Predict the most probable label of every sample, or all labels that it probably has.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Samples of the shape that the classifier was fitted on.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_labels)
            Labels. If the classifier was fitted on several labels at once, integers: 1 for every
            label whose probability is above 0.5, else 0.
        """
        targets, logits = self._targets_and_logits(X)
        return targets.decode(targets.decide(logits).numpy(), self.classes_)

    def predict_proba(self, X: ArrayLike | SampleView) -> np.ndarray:
        """Compute class probabilities, or the probability of every label.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Samples of the shape that the classifier was fitted on.

        Returns
        -------
        ndarray of shape (n_samples, n_classes) or (n_samples, n_labels)
            In float64, with columns in the order of ``classes_``. Those of classes sum to 1 in each
            row; those of several labels at once do not, as a sample may have many or none of them.
        """
        targets, logits = self._targets_and_logits(X)
        return targets.probabilities(logits).numpy()

    def predict_log_proba(self, X: ArrayLike | SampleView) -> np.ndarray:
        """Compute logarithms of the probabilities, exact also where they are tiny.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Samples of the shape that the classifier was fitted on.

        Returns
        -------
        ndarray of shape (n_samples, n_classes) or (n_samples, n_labels)
            In float64, with columns in the order of ``classes_``.
        """
        targets, logits = self._targets_and_logits(X)
        return targets.log_probabilities(logits).numpy()

    @available_if(_has_several_labels)
    def decision_function(self, X: ArrayLike | SampleView) -> np.ndarray:
        """Compute the logit of every label: above 0 the label is predicted.

        Only of a classifier that was fitted on several labels at once. For one class of several,
        scikit-learn's scorers and calibration use ``predict_proba``, as with ``MLPClassifier``.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Samples of the shape that the classifier was fitted on.

        Returns
        -------
        ndarray of shape (n_samples, n_labels)
            Logarithms of the odds, p / (1 - p).
        """
        return self._targets_and_logits(X)[1].numpy()

    def embed(self, X: ArrayLike | SampleView) -> np.ndarray:
        """Compute the features before the network's last dense layer.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Samples of the shape that the classifier was fitted on.

        Returns
        -------
        ndarray of shape (n_samples, n_embedding)
            In float32 (float64 with ``precision="float64"``).

        Raises
        ------
        ValueError
            If the network has no dense layer (torch.nn.Linear).
        """
        with self.open_network(X) as (net, samples):
            return net.embed(samples).numpy()

    def _targets_and_logits(self, X: ArrayLike | SampleView) -> tuple[Targets, torch.Tensor]:
        with self.open_network(X) as (net, samples):
            logits = net.logits(samples).double()
        if not logits.isfinite().all():
            n_bad = int((~logits.isfinite().all(1)).sum())
            raise ValueError(
                f"the network's output is not finite for {n_bad} of {len(logits)} samples: their "
                "values are too large for its number format; scale X as the training samples were"
            )
        return net.targets, logits

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

    def __sklearn_tags__(self) -> Tags:
        """Say that samples may have any number of axes, and several labels at once."""
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = True
        tags.input_tags.three_d_array = True
        tags.classifier_tags.multi_label = True
        return tags
