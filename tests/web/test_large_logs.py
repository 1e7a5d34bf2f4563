"""Logs of megabytes: sent in pieces, few at once, and never to somebody who does not read."""

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import uvicorn
from uvicorn.server import ServerState

from ringlog.accounts import Accounts
from ringlog.call_log import CallLog
from ringlog.config import Retention
from ringlog.logins import Logins
from ringlog.store.sqlite.store import SqliteStore
from ringlog.web import edge
from ringlog.web.app import build
from ringlog.web.connections import Protocol
from ringlog.web.edge import LARGE_AT_ONCE
from tests.running import basic
from tests.store.records import NOW, batch, ended, entry

LINES = [f"{n} " + 1000 * "x" for n in range(9000)]
"""More than what a connection takes unread."""
RECEIVED_BYTES = 64 * 2**10
"""Else the system would take megabytes for who does not read."""
Asks = Callable[[str], Awaitable[asyncio.StreamReader]]


def told(folder: Path, story: Callable[[Asks], Awaitable[None]]) -> None:
    async def run() -> None:
        store = await SqliteStore.open(folder, append=True)
        accounts = Accounts(store, lambda: NOW)
        account, key = await accounts.add("a@example.com")
        call_log = CallLog(store, Retention(), lambda: NOW)
        records = [entry("long", seq=seq, line=line) for seq, line in enumerate(LINES)]
        await call_log.append(account.id, batch(*records, ended("long")))
        app = build(call_log, accounts, Logins(store, accounts, lambda: NOW), lambda: NOW)
        config, state = uvicorn.Config(app, http=Protocol, lifespan="off", log_config=None), ServerState()
        server = await asyncio.get_running_loop().create_server(
            lambda: Protocol(config=config, server_state=state, app_state={}), "127.0.0.1", 0
        )
        writers: list[asyncio.StreamWriter] = []

        async def asks(accept: str) -> asyncio.StreamReader:
            sock = socket.socket()
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVED_BYTES)
            sock.connect(server.sockets[0].getsockname())
            reader, writer = await asyncio.open_connection(sock=sock)
            writers.append(writer)
            headers = {"Host": "x", "Connection": "close", "Accept": accept, **basic(account.email, key)}
            lines = [f"{name}: {value}" for name, value in headers.items()]
            writer.write("\r\n".join(["GET /api/call/long HTTP/1.1", *lines, "", ""]).encode())
            return reader

        try:
            async with asyncio.timeout(60):
                await story(asks)
        finally:
            for writer in writers:
                writer.close()
            server.close()
            await asyncio.gather(*state.tasks)
            await store.close()

    asyncio.run(run())


async def answered(reader: asyncio.StreamReader) -> bytes:
    """The body, as long as it was announced."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    assert head.startswith("http/1.1 200 ")
    body = await reader.read()
    assert f"content-length: {len(body)}\r\n" in head
    return body


def test_one_comes_whole_as_json_and_as_xml(tmp_path: Path) -> None:
    async def story(asks: Asks) -> None:
        as_json = await answered(await asks("application/json"))
        assert [one["event"]["line"] for one in json.loads(as_json)] == LINES
        as_xml = await answered(await asks("application/xml"))
        assert as_xml.count(b"<line>") == len(LINES)

    told(tmp_path, story)


def test_who_does_not_read_makes_room_for_who_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edge, "UNREAD_S", 0.5)

    async def story(asks: Asks) -> None:
        stalled = [await asks("application/json") for _ in range(LARGE_AT_ONCE)]
        for one in stalled:
            await one.readuntil(b"\r\n\r\n")
        whole = await answered(await asks("application/json"))
        assert json.loads(whole)
        # One made the room; the others may be read before their time is up.
        assert min([len(await one.read()) for one in stalled]) < len(whole)

    told(tmp_path, story)
