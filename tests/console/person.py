"""Somebody who logs in without a browser: cookies and forms over plain HTTP."""

import contextlib
import http.client
import re
from collections.abc import Mapping
from http.cookies import Morsel, SimpleCookie
from urllib.parse import urlencode

from tests.running import READY_S, Answer, Server

HTML = {"Accept": "text/html"}


class Person:
    def __init__(self, server: Server) -> None:
        self.server = server
        self.cookies: dict[str, str] = {}
        self.morsels: dict[str, Morsel[str]] = {}
        """The last cookies that were set, with what they were told."""

    def request(
        self,
        method: str,
        target: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        address: str = "127.0.0.1",
    ) -> Answer:
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.server.port, timeout=READY_S, source_address=(address, 0)
        )
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        with contextlib.closing(connection):
            given = {**HTML, **({"Cookie": cookies} if cookies else {}), **(headers or {})}
            connection.request(method, target, body, given)
            answer = connection.getresponse()
            for header in answer.headers.get_all("Set-Cookie") or ():
                self._take(header)
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())

    def _take(self, header: str) -> None:
        for name, morsel in SimpleCookie(header).items():
            self.morsels[name] = morsel
            self.cookies[name] = morsel.value
            if morsel["max-age"] == "0":
                del self.cookies[name]

    def get(self, target: str, **headers: str) -> Answer:
        return self.request("GET", target, headers=headers)

    def post(self, target: str, form: Mapping[str, str], **more: str) -> Answer:
        address = more.pop("address", "127.0.0.1")
        headers = {"Content-Type": "application/x-www-form-urlencoded", **more}
        return self.request("POST", target, urlencode(form).encode(), headers, address)

    def form_token(self, target: str) -> str:
        """Of the form on that page."""
        found = re.search(rb'name="form_token" value="([0-9a-f]+)"', self.get(target).body)
        assert found, target
        return found[1].decode()

    def log_in(self, email: str = "", key: str = "", *, to: str = "/calls", **more: str) -> Answer:
        given = {"email": email or self.server.email, "key": key or self.server.key}
        return self.post("/login", {"form_token": self.form_token("/login"), "next": to, **given}, **more)
