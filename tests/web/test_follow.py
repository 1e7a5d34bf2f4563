"""Following calls over HTTP: a real server, real connections, nothing missed and nothing told twice."""

import contextlib
import http.client
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from ringlog.wire.events import Event
from tests.running import Server, ringlog
from tests.streams import Stream, arrivals, value
from tests.web.records import NOW, entry, new_id, row

DEADLINE_S = 30


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Server]:
    """A server that a test may restart."""
    with Server(tmp_path / "store") as started:
        yield started


def call_target(session_id: str) -> str:
    return f"/v1/calls/{quote(session_id, safe='')}/follow"


def sockets(server: Server) -> int:
    """Descriptors of the server's that are sockets."""
    assert server.process
    found = 0
    for one in Path(f"/proc/{server.process.pid}/fd").iterdir():
        with contextlib.suppress(OSError):  # it was closed meanwhile
            found += str(one.readlink()).startswith("socket:")
    return found


def wait_for_sockets(server: Server, wanted: int) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while sockets(server) != wanted:
        assert time.monotonic() < deadline, sockets(server)
        time.sleep(0.05)


def slow_reader(server: Server, target: str) -> socket.socket:
    """It asks, and reads no more than a byte."""
    slow = socket.socket()
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    slow.connect(("127.0.0.1", server.port))
    authorization = server.authorization["Authorization"]
    slow.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\nAuthorization: {authorization}\r\n\r\n".encode())
    assert slow.recv(1)
    return slow


# -- one call ----------------------------------------------------------------------------------------


def test_a_call_from_its_first_entry_to_its_end(server: Server) -> None:
    call = new_id()
    server.ingest([entry(call, "one", at=NOW, source="s", seq=4, time_us=NOW * 10**6 + 5)])
    with Stream(server, call_target(call)) as stream:
        assert stream.answer.headers["Content-Type"] == "text/event-stream"
        assert value(stream.next("call"))["state"] == "running"
        first = stream.next("entry")
        said = value(first)
        assert (first.id, said["source"], said["seq"], said["time_us"]) == ("1", "s", 4, NOW * 10**6 + 5)
        assert said["event"]["line"] == "one"
        server.ingest([entry(call, "two", at=NOW, source="s", seq=5)])
        events = [stream.next(), stream.next()]
        assert [event.name for event in events] == ["call", "entry"]
        server.ingest([row(call, NOW - 60)])
        rest = list(stream)
    assert [event.name for event in rest] == ["call", "end"]
    assert (value(rest[0])["state"], rest[1].id) == ("completed", "2")
    assert server.get(call_target(call), **{"Last-Event-ID": rest[1].id}).status == 204
    assert server.get(f"{call_target(call)}?after=2").status == 204


def test_a_late_entry_comes_when_it_arrives(server: Server) -> None:
    call = new_id()
    server.ingest([row(call), entry(call, "last", source="s", seq=9)])
    with Stream(server, call_target(call)) as stream:
        stream.next("entry")
        server.ingest([entry(call, "late", at=NOW - 61, source="s", seq=1)])
        late = stream.next("entry")
        assert (late.id, value(late)["seq"]) == ("2", 1)


def test_going_on_after_the_last_event(server: Server) -> None:
    call = new_id()
    server.ingest([entry(call, str(n), source="s", seq=n) for n in range(5)])
    for headers, query in (("3", ""), ("", "?after=3"), ("3", "?after=1")):
        with Stream(server, call_target(call) + query, headers) as stream:
            assert stream.next().name == "call"
            assert [stream.next().id, stream.next().id] == ["4", "5"]


@pytest.mark.parametrize(
    ("last_id", "status"),
    [("6", 400), ("9" * 400, 400), ("x", 400), ("1.5", 400), ("-1", 200), ("5", 200), ("0", 200)],
)
def test_a_last_event_that_never_was(server: Server, last_id: str, status: int) -> None:
    call = new_id()
    server.ingest([entry(call, str(n), source="s", seq=n) for n in range(5)])
    with Stream(server, call_target(call), last_id) as stream:
        assert stream.status == status


def test_who_may_not_follow(server: Server) -> None:
    call = new_id()
    server.ingest([entry(call)])
    other = server.account(f"{new_id()}@example.com")
    email = f"{new_id()}@example.com"
    key = server.account(email)
    assert server.request("GET", call_target(call), email=email, key=key).status == 404
    assert server.request("GET", call_target(call), key=other).status == 401
    assert server.request("POST", call_target(call)).headers["allow"] == "GET"
    assert server.request("HEAD", "/v1/follow").status == 405
    assert server.get("/v1/calls/%FF/follow").status == 404
    assert server.get("/v1/calls//follow").status == 404
    made = ringlog("key", "add", server.email, "--scope", "write", "--json", "--store", server.store)
    assert made.returncode == 0, made.stderr
    writer = made.stdout.split('"developer_key":"')[-1].split('"')[0]
    assert server.request("GET", "/v1/follow", key=writer).status in {401, 403}


