"""`POST /v1/ingest` at a real server: forms, encodings, caps, identity, and what it refuses."""

import base64
import gzip
import json
import select
import socket
from collections.abc import Iterator
from typing import Any

import pytest
import zstandard

from ringlog.model import CAP_LINE, MASK, MAX_BODY_BYTES, MAX_ENTRIES, MAX_ENTRY_BYTES
from ringlog.web.room import ROOM_BYTES
from tests.running import Answer, Server, ringlog
from tests.web.records import NOW, Record, entry, new_id, row

NDJSON = {"Content-Type": "application/x-ndjson"}
DAYS_6 = 6 * 86_400


def lines(server: Server, session_id: str) -> list[str]:
    answer = server.get(f"/api/call/{session_id}")
    return [one["event"]["line"] for one in answer.json()] if answer.status == 200 else []


def sent(server: Server, body: Any, **headers: str) -> Answer:
    return server.request("POST", "/v1/ingest", body, {**NDJSON, **headers})


def text(*records: Record) -> bytes:
    return b"\n".join(json.dumps(one).encode() for one in records)


def numbered(session_id: str, *seqs: int, line: str = "line", **more: Any) -> list[Record]:
    return [entry(session_id, f"{line} {seq}", source="s", seq=seq, **more) for seq in seqs]


# -- forms -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("media_type", "form"),
    [
        ("application/x-ndjson", b"%b\n\n \r\n%b\n"),
        ("application/x-ndjson; charset=utf-8", b"%b\n%b"),
        ("Application/JSON", b" [%b,%b]"),
    ],
)
def test_forms_of_entries(server: Server, media_type: str, form: bytes) -> None:
    one, other = new_id(), new_id()
    answer = server.ingest(form % (text(entry(one, "one")), text(entry(other, "other"))), media_type)
    assert (answer.status, answer.json()) == (200, {"accepted": 2, "duplicates": 0})
    assert answer.headers["content-type"] == "application/json"
    assert (lines(server, one), lines(server, other)) == (["one"], ["other"])


def test_one_object_and_nothing_at_all(server: Server) -> None:
    session_id = new_id()
    assert server.ingest(text(entry(session_id)), "application/json").json()["accepted"] == 1
    for body, media_type in ((b"", "application/x-ndjson"), (b"[]", "application/json")):
        assert server.ingest(body, media_type).json() == {"accepted": 0, "duplicates": 0}


def test_what_the_endpoints_return_can_be_sent_back(server: Server) -> None:
    session_id, other = new_id(), new_id()
    server.ingest([row(session_id), entry(session_id, "first"), entry(session_id, "second")])
    read = server.get(f"/api/call/{session_id}").body
    for accepted, duplicates in ((2, 0), (0, 2)):
        answer = server.ingest(read, "application/json", f"?session_id={other}")
        assert answer.json() == {"accepted": accepted, "duplicates": duplicates}
    longer = json.dumps([*json.loads(read), json.loads(read)[0]]).encode()
    assert server.ingest(longer, "application/json", f"?session_id={other}").json() == {
        "accepted": 1,
        "duplicates": 2,
    }
    differs = json.dumps(json.loads(read)[::-1]).encode()
    refused = server.ingest(differs, "application/json", f"?session_id={other}")
    assert (refused.status, refused.json()["records"]) == (409, [1, 2])
    logs = server.get(f"/api/all_logs/{NOW - 60}/{NOW - 59}").body
    assert server.ingest(logs, "application/json").status == 409  # other sources are there already
    assert lines(server, other) == ["first", "second", "first"]


@pytest.mark.parametrize(
    "query", ["?session_id=", "?session_id=%00", "?session_id=%FF", "?session_id=" + "x" * 256]
)
def test_query_that_names_no_session(server: Server, query: str) -> None:
    assert server.ingest(b"[]", "application/json", query).status == 400


# -- encodings -------------------------------------------------------------------------------------------


