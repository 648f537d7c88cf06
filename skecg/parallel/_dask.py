"""Dask client with which a search survives the loss of a worker."""

from __future__ import annotations

import sys
from typing import Any

try:
    import dask
    from distributed import Client, Future
    from toolz import identity
except ImportError as error:
    raise ImportError(
        "skecg.parallel.RecoverableClient requires dask and distributed, which are not installed. "
        'Run: pip install "skecg[dask]"'
    ) from error


class RecoverableClient(Client):
    """Dask client that restores data when the worker that holds it is lost.

    The Dask backend of joblib sends each array (X, y and the rows of each fold) to the cluster
    once, with ``scatter``. Dask stores scattered data on one worker and cannot restore it. With a
    ``distributed.Client``, the loss of that worker ends the whole search with a
    ``FutureCancelledError``. This client sends data as the result of a task. The scheduler keeps
    the task, runs it again if its result is lost, and repeats the interrupted fits. Everything
    else is inherited from ``distributed.Client``.

    See Also
    --------
    data_parallel : One fit over several processes or GPUs.

    Notes
    -----
    The scheduler keeps one copy of the data during the search. A fit that is lost with its worker
    is repeated on another one, up to ``distributed.scheduler.allowed-failures`` times (3 by
    default). A fit that ends every worker, for example because memory is short, therefore still
    raises ``distributed.KilledWorker``. The search does not survive the loss of the scheduler or
    of the client.

    joblib reads the number of workers once, at the start of a search, and does not use the cluster
    if there is only one. If workers need time to start, call ``client.wait_for_workers(n)`` first.

    Examples
    --------
    >>> import joblib
    >>> from distributed import LocalCluster
    >>> from skecg.parallel import RecoverableClient
    >>> def search_on(cluster, search, X, y):
    ...     with RecoverableClient(cluster), joblib.parallel_config(backend="dask"):
    ...         return search.fit(X, y)
    """

    def scatter(
        self,
        data: Any,
        workers: list[str] | None = None,
        broadcast: bool = False,
        direct: bool | None = None,
        hash: bool = True,
        timeout: float | None = None,
        asynchronous: bool | None = None,
    ) -> Any:
        """Send data to the cluster in a form that can be restored.

        Parameters
        ----------
        data : object, or list or tuple of objects
            Objects to send.
        workers : list of str or None, default=None
            Addresses of the workers that may store the data. If None, any worker.
        broadcast, direct, hash, timeout : bool, float or None
            Ignored, present for compatibility with ``distributed.Client.scatter``. Workers fetch
            data from the scheduler and from other workers when they need it.
        asynchronous : bool or None, default=None
            Whether to return a coroutine.

        Returns
        -------
        futures : Future, or list or tuple of Future
            One future per object, in the same container as `data`.
        """
        return self.sync(self._hand_over, data, workers, asynchronous=asynchronous)

    async def _hand_over(self, data: Any, workers: list[str] | None) -> Any:
        def hand_over(item: Any) -> Future:
            return self.submit(identity, item, workers=workers, pure=False)

        # Dask warns about tasks that contain more than 10 MB of data, which is intended here.
        with dask.config.set({"distributed.admin.large-graph-warning-threshold": sys.maxsize}):
            if type(data) in (list, tuple):
                return type(data)(hand_over(item) for item in data)
            return hand_over(data)
