"""The connection below a request: for answers that go on, and must not pile up for who does not read them."""

import asyncio
from typing import cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ringlog.web import asgi

TRANSPORT = "ringlog.transport"


class Protocol(HttpToolsProtocol):
    """uvicorn's, but that an application finds the transport in its scope."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {TRANSPORT: {"transport": self.transport}}


def transport(scope: asgi.Scope) -> asyncio.Transport:
    return cast("asyncio.Transport", scope["extensions"][TRANSPORT]["transport"])