def test_ids_with_slashes(server: Server) -> None:
    call = new_id("a/follow")
    for one in (call, f"{call}/follow", "follow"):
        server.ingest([row(one), entry(one, one)])
    for one in (call, f"{call}/follow", "follow"):
        assert server.get(f"/v1/calls/{quote(one, safe='')}").json()["call"]["session_id"] == one
        with Stream(server, call_target(one)) as stream:
            assert value(stream.next("entry"))["event"]["line"] == one
    # A raw slash before `follow` is the address's own.
    with Stream(server, f"/v1/calls/{call}/follow") as stream:
        assert value(stream.next("call"))["session_id"] == call


def test_a_long_call_comes_whole(server: Server) -> None:
    call = new_id()
    long = "x" * 3000
    server.ingest([entry(call, f"{n} {long}", source="s", seq=n) for n in range(1500)])
    with Stream(server, call_target(call)) as stream:
        found: list[Event] = []
        while len(found) < 1501:
            found.append(stream.next())
    assert arrivals(found) == list(range(1, 1501))


def test_a_call_whose_details_are_gone_has_an_end(keeping: Server, server: Server) -> None:
    call = new_id()
    server.ingest([row(call, NOW - 6 * 86_400)])
    with Stream(server, call_target(call)) as stream:
        events = list(stream)
    assert [event.name for event in events] == ["call", "end"]
    assert value(events[0])["log"] is False
    assert server.get(call_target(call), **{"Last-Event-ID": "0"}).status == 204


# -- all calls ---------------------------------------------------------------------------------------


def test_all_calls_begin_with_a_snapshot(own: Server) -> None:
    own.ingest([row("a", NOW - 100), row("b", NOW - 50, dest="200")])
    with Stream(own, "/v1/follow?limit=10") as everything, Stream(own, "/v1/follow?number=200") as some:
        assert [call["session_id"] for call in value(everything.next("snapshot"))["calls"]] == ["b", "a"]
        assert [call["session_id"] for call in value(some.next("snapshot"))["calls"]] == ["b"]
        own.ingest([row("c", NOW - 40)])
        assert value(everything.next("call"))["session_id"] == "c"
        own.ingest([{"session_id": "a", "dest": "200"}])
        assert value(some.next("call"))["session_id"] == "a"
        own.ingest([{"session_id": "b", "dest": "300"}])
        gone = some.next()
        assert (gone.name, value(gone)) == ("gone", {"session_id": "b"})
        assert own.request("DELETE", "/v1/calls/a", key=admin(own)).status == 204
        assert value(some.next("gone"))["session_id"] == "a"
        assert value(everything.next("gone"))["session_id"] == "a"
        # Nobody is told of what they never saw.
        own.ingest([row("d", NOW - 30, dest="200")])
        assert value(some.next())["session_id"] == "d"


def admin(server: Server) -> str:
    made = ringlog("key", "add", server.email, "--scope", "admin", "--json", "--store", server.store)
    assert made.returncode == 0, made.stderr
    return made.stdout.strip().rpartition('"developer_key":')[2].strip(' "}\n')


@pytest.mark.parametrize("query", ["text=hello", "module_type=read", "class=prompt"])
def test_filters_that_no_row_can_tell(server: Server, query: str) -> None:
    answer = server.get(f"/v1/follow?{query}")
    assert answer.status == 400
    assert answer.json()["error"].startswith("Calls are followed by what their rows say")


@pytest.mark.parametrize("query", ["state=gone", "type=fax", "since=soon", "limit=many", "class=odd"])
def test_filters_that_mean_nothing(server: Server, query: str) -> None:
    answer = server.get(f"/v1/follow?{query}")
    assert answer.status == 400
    assert answer.json()["error"].startswith(query.split("=", maxsplit=1)[0])


def test_very_many_changes_begin_the_list_anew(own: Server) -> None:
    with Stream(own, "/v1/follow?limit=5") as stream:
        assert value(stream.next("snapshot"))["calls"] == []
        own.ingest([row(f"call {n:04}", NOW - 5000 + n) for n in range(1000)])
        found = value(stream.next("snapshot"))["calls"]
        assert [call["session_id"] for call in found] == [f"call {n:04}" for n in range(999, 994, -1)]


# -- endings -----------------------------------------------------------------------------------------


