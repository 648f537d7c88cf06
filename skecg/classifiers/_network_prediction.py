"""What every fitted classifier computes for new samples."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import numpy as np
import torch
from torch import nn

from ..training import LeanNet, cpu_threads, resolve_device


class NetworkPrediction:
    """Labels, probabilities and features by the fitted net of a classifier."""

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
        return self._logits(X).double().softmax(1).numpy()

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
        return self._logits(X).double().log_softmax(1).numpy()

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
        """
        X = self._check_predict_input(X)
        dense = [layer for layer in self.module_.modules() if isinstance(layer, nn.Linear)]
        if not dense:
            raise ValueError(
                "embed needs a network with a dense layer (torch.nn.Linear); "
                f"{type(self.module_).__name__} has none"
            )
        with self._net_for_prediction() as net:
            return net.embed(X, dense[-1]).numpy()

    def _logits(self, X) -> torch.Tensor:
        X = self._check_predict_input(X)
        with self._net_for_prediction() as net:
            return net.logits(X)

    @contextmanager
    def _net_for_prediction(self) -> Iterator[LeanNet]:
        """Give the net on the wished device, or where it is when that device is absent."""
        # A model fitted on a GPU also predicts on a machine without one.
        with suppress(ValueError):
            self.net_.to_device(resolve_device(self.device))
        self.module_ = self.net_.module_
        with cpu_threads(self.n_threads):
            yield self.net_
