"""A server on the loopback address that can misbehave."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from skecg.datasets import _transfer


class Server(ThreadingHTTPServer):
    """Serves files from memory; the attributes say how, and `requests` what was asked."""

    def __init__(self, contents, folder):
        super().__init__(("127.0.0.1", 0), Handler)
        self.folder = folder
        self.contents = contents
        self.supports_ranges = True
        self.cut = {}  # name -> bytes after which the connection breaks, each once
        self.corrupt = {}  # name -> how many times a damaged file is sent
        self.status = {}  # name -> status codes to answer with first
        self.range_offset = 0  # added to the start of every range
        self.says_length = True
        self.requests = []  # (name, Range header, bytes sent)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}{self.folder}"

    def of(self, name):
        return [request[1:] for request in self.requests if request[0] == name]


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        server, name = self.server, self.path.removeprefix(self.server.folder)
        wanted = self.headers.get("Range")
        if server.status.get(name):
            server.requests.append((name, wanted, 0))
            return self.send_error(server.status[name].pop(0))
        content, start = server.contents[name], 0
        if server.corrupt.get(name, 0):
            server.corrupt[name] -= 1
            content = content[:-1] + bytes([content[-1] ^ 1])
        is_part = wanted and server.supports_ranges
        if is_part:
            start = int(wanted.removeprefix("bytes=").removesuffix("-")) + server.range_offset
        body = content[start:]
        sent = body[: server.cut.pop(name, len(body))]
        # Before the answer, which a client may refuse and ask anew, in another thread.
        server.requests.append((name, wanted, len(sent)))
        if is_part:
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        else:
            self.send_response(200)
        if server.says_length:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(sent)
        return None

    def log_message(self, format, *args):
        pass


@contextmanager
def serving(
    contents: dict[str, bytes], folder: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Server]:
    """Serve files below a folder, and let retries not wait."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(_transfer, "_FIRST_DELAY", 0)
    server = Server(contents, folder)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
