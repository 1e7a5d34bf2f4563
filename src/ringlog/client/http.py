"""A Ringlog server elsewhere, as a program asks it: one connection, kept alive, for one thread."""

import json
import socket
import ssl
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import suppress
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any, NamedTuple, cast
from urllib.parse import SplitResult, urlsplit

from ringlog.errors import ConfigurationFault, Unreachable


class Answer(NamedTuple):
    """One whole answer. The names of its headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    def json(self) -> Any:
        """The decoded body, or None where it is no JSON that can be read."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    @property
    def error(self) -> str:
        """What the server says went wrong: its `error` text, else the status in words."""
        body = self.json()
        if isinstance(body, dict):
            said = cast("dict[str, object]", body).get("error")
            if isinstance(said, str) and said:
                return said
        try:
            return f"{self.status} {HTTPStatus(self.status).phrase}"
        except ValueError:
            return f"status {self.status}"


class Server:
    """Speaks to the Ringlog at `url` (http or https, a path before the routes allowed) as `email` with `key`.

    The key goes nowhere but into the Authorization header. Certificates are verified against the system's
    authorities; SSL_CERT_FILE names others.
    """

    def __init__(self, url: str, email: str, key: str, timeout_s: float = 30) -> None:
        """Raises ConfigurationFault where `url` is no address of a server, or email or key cannot be sent."""
        parts = checked_url(url)
        self.url = url.rstrip("/")
        self._https = parts.scheme == "https"
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if self._https else 80)
        self._base = parts.path.rstrip("/")
        self._timeout_s = timeout_s
        self._credentials = basic_authorization(email, key)
        self._connection: HTTPConnection | None = None

    def request(
        self, method: str, target: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Answer:
        """The answer to one request; `target` is a path with its query, percent-encoded.

        A kept connection that the server has closed meanwhile is opened anew, once: so a request may reach
        the server twice, which every request to Ringlog bears. Raises Unreachable.
        """
        reused = self._connection is not None
        try:
            return self._ask(method, target, body, headers or {})
        except (HTTPException, OSError) as error:
            self.close()
            if not reused or isinstance(error, TimeoutError):
                raise self._unreachable(error) from None
        try:
            return self._ask(method, target, body, headers or {})
        except (HTTPException, OSError) as error:
            self.close()
            raise self._unreachable(error) from None

    def lines(self, target: str, headers: Mapping[str, str]) -> tuple[Answer, Iterator[bytes]]:
        """What GET answers, and, where that is a 200, its body line by line as it comes.

        They end where the answer does, also where it is cut. Raises Unreachable, also while they are read.
        """
        self.close()
        try:
            connection = self._connect()
            sent = {"Authorization": self._credentials, **headers}
            connection.request("GET", self._base + target, headers=sent)
            response = connection.getresponse()
            going_on = response.status == 200
            answer = Answer(response.status, lower_names(response), b"" if going_on else response.read())
        except (HTTPException, OSError) as error:
            self.close()
            raise self._unreachable(error) from None
        return answer, self._lines(response) if going_on else iter(())

    def _lines(self, response: HTTPResponse) -> Iterator[bytes]:
        try:
            yield from response
        except (HTTPException, OSError) as error:
            raise self._unreachable(error) from None
        finally:
            self.close()

    def close(self) -> None:
        """Closes the connection; the next request opens another."""
        connection, self._connection = self._connection, None
        if connection:
            connection.close()

    def _ask(self, method: str, target: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        connection = self._connection or self._connect()
        sent = {"Authorization": self._credentials, "Accept": "application/json", **headers}
        # A server that refuses a body early may close before all of it went out; its answer is there to read.
        with suppress(BrokenPipeError):
            connection.request(method, self._base + target, body or None, sent)
        with connection.getresponse() as response:
            answer = Answer(response.status, lower_names(response), response.read())
            if response.will_close:
                self.close()
        return answer

    def _connect(self) -> HTTPConnection:
        if self._https:
            connection = HTTPSConnection(
                self._host, self._port, timeout=self._timeout_s, context=ssl.create_default_context()
            )
        else:
            connection = HTTPConnection(self._host, self._port, timeout=self._timeout_s)
        connection.connect()
        # Head and body go out as two writes, which would wait for each other's acknowledgement.
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connection = connection
        return connection

    def _unreachable(self, error: Exception) -> Unreachable:
        return Unreachable(f"Cannot reach {self.url}: {reason(error, self._timeout_s)}.")


def checked_url(url: str) -> SplitResult:
    """Raises ConfigurationFault unless `url` names a server over http or https and nothing else."""
    try:
        parts = urlsplit(url)
        port_fits = parts.port is None or parts.port > 0
    except ValueError:
        raise ConfigurationFault("The server's address is no URL, such as http://127.0.0.1:8080.") from None
    if "@" in parts.netloc:
        raise ConfigurationFault("The server's address must not hold a user name or a key.")
    if parts.scheme not in {"http", "https"} or not parts.hostname or not port_fits:
        raise ConfigurationFault(f"{url!r} is no address of a server, such as http://127.0.0.1:8080.")
    if parts.query or parts.fragment or not url.isascii() or not url.isprintable() or " " in url:
        raise ConfigurationFault(f"{url!r} holds more than the address of a server.")
    return parts


def basic_authorization(email: str, key: str) -> str:
    """Raises ConfigurationFault where there is no key, or the email cannot stand in a Basic header."""
    if not email:
        raise ConfigurationFault(
            "There is no email to log in with; name the account, on the command line with --email."
        )
    if ":" in email:
        raise ConfigurationFault(f"{email!r} is not an email address that can log in.")
    if not key:
        raise ConfigurationFault("There is no developer key.")
    return "Basic " + b64encode(f"{email}:{key}".encode()).decode()


def lower_names(response: HTTPResponse) -> dict[str, str]:
    return {name.lower(): value for name, value in response.getheaders()}


def reason(error: Exception, timeout_s: float) -> str:
    """Why there was no answer, in words."""
    if isinstance(error, TimeoutError):
        return f"no answer within {timeout_s:g} s"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({error.verify_message.rstrip('.')})"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    if isinstance(error, (ConnectionError, HTTPException)):
        return "the connection broke or it does not speak HTTP"
    return "the connection failed"