def zstd(body: bytes) -> bytes:
    return zstandard.compress(body)


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        ("gzip", gzip.compress),
        ("GZIP", gzip.compress),
        ("x-gzip", gzip.compress),
        ("zstd", zstd),
        ("identity", bytes),
    ],
)
def test_compressed_bodies(server: Server, encoding: str, pack: Any) -> None:
    session_id = new_id()
    body = text(*numbered(session_id, *range(300)))
    assert sent(server, pack(body), **{"Content-Encoding": encoding}).json()["accepted"] == 300
    assert len(lines(server, session_id)) == 300
    if encoding != "identity":
        parts = pack(body) + pack(b"\n") + pack(text(entry(session_id, source="s", seq=300)))
        assert sent(server, parts, **{"Content-Encoding": encoding}).json() == {
            "accepted": 1,
            "duplicates": 300,
        }


@pytest.mark.parametrize(("encoding", "pack"), [("gzip", gzip.compress), ("zstd", zstd)])
def test_broken_compressed_bodies(server: Server, encoding: str, pack: Any) -> None:
    session_id = new_id()
    whole = pack(text(entry(session_id)))
    headers = {"Content-Encoding": encoding}
    for broken in (
        whole[:-1],
        whole[: len(whole) // 2],
        whole[:3],
        b"",
        b"\0\0\0\0",
        whole + b"rest",
        text(entry(session_id)),
    ):
        answer = sent(server, broken, **headers)
        assert (answer.status, answer.json()) == (
            400, {"error": f"The body is not whole {encoding}: it is broken or was cut."}
        )  # fmt: skip
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 0x40
    assert sent(server, bytes(flipped), **headers).status == 400
    assert sent(server, pack(b"") * 100_000, **headers).status == 400
    bomb = pack(b"\n" * (MAX_BODY_BYTES + 1))
    assert len(bomb) < 64 * 2**10
    assert sent(server, bomb, **headers).status == 413
    assert server.get(f"/api/call/{session_id}").status == 404


@pytest.mark.parametrize("encoding", ["br", "deflate", "gzip, gzip", "nonsense"])
def test_other_encodings_are_415(server: Server, encoding: str) -> None:
    answer = sent(server, b"", **{"Content-Encoding": encoding})
    assert (answer.status, answer.json()) == (415, {"error": "Content-Encoding must be gzip or zstd."})


@pytest.mark.parametrize("media_type", ["", "text/plain", "application/xml", "application/jsonx", "json"])
def test_other_types_are_415(server: Server, media_type: str) -> None:
    assert server.ingest(b"{}", media_type).status == 415


# -- caps ------------------------------------------------------------------------------------------------


def test_a_body_of_16_mib_is_taken_and_one_byte_more_is_413(server: Server) -> None:
    session_id = new_id()
    body = text(entry(session_id))
    whole = body + b" " * (MAX_BODY_BYTES - len(body))
    assert sent(server, whole + b" ").status == 413

    def chunks() -> Iterator[bytes]:
        yield whole
        yield b"  "

    assert sent(server, chunks()).status == 413
    assert lines(server, session_id) == []
    assert sent(server, whole).json()["accepted"] == 1


def test_an_announced_length_is_refused_before_it_is_sent(server: Server) -> None:
    with begun(server, MAX_BODY_BYTES + 1) as connection:
        assert connection.recv(100).split()[1] == b"413"


def test_an_entry_of_64_kib_is_taken_and_one_byte_more_is_413(server: Server) -> None:
    session_id = new_id()
    room = (
        MAX_ENTRY_BYTES
        - len(json.dumps(entry("")).replace(": ", ":").replace(", ", ","))
        + len('"session_id":"",hello')
    )
    assert server.ingest([entry(session_id), entry(session_id, "x" * (room + 1))]).status == 413
    assert lines(server, session_id) == []
    assert server.ingest([entry(session_id, "x" * room)]).status == 200
    assert len(server.get(f"/api/call/{session_id}").body) == MAX_ENTRY_BYTES + 2


def test_above_a_calls_cap_entries_are_dropped_and_counted(server: Server) -> None:
    session_id = new_id()
    body = text(*numbered(session_id, *range(MAX_ENTRIES + 50), line=""))
    answer = sent(server, body).json()
    assert answer["accepted"] + answer["dropped"] == MAX_ENTRIES + 50
    assert answer["dropped"] >= 50
    kept = lines(server, session_id)
    assert MAX_ENTRIES - 1 <= len(kept) <= MAX_ENTRIES + 1
    assert CAP_LINE in kept
    again = sent(server, body).json()
    assert (again["accepted"], again["duplicates"]) == (0, answer["accepted"])


def begun(server: Server, length: int, start: bytes = b"") -> socket.socket:
    """A connection that has sent the head of an ingest and the start of its body."""
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=10)
    head = f"POST /v1/ingest HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n"
    head += "Content-Type: application/x-ndjson\r\n"
    connection.sendall(
        f"{head}Authorization: {server.authorization['Authorization']}\r\n\r\n".encode() + start
    )
    return connection