def test_a_deleted_call_is_followed_by_nobody_when_the_deletion_is_answered(own: Server) -> None:
    key = admin(own)
    for _ in range(5):
        call = new_id()
        own.ingest([entry(call)])
        with Stream(own, call_target(call)) as stream:
            stream.next("entry")
            assert own.request("DELETE", f"/v1/calls/{call}", key=key).status == 204
            assert stream.rest() == []


@pytest.mark.parametrize("what", ["account", "key"])
def test_who_may_read_no_longer_is_cut(own: Server, what: str) -> None:
    own.ingest([entry("a")])
    with Stream(own, "/v1/calls/a/follow") as one, Stream(own, "/v1/follow") as all_calls:
        one.next("entry")
        all_calls.next("snapshot")
        if what == "account":
            done = ringlog("account", "disable", own.email, "--store", own.store)
        else:
            listed = ringlog("key", "list", own.email, "--json", "--store", own.store)
            number = listed.stdout.split('"id":')[1].split(",")[0].strip()
            done = ringlog("key", "revoke", own.email, number, "--store", own.store)
        assert done.returncode == 0, done.stderr
        begun = time.monotonic()
        assert list(one) == []
        assert list(all_calls) == []
        assert time.monotonic() - begun < DEADLINE_S / 3


def test_a_server_that_stops_ends_its_followers_first_and_they_go_on_after_it(own: Server) -> None:
    call = new_id()
    told: list[Event] = []
    last = ""
    for turn in range(3):
        own.ingest([entry(call, f"{turn} {n}", source=f"s{turn}", seq=n) for n in range(20)])
        with Stream(own, call_target(call), last) as stream:
            while not told or told[-1].id != str(20 * (turn + 1)):
                told.append(stream.next("entry"))
            last = told[-1].id
            begun = time.monotonic()
            if turn % 2:
                own.kill()
                with contextlib.suppress(http.client.HTTPException, OSError):
                    told += list(stream)
            else:
                assert own.terminate() == 0
                assert time.monotonic() - begun < 8  # without waiting for 10 s in vain
                told += list(stream)
        own.start()
    assert arrivals(told) == list(range(1, 61))


def test_who_does_not_read_is_cut_and_gives_its_descriptor_back(own: Server) -> None:
    call, quiet = new_id(), new_id()
    idle = sockets(own)
    own.ingest([entry(call, source="s", seq=0), entry(quiet)])
    with contextlib.ExitStack() as stack:
        reading = stack.enter_context(Stream(own, call_target(quiet)))
        reading.next("entry")
        for _ in range(3):
            stack.enter_context(slow_reader(own, call_target(call)))
        wait_for_sockets(own, idle + 4)
        seq = 0
        deadline = time.monotonic() + DEADLINE_S
        while sockets(own) > idle + 1:
            seq += 1
            own.ingest([entry(call, "x" * 60_000, source="s", seq=seq)])
            assert time.monotonic() < deadline
        own.ingest([entry(quiet, "still there")])
        assert value(reading.next("entry"))["event"]["line"] == "still there"
    wait_for_sockets(own, idle)


@pytest.mark.parametrize("what", ["a long log", "a little"])
def test_who_does_not_read_for_five_seconds_is_cut(own: Server, what: str) -> None:
    """Of a long log what is stored is more than the system takes; of a little, what comes."""
    call = new_id()
    idle = sockets(own)
    long = [entry(call, "x" * 60_000, source="s", seq=n) for n in range(100)]
    own.ingest(long if what == "a long log" else long[:1])
    with slow_reader(own, call_target(call)):
        wait_for_sockets(own, idle + 1)
        if what == "a little":
            own.ingest(long[1:4])
        wait_for_sockets(own, idle)


# -- many --------------------------------------------------------------------------------------------


def test_a_thousand_followers_are_told_everything_once(own: Server) -> None:
    """Half of them drop out on the way and go on where they were."""
    call = new_id()
    idle = sockets(own)
    own.ingest([entry(call, source="s", seq=0)])
    count, changes = 1000, 20
    with contextlib.ExitStack() as stack:
        streams = [stack.enter_context(Stream(own, call_target(call))) for _ in range(count)]
        told = [[stream.next("entry")] for stream in streams]
        feeder = threading.Thread(
            target=lambda: [own.ingest([entry(call, source="s", seq=1 + n)]) for n in range(changes)]
        )
        feeder.start()
        for number in range(0, count, 2):
            streams[number].__exit__(None, None, None)
            streams[number] = Stream(own, call_target(call), told[number][-1].id)
            stack.enter_context(streams[number])
        feeder.join()
        for stream, events in zip(streams, told, strict=True):
            while events[-1].id != str(changes + 1):
                events.append(stream.next("entry"))
        assert [one for one in map(arrivals, told) if one != list(range(1, changes + 2))] == []
    wait_for_sockets(own, idle)
