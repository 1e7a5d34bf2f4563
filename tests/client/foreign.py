"""A tiny HTTP server that is not ours: it answers as a test says and remembers what it was sent."""

import gzip
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple


class Said(NamedTuple):
    """An answer; status 0 breaks the connection instead."""

    status: int
    body: bytes = b'{"accepted":0,"duplicates":0}'
    headers: tuple[tuple[str, str], ...] = ()


class Asked(NamedTuple):
    target: str
    headers: dict[str, str]
    records: list[Any]


Script = Callable[[Asked], Said]


def refusal(status: int, *records: int) -> Said:
    return Said(status, json.dumps({"error": "No.", "records": records}).encode())


class Foreign:
    """`script` decides every answer; `taken` are the records of requests that it answered with 200."""

    def __init__(self, script: Script = lambda asked: Said(200)) -> None:
        self.script = script
        self.asked: list[Asked] = []
        self.taken: list[Any] = []
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def answer(self, asked: Asked) -> Said:
        self.asked.append(asked)
        said = self.script(asked)
        if said.status == 200:
            self.taken += asked.records
        return said


@contextmanager
def listening(foreign: Foreign, port: int = 0) -> Iterator[Foreign]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            records = [json.loads(line) for line in body.splitlines()]
            said = foreign.answer(Asked(self.path, dict(self.headers), records))
            if not said.status:
                self.close_connection = True
                return
            self.send_response(said.status)
            for name, value in said.headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(said.body)))
            self.end_headers()
            self.wfile.write(said.body)

        def log_message(self, *args: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        allow_reuse_address = True

    server = Server(("127.0.0.1", port or foreign.port), Handler)
    foreign.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield foreign
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