def test_of_a_client_that_hangs_up_in_mid_body_nothing_is_stored(server: Server) -> None:
    session_id = new_id()
    body = text(entry(session_id)) + b"\n"
    for _ in range(3):
        begun(server, len(body) + 1, body).close()
        assert server.ingest([entry(new_id())]).status == 200
    assert server.get(f"/api/call/{session_id}").status == 404


# -- identity --------------------------------------------------------------------------------------------


def test_duplicates_are_acknowledged_and_stored_once(server: Server) -> None:
    session_id = new_id()
    assert server.ingest(numbered(session_id, 0, 1)).json() == {"accepted": 2, "duplicates": 0}
    assert server.ingest(numbered(session_id, 1, 2, 2)).json() == {"accepted": 1, "duplicates": 2}
    assert lines(server, session_id) == ["line 0", "line 1", "line 2"]


def test_a_conflict_lists_its_records_and_stores_nothing(server: Server) -> None:
    session_id, other = new_id(), new_id()
    server.ingest(numbered(session_id, 0, 1))
    clashing = [
        *numbered(other, 0),
        *numbered(session_id, 0, 1, line="else"),
        *numbered(other, 0, line="else"),
    ]
    answer = server.ingest(clashing)
    assert (answer.status, answer.json()["records"]) == (409, [2, 3, 4])
    assert answer.json()["error"].startswith("Record 2")
    assert lines(server, session_id) == ["line 0", "line 1"]
    assert server.get(f"/api/call/{other}").status == 404


def test_without_identity_a_retry_is_stored_twice(server: Server) -> None:
    session_id = new_id()
    for accepted in (1, 1):
        assert server.ingest([entry(session_id)]).json() == {"accepted": accepted, "duplicates": 0}
    assert lines(server, session_id) == ["hello", "hello"]


def test_what_is_beyond_retention_is_410(server: Server) -> None:
    session_id = new_id()
    old = [row(session_id, NOW - DAYS_6), entry(session_id), entry(new_id(), at=NOW - DAYS_6)]
    answer = server.ingest([entry(session_id + "x"), *old])
    assert answer.status == 410
    assert answer.json()["records"] == [3, 4]
    assert server.get(f"/api/call/{session_id}x").status == 404
    assert (
        server.ingest([{**row(session_id, NOW - DAYS_6), "detail": [read]} for read in [_in_detail()]]).status
        == 410
    )
    assert server.ingest(old[:1]).status == 200
    assert server.ingest(old[1:2]).json()["records"] == [1]
    assert server.ingest([row(new_id(), NOW - 366 * 86_400)]).status == 410


def _in_detail() -> Record:
    inside = entry("")
    del inside["session_id"]
    return inside


# -- private ---------------------------------------------------------------------------------------------

SECRET = "4711-secret-0815"


def test_what_a_private_entry_held_stands_nowhere(server: Server) -> None:
    session_id = new_id()
    private = entry(session_id, f"User input: {SECRET} (dtmf)", source="s", seq=0, private=True)
    private["event"]["data"][SECRET] = {"heard": SECRET}
    private["class"] = "error"
    whole = {**entry(session_id, SECRET, source="s", seq=1), "private": True}
    ended = row(session_id)
    for accepted, duplicates in ((2, 0), (0, 2)):
        answer = server.ingest([private, whole, ended])
        assert answer.json() == {"accepted": accepted, "duplicates": duplicates}
    assert lines(server, session_id) == [f"User input: {MASK}", MASK]
    window = f"{ended['start']}/{ended['end']}"
    for target in (
        f"/api/call/{session_id}",
        f"/v1/calls/{session_id}",
        f"/api/all_logs/{window}",
        "/v1/calls?limit=1000",
    ):
        for accept in ("application/json", "application/xml"):
            answer = server.get(target, Accept=accept)
            assert answer.status == 200
            assert SECRET.encode() not in answer.body
    data = server.get(f"/api/call/{session_id}").json()[0]["event"]["data"]
    assert data == {"module_type": "prompt", "result_variable": "var_0", "private": True}
    for broken in (
        {"timestamp": "x"},
        {"class": SECRET},
        {"event": {SECRET: 1}},
        {SECRET: 1},
        {"source": SECRET},
    ):
        refused = server.ingest([{**private, "seq": None, **broken}])
        assert refused.status == 400
        assert SECRET.encode() not in refused.body
    assert (
        server.ingest([{**private, "event": {**private["event"], "line": "Else: " + SECRET}}]).status == 409
    )
    for file in server.folder.rglob("*"):
        assert file.is_dir() or SECRET.encode() not in file.read_bytes(), file


