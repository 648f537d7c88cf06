"""Web requests that end at a deadline, however slowly the server sends."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from functools import partial
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from typing import Any, Self
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
    UnknownHandler,
)


class Deadline:
    """Shuts the connections of requests down when its time is over.

    A socket's timeout starts anew with every byte: a server that sends one now and then, in the
    header or in the body, would be waited for without end.

    Parameters
    ----------
    seconds : float
        Time from the entry into the context.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = float("inf")
        self._sockets: list[socket.socket] = []
        self._timer = threading.Timer(seconds, self._shut_down)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._end = time.monotonic() + self.seconds
        self._timer.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._timer.cancel()

    @property
    def remaining(self) -> float:
        """Seconds that are left, at least 0."""
        return max(0.0, self._end - time.monotonic())

    def open(self, request: Request, timeout: float) -> HTTPResponse:
        """Open a web address; `timeout` is the time without an answer, as in ``urlopen``."""
        opener = OpenerDirector()
        for handler in (
            ProxyHandler(),
            UnknownHandler(),
            HTTPDefaultErrorHandler(),
            HTTPRedirectHandler(),
            HTTPErrorProcessor(),
            _PlainHandler(self),
            _SecureHandler(self),
        ):
            opener.add_handler(handler)
        return opener.open(request, timeout=timeout)

    def watch(self, connection: socket.socket) -> None:
        """Shut a connection down too when the time is over."""
        self._sockets.append(connection)
        if not self.remaining:
            self._shut_down()

    def _shut_down(self) -> None:
        for connection in self._sockets:
            # Of the plain socket: an encrypted one would say goodbye first, and wait. One that is
            # closed already needs nothing.
            with contextlib.suppress(OSError):
                socket.socket.shutdown(connection, socket.SHUT_RDWR)


class _Watched(HTTPConnection):
    """A connection that its deadline knows."""

    def __init__(self, *args: Any, deadline: Deadline, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._deadline = deadline

    def connect(self) -> None:
        super().connect()
        self._deadline.watch(self.sock)


class _SecureConnection(_Watched, HTTPSConnection):
    pass


class _PlainHandler(HTTPHandler):
    def __init__(self, deadline: Deadline) -> None:
        super().__init__()
        self._deadline = deadline

    def http_open(self, request: Request) -> HTTPResponse:
        return self.do_open(partial(_Watched, deadline=self._deadline), request)


class _SecureHandler(HTTPSHandler):
    def __init__(self, deadline: Deadline) -> None:
        super().__init__()
        self._deadline = deadline

    def https_open(self, request: Request) -> HTTPResponse:
        context = ssl.create_default_context()
        watched = partial(_SecureConnection, deadline=self._deadline)
        return self.do_open(watched, request, context=context)
