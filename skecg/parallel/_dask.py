"""More than one machine: a Dask client under which a search survives the loss of a worker."""

from __future__ import annotations

import sys
from typing import Any

try:
    import dask
    from distributed import Client, Future
    from toolz import identity
except ImportError as error:
    raise ImportError(
        'skecg.parallel.RecoverableClient needs dask and distributed; pip install "skecg[dask]"'
    ) from error


class RecoverableClient(Client):
    """A Dask client whose data is not lost with the worker that holds it.

    joblib's Dask back end hands every array over once, by ``scatter``: X, y and the rows of each
    fold. Dask leaves scattered data on one worker and cannot restore it, so that with a plain
    ``distributed.Client`` a worker that dies ends the whole search with a
    ``FutureCancelledError``. This client hands data over as the result of a task: the scheduler
    keeps the task, runs it again where its result was lost, and then repeats the fits that were
    under way. Everything else is ``distributed.Client``.

    Notes
    -----
    The scheduler holds one copy of the data for as long as the search runs. A fit that was lost
    with its worker is tried on another one, up to ``distributed.scheduler.allowed-failures``
    times (3), so that a fit that kills every worker, for want of memory say, still ends in
    ``distributed.KilledWorker``. What dies with the scheduler or with the client is lost.

    joblib asks for the number of workers once, when a search starts, and computes by itself when
    there is only one: call ``client.wait_for_workers(n)`` before, where they take time to come.

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
        """Hand data over to the cluster, once, in a form in which it can be restored.

        Parameters
        ----------
        data : object, or list or tuple of objects
            What is handed over.
        workers : list of str or None, default=None
            Addresses of the workers that may hold it.
        broadcast, direct, hash, timeout
            For compatibility with ``distributed.Client.scatter``; they change nothing, since
            workers fetch what they need from the scheduler and from one another.
        asynchronous : bool or None, default=None
            Return a coroutine.

        Returns
        -------
        Future, or list or tuple of Future
            In the form of ``data``.
        """
        return self.sync(self._hand_over, data, workers, asynchronous=asynchronous)

    async def _hand_over(self, data: Any, workers: list[str] | None) -> Any:
        def hand_over(item: Any) -> Future:
            return self.submit(identity, item, workers=workers, pure=False)

        # Dask warns of tasks that hold more than 10 MB of data. Here they are meant to.
        with dask.config.set({"distributed.admin.large-graph-warning-threshold": sys.maxsize}):
            if type(data) in (list, tuple):
                return type(data)(hand_over(item) for item in data)
            return hand_over(data)