# -- who may write, and the order of refusals ------------------------------------------------------------


def test_order_of_refusals(server: Server) -> None:
    made = ringlog("key", "add", server.email, "--scope", "read", "--json", "--store", server.store)
    reader = json.loads(made.stdout)["developer_key"]
    session_id = new_id()
    server.ingest(numbered(session_id, 0))
    bad, old, clashing = (
        b"{}",
        text(entry(session_id, at=NOW - DAYS_6)),
        text(*numbered(session_id, 0, line="else")),
    )
    plain = {"Content-Type": "text/plain"}
    # Each request has all faults of those below it.
    everything = b"\n".join([bad, old, clashing])
    for status, method, key, headers, body in (
        (401, "GET", "wrong", plain, everything),
        (405, "GET", reader, plain, everything),
        (403, "POST", reader, plain, everything),
        (415, "POST", server.key, plain, everything),
        (413, "POST", server.key, NDJSON, everything + b" " * MAX_BODY_BYTES),
        (400, "POST", server.key, NDJSON, everything),
        (410, "POST", server.key, NDJSON, b"\n".join([old, clashing])),
        (409, "POST", server.key, NDJSON, clashing),
    ):
        answer = server.request(method, "/v1/ingest", body, headers, key=key)
        assert (answer.status, "error" in answer.json()) == (status, True), answer.body
        if status == 405:
            assert answer.headers["allow"] == "POST"
        if status == 401:
            assert "www-authenticate" in answer.headers
    assert server.request("POST", "/v1/ingest", bad, {**NDJSON, "Authorization": "Basic "}).status == 401


# -- bad records -----------------------------------------------------------------------------------------


def _with(path: str, value: Any) -> bytes:
    record = entry("bad")
    target = record
    *outer, last = path.split(".")
    for name in outer:
        target = target[name]
    if value is None:
        del target[last]
    else:
        target[last] = value
    return json.dumps(record).encode()


BAD_RECORDS = {
    "broken JSON": (b'{"session_id":"a"', "JSON"),
    "two values": (b"{} {}", "JSON"),
    "no object": (b"3", "object"),
    "bad UTF-8": (b'{"session_id":"\xff"}', "UTF-8"),
    "NaN": (_with("event.data.x", 1).replace(b'"x": 1', b'"x": NaN'), "JSON"),
    "1e400": (_with("event.data.x", 1).replace(b'"x": 1', b'"x": 1e400'), "range"),
    "half a pair": (_with("event.line", "Q").replace(b'"Q"', b'"\\ud800"'), "surrogate"),
    "too deep": (_with("event.data.x", 1).replace(b'"x": 1', b'"x": ' + b"[" * 5000 + b"]" * 5000), "nests"),
    "key twice": (_with("event.data.x", 1).replace(b'"x": 1', b'"x": 1, "x": 2'), "twice"),
    "unknown key": (_with("clas", "info"), "'clas'"),
    "unknown key of event": (_with("event.lines", "x"), "'lines'"),
    "unknown key of a row": (b'{"session_id":"a","dst":"1"}', "'dst'"),
    "unknown class": (_with("class", "warning"), "class"),
    "no line": (_with("event.line", None), "event.line"),
    "no module_type": (_with("event.data.module_type", None), "event.data.module_type"),
    "no result_variable": (_with("event.data.result_variable", None), "event.data.result_variable"),
    "module_type no text": (_with("event.data.module_type", 3), "event.data.module_type"),
    "line no text": (_with("event.line", 3), "event.line"),
    "data no object": (_with("event.data", [1]), "event.data"),
    "timestamp text": (_with("timestamp", str(NOW)), "timestamp"),
    "timestamp float": (_with("timestamp", NOW + 0.5), "timestamp"),
    "timestamp before 2000": (_with("timestamp", 946_684_799), "timestamp"),
    "timestamp in milliseconds": (_with("timestamp", NOW * 1000), "timestamp"),
    "timestamp two days ahead": (_with("timestamp", NOW + 2 * 86_400), "timestamp"),
    "time_us elsewhere": (_with("time_us", NOW * 10**6), "time_us"),
    "no session_id": (_with("session_id", None), "session_id"),
    "empty session_id": (_with("session_id", ""), "session_id"),
    "long session_id": (_with("session_id", "x" * 256), "session_id"),
    "session_id ..": (_with("session_id", ".."), "session_id"),
    "session_id with control": (_with("session_id", "a\x85"), "session_id"),
    "source without seq": (_with("source", "s"), "seq"),
    "bad source": (json.dumps(entry("bad", source="a\nb", seq=1)).encode(), "source"),
    "reserved source": (json.dumps(entry("bad", source="ringlog", seq=1)).encode(), "source"),
    "seq below 0": (_with("seq", -1), "seq"),
    "seq too large": (_with("seq", 2**53), "seq"),
    "private no bool": (_with("private", 1), "private"),
    "NUL in a row": (b'{"session_id":"a","src":"\\u0000"}', "src"),
    "long dest": (json.dumps({"session_id": "a", "dest": "x" * 1025}).encode(), "dest"),
    "unknown type": (b'{"session_id":"a","type":"internal"}', "type"),
    "start no number": (b'{"session_id":"a","start":"soon"}', "start"),
    "end in 1970": (b'{"session_id":"a","end":5}', "end"),
    "detail no list": (b'{"session_id":"a","detail":{}}', "detail"),
    "fault inside detail": (b'{"session_id":"a","detail":[3]}', "detail[0]"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_RECORDS)
def test_a_bad_record_is_named_and_nothing_is_stored(server: Server, case: str) -> None:
    bad, word = BAD_RECORDS[case]
    session_id = new_id()
    good = text(entry(session_id))
    answer = server.ingest(b"\n".join([good, bad, good, bad]))
    assert (answer.status, answer.json()["records"]) == (400, [2, 4]), answer.body
    error = answer.json()["error"]
    assert error.startswith("Record 2")
    assert word in error
    assert error.endswith(".")
    assert server.get(f"/api/call/{session_id}").status == 404
    as_array = server.ingest(b"[" + good + b"," + bad + b"]", "application/json")
    assert as_array.status == 400


def test_basic_with_more_than_one_authorization_is_no_one(server: Server) -> None:
    twice = base64.b64encode(f"{server.email}:{server.key}:x".encode()).decode()
    assert (
        server.request("POST", "/v1/ingest", b"", {**NDJSON, "Authorization": f"Basic {twice}"}).status == 401
    )


# -- busy ------------------------------------------------------------------------------------------------


def test_bodies_that_find_no_room_are_refused_until_there_is_some(server: Server) -> None:
    """Clients that stop in mid-body hold what they sent; one of these finds no room."""
    held = [stopped_in_mid_body(server) for _ in range(ROOM_BYTES // MAX_BODY_BYTES + 1)]
    try:
        (refused, *_), _, _ = select.select(held, [], [], 60)
        answer = refused.recv(10_000)
    finally:
        for one in held:
            one.close()
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"\r\nretry-after: 1\r\n" in answer
    assert answer.endswith(b'{"error":"The store is busy; try again."}')
    body = text(*numbered(new_id(), 0))
    assert any(server.ingest(body).status == 200 for _ in range(1000))


def stopped_in_mid_body(server: Server) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", server.port))
    connection.sendall(
        b"POST /v1/ingest HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-ndjson\r\n"
        b"Authorization: %b\r\nContent-Length: %d\r\n\r\n"
        % (server.authorization["Authorization"].encode(), MAX_BODY_BYTES)
    )
    connection.sendall(bytes(MAX_BODY_BYTES - 10))
    return connection
