"""The wire contract at a real server: the published payloads, and every ruling about what they leave open."""

import json
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.running import Answer, Server, ringlog
from tests.web.records import NOW, entry, error_tree, new_id, new_window, read_entry, row, tree

PAYLOADS = Path(__file__).parent.parent / "contract"
XML = {"Accept": "application/xml"}
NOT_FOUND = "No call log was found."
NO_ADDRESS = "No such address."
ONLY_GET = "Only GET is allowed here."
PUBLISHED = "300060;001;1529552581"


def payload(name: str) -> bytes:
    return (PAYLOADS / name).read_bytes()


def call(server: Server, session_id: str, **headers: str) -> Answer:
    return server.get(f"/api/call/{quote(session_id, safe='')}", **headers)


def calls(server: Server, start: int, query: str = "", seconds: int = 10_000) -> dict[str, object]:
    return server.get(f"/api/calls/{start}/{start + seconds}{query}").json()


def ids(listing: dict[str, object]) -> list[str]:
    return [one["session_id"] for one in listing["calls"]]


def said(answer: Answer) -> tuple[int, object]:
    return answer.status, answer.json()


# -- the published payloads ------------------------------------------------------------------------------


def test_published_call_comes_back_as_json_and_xml(keeping: Server) -> None:
    sent = keeping.ingest(payload("call.json"), "application/json", f"?session_id={quote(PUBLISHED)}")
    assert sent.status == 200
    as_json = call(keeping, PUBLISHED)
    assert said(as_json) == (200, json.loads(payload("call.json")))
    assert as_json.headers["content-type"] == "application/json"
    assert b'": ' not in as_json.body
    assert [list(one) for one in as_json.json()] == [["event", "class", "timestamp"]] * len(as_json.json())
    as_xml = call(keeping, PUBLISHED, **XML)
    assert as_xml.headers["content-type"] == "application/xml"
    assert as_xml.body.startswith(b'<?xml version="1.0"?>')
    # The two published files differ in this one address.
    published = payload("call.xml").replace(b">test@plumgroup", b">tests@plumgroup")
    assert tree(as_xml.body) == tree(published)


def test_published_list_comes_back(keeping: Server) -> None:
    assert keeping.ingest(payload("calls.json"), "application/json").status == 200
    answer = keeping.get("/api/calls/1529549000/1529553000")
    assert said(answer) == (200, json.loads(payload("calls.json")))
    assert list(answer.json()["calls"][0]) == ["dest", "src", "start", "end", "session_id", "type", "log"]


def test_published_logs_come_back_but_for_their_number(keeping: Server) -> None:
    assert keeping.ingest(payload("all_logs.json"), "application/json").status == 200
    answer = keeping.get("/api/all_logs/1575898000/1575899000").json()
    assert answer.pop("total_calls") == 1
    assert answer == json.loads(payload("all_logs.json"))
    as_xml = tree(keeping.get("/api/all_logs/1575898000/1575899000", **XML).body)
    listed, total = as_xml[2]
    assert (listed[0], total) == ("calls", ("total_calls", "1", []))
    names = [child[0] for child in listed[2][0][2]]
    assert names == ["dest", "src", "start", "end", "session_id", "detail"]


def test_what_never_was_is_the_published_404(server: Server) -> None:
    answer = call(server, new_id())
    assert said(answer) == (404, json.loads(payload("call-not-found.json")))
    as_xml = call(server, new_id(), **XML)
    assert as_xml.status == 404
    assert tree(as_xml.body) == tree(payload("call-not-found.xml"))


def test_expired_call_is_the_published_404_and_stays_in_the_list(server: Server) -> None:
    session_id, start = new_id(), NOW - 6 * 86_400
    assert server.ingest([row(session_id, start)]).status == 200
    assert said(call(server, session_id)) == (404, json.loads(payload("call-expired.json")))
    listed = calls(server, start, seconds=1)
    assert [one["log"] for one in listed["calls"] if one["session_id"] == session_id] == [False]
    logs = server.get(f"/api/all_logs/{start}/{start + 1}").json()
    assert logs == {"calls": [], "total_calls": 0}
    assert server.get(f"/api/all_logs/{start}/{start + 1}", **XML).body.endswith(
        b"<result><calls></calls><total_calls>0</total_calls></result>"
    )


# -- states of a call ------------------------------------------------------------------------------------


def test_running_call_answers_so_far_and_is_listed_once_it_ended(keeping: Server) -> None:
    session_id, start = new_id(), new_window()
    keeping.ingest([entry(session_id, "first", at=start)])
    assert said(call(keeping, session_id)) == (200, [read_entry("first", at=start)])
    assert calls(keeping, start) == {"calls": [], "total_calls": 0}
    keeping.ingest([row(session_id, start), entry(session_id, "second", at=start + 1)])
    assert [one["event"]["line"] for one in call(keeping, session_id).json()] == ["first", "second"]
    assert ids(calls(keeping, start)) == [session_id]


def test_call_without_entries_is_an_empty_log(server: Server) -> None:
    session_id = new_id()
    server.ingest([row(session_id)])
    assert call(server, session_id).body == b"[]"
    assert call(server, session_id, **XML).body == b'<?xml version="1.0"?><result/>'


def test_another_account_sees_nothing_of_it(server: Server) -> None:
    email = f"{new_id('other')}@example.com"
    key = server.account(email)
    session_id = new_id()
    server.ingest([entry(session_id, "ours")])

    def theirs(target: str) -> Answer:
        return server.request("GET", target, email=email, key=key)

    assert said(theirs(f"/api/call/{session_id}")) == (404, {"error": NOT_FOUND})
    assert theirs(f"/v1/calls/{session_id}").status == 404
    record = json.dumps(entry(session_id, "theirs")).encode()
    headers = {"Content-Type": "application/x-ndjson"}
    assert server.request("POST", "/v1/ingest", record, headers, email=email, key=key).status == 200
    assert theirs(f"/api/call/{session_id}").json()[0]["event"]["line"] == "theirs"
    assert call(server, session_id).json()[0]["event"]["line"] == "ours"
    assert ids(theirs("/v1/calls").json()) == [session_id]


# -- who may ask -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "authorization",
    ["", "Basic", "Basic !!!", "Basic YQ==", "Bearer abc", "Basic " + "QQ==" * 5000, "Basic /////w=="],
)
@pytest.mark.parametrize("target", ["/api/call/x", "/api/calls/1/2", "/api/nothing", "/api/"])
def test_without_a_key_everything_is_401(server: Server, target: str, authorization: str) -> None:
    for method in ("GET", "POST"):
        answer = server.request(method, target, headers={"Authorization": authorization})
        assert answer.status == 401
        assert answer.headers["www-authenticate"].startswith("Basic ")
        assert set(answer.json()) == {"error"}


def test_wrong_key_unknown_email_and_inactive_account_are_401(server: Server) -> None:
    for email, key in ((server.email, "wrong"), ("nobody@example.com", server.key), (server.email, "")):
        assert server.request("GET", "/api/call/x", email=email, key=key or " ").status == 401
    email = f"{new_id('gone')}@example.com"
    key = server.account(email)
    assert ringlog("account", "disable", email, "--store", server.store).returncode == 0
    assert server.request("GET", "/api/call/x", email=email, key=key).status == 401


def test_key_that_may_not_read_is_401_here_and_403_on_v1(server: Server) -> None:
    made = ringlog("key", "add", server.email, "--scope", "write", "--json", "--store", server.store)
    key = json.loads(made.stdout)["developer_key"]
    assert server.request("GET", "/api/call/x", key=key).status == 401
    assert server.request("GET", "/v1/calls", key=key).status == 403
    assert server.request("GET", "/v1/calls/x", key=key).status == 403


def test_email_is_taken_without_regard_to_case(server: Server) -> None:
    assert server.request("GET", "/api/call/none", email=server.email.upper()).status == 404


# -- order of checks -------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "TRACE"])
def test_other_methods_are_405_before_anything_is_looked_up(server: Server, method: str) -> None:
    for target in ("/api/call/none", "/api/calls/x/y", "/api/all_logs/1/2?limit=x"):
        answer = server.request(method, target)
        assert (answer.status, answer.headers["allow"]) == (405, "GET")
        if method == "HEAD":
            assert answer.body == b""
        else:
            assert answer.json() == {"error": ONLY_GET}


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize(
    "target", ["/api/", "/api/call", "/api/calls/1", "/api/calls/1/2/3", "/api/all_logs/1/2/", "/api/Call/x"]
)
def test_what_is_no_address_is_404_whatever_the_method(server: Server, target: str, method: str) -> None:
    assert said(server.request(method, target)) == (404, {"error": NO_ADDRESS})


def test_errors_are_xml_where_xml_is_asked_for(server: Server) -> None:
    for method, target, status, sentence in (
        ("GET", "/api/call/none", 404, NOT_FOUND),
        ("GET", "/api/nothing", 404, NO_ADDRESS),
        ("POST", "/api/call/none", 405, ONLY_GET),
        ("GET", "/api/calls/a/2", 400, "start must be a time in whole UNIX seconds."),
    ):
        answer = server.request(method, target, headers=XML)
        assert (answer.status, answer.headers["content-type"]) == (status, "application/xml")
        assert tree(answer.body) == error_tree(sentence)
    refused = server.request("GET", "/api/call/x", headers=XML, key="wrong")
    assert refused.status == 401
    assert tree(refused.body)[2][0][0] == "error"


@pytest.mark.parametrize(
    ("accept", "xml"),
    [
        ("", False),
        ("*/*", False),
        ("application/json", False),
        ("application/xml", True),
        ("text/xml", True),
        ("Application/XML; charset=utf-8", True),
        ("application/xml, application/json", False),
        ("application/xml, application/json;q=0.9", True),
        ("application/xml;q=0.5, application/json", False),
        ("application/xml;q=0.5, application/json;q=0.4", True),
        ("application/xml;q=0", False),
        ("application/json;q=0, application/xml;q=0.1", True),
        ("application/xml, */*;q=0.8", True),
        ("application/xml;q=0.2, */*", False),
        ("text/html, image/png", False),
        ("application/xml;q=nonsense", False),
        ("application/xml;q=nan", False),
        (",;,=;q", False),
    ],
)
def test_accept_says_which_format(server: Server, accept: str, xml: bool) -> None:
    answer = server.get("/api/calls/1/2", Accept=accept)
    assert answer.status == 200
    assert answer.headers["content-type"] == ("application/xml" if xml else "application/json")


# -- session ids -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "session_id",
    [
        "1795424527.0", "a/b//c", "/", "100%", "%3B", "%", "with blank", " ", "a+b",
        "Ä€/日本🎉", "a?b=c&d#e", "...", ".x",
        "x" * 255, "日" * 255, '"<&>\'\\', "a;b", "..%2F",
    ],
)  # fmt: skip
def test_any_id_is_found_again(server: Server, session_id: str) -> None:
    server.ingest([entry(session_id, "found")])
    for safe in ("", "/;:@"):
        answer = server.get(f"/api/call/{quote(session_id, safe=safe)}")
        assert [one["event"]["line"] for one in answer.json()][-1:] == ["found"]
    native = server.get(f"/v1/calls/{quote(session_id, safe='')}")
    assert native.json()["call"]["session_id"] == session_id


def test_semicolon_is_taken_raw_and_encoded(server: Server) -> None:
    session_id = f"300060;001;{new_id()}"
    server.ingest([entry(session_id)])
    for written in (session_id, session_id.replace(";", "%3B"), session_id.replace(";", "%3b")):
        assert server.get(f"/api/call/{written}").status == 200


def test_plus_is_first_itself_and_then_a_blank(server: Server) -> None:
    name = new_id()
    server.ingest([entry(f"{name} b+c d", "blank")])
    assert server.get(f"/api/call/{name}+b%2Bc+d").json()[0]["event"]["line"] == "blank"
    assert server.get(f"/api/call/{name}%2Bb%2Bc%2Bd").status == 404
    server.ingest([entry(f"{name}+b+c+d", "plus")])
    assert server.get(f"/api/call/{name}+b+c+d").json()[0]["event"]["line"] == "plus"
    assert server.get(f"/api/call/{name}+b%2Bc+d").json()[0]["event"]["line"] == "plus"


@pytest.mark.parametrize(
    "written",
    [
        "", "%FF", "%C3", "%ED%A0%80", "x" * 256, "%C3%A9" * 256, "%00", "a%0Ab", "%7F", "%C2%85",
        ".", "..", "%2e", "+%FF",
    ],
)  # fmt: skip
def test_ids_that_cannot_be_are_the_ordinary_404(server: Server, written: str) -> None:
    assert said(server.get(f"/api/call/{written}")) == (404, {"error": NOT_FOUND})
    assert server.get(f"/v1/calls/{written or '%00'}").status == 404


# -- windows, filters, pages -----------------------------------------------------------------------------


def test_window_is_half_open(keeping: Server) -> None:
    start, session_id = new_window(), new_id()
    keeping.ingest([row(session_id, start)])
    assert ids(calls(keeping, start, seconds=1)) == [session_id]
    assert ids(calls(keeping, start - 10, seconds=10)) == []
    for end in (start, start - 1):
        assert keeping.get(f"/api/calls/{start}/{end}").json() == {"calls": [], "total_calls": 0}
    assert keeping.get(f"/api/calls/%2B{start}/{10**29}").json()["total_calls"] >= 1


@pytest.mark.parametrize("which", ["calls", "all_logs"])
@pytest.mark.parametrize(
    ("rest", "named"),
    [
        ("x/2", "start"), ("1/x", "end"), ("/2", "start"), ("1/", "end"), ("1.5/2", "start"),
        ("1/0x10", "end"), ("%FF/2", "start"),
        ("1/2?limit=x", "limit"), ("1/2?limit=", "limit"), ("1/2?offset=1.5", "offset"),
        ("1/2?offset=%FF", "query"),
        ("١/2", "start"), ("1/2?number=%ED%A0%80", "query"),
    ],
)  # fmt: skip
def test_numbers_that_are_none_are_400_and_named(server: Server, which: str, rest: str, named: str) -> None:
    answer = server.get(f"/api/{which}/{quote(rest, safe='/?=%.')}")
    assert answer.status == 400
    assert named in answer.json()["error"]


def test_limit_and_offset_are_clamped_and_total_counts_all(keeping: Server) -> None:
    start = new_window()
    sent = [f"{start}-{number}" for number in range(5)]
    keeping.ingest([row(one, start + number) for number, one in enumerate(sent)])
    newest_first = sent[::-1]
    for query, wanted in (
        ("", newest_first),
        ("?limit=2&offset=1", newest_first[1:3]),
        ("?limit=0", newest_first[:1]),
        ("?limit=-7", newest_first[:1]),
        (f"?limit={10**25}&offset=-3", newest_first),
        ("?offset=4", newest_first[4:]),
        (f"?offset={10**25}", []),
        ("?unknown=x&limit=9&limit=1", newest_first[:1]),
    ):
        listed = calls(keeping, start, query)
        assert (ids(listed), listed["total_calls"]) == (wanted, 5), query
        logs = keeping.get(f"/api/all_logs/{start}/{start + 10_000}{query}").json()
        assert (ids(logs), logs["total_calls"]) == (wanted, 5), query


def test_pages_of_equal_starts_are_stable(keeping: Server) -> None:
    start = new_window()
    sent = [f"{start}-{number}" for number in range(7)]
    keeping.ingest([row(one, start) for one in reversed(sent)])
    paged = [ids(calls(keeping, start, f"?limit=2&offset={offset}")) for offset in (0, 2, 4, 6)]
    assert [one for page in paged for one in page] == sent


@pytest.mark.parametrize(
    ("dest", "asked"),
    [
        ("8009957586", ["8009957586", "18009957586", "%2B18009957586", "+1 800 995-7586", "tel:%2B18009957586", "800.995.7586"]),  # noqa: E501 - one case a line
        ("tel:+18009957586;ani=2125551234", ["8009957586", "(800)9957586;postd=12"]),
        ("sip:Alice", ["sip:alice", "SIP:ALICE"]),
        ("493012345678", ["%2B49 30 12345678"]),
        ("0049", ["0049"]),
    ],
)  # fmt: skip
def test_number_keeps_calls_to_it_in_any_way_of_writing(keeping: Server, dest: str, asked: list[str]) -> None:
    start = new_window()
    keeping.ingest(
        [row("n1-" + str(start), start, dest=dest), row("n2-" + str(start), start, dest="5550000")]
    )
    for number in asked:
        assert ids(calls(keeping, start, f"?number={number.replace(' ', '%20')}")) == [f"n1-{start}"], number
    assert calls(keeping, start, "?number=")["total_calls"] == 2
    for other in ("49", "6175551234", "alice", "009957586"):
        assert calls(keeping, start, f"?number={other}")["total_calls"] == 0


def test_outbound_calls_show_that_word_and_keep_their_number(keeping: Server) -> None:
    start = new_window()
    first, second = f"o1-{start}", f"o2-{start}"
    keeping.ingest([row(first, start, type="outbound"), row(second, start, src="Outbound")])
    listed = calls(keeping, start)["calls"]
    assert [(one["src"], one["type"]) for one in listed] == [("Outbound", "outbound")] * 2
    logs = keeping.get(f"/api/all_logs/{start}/{start + 1}").json()["calls"]
    assert [(one["src"], one["start"]) for one in logs] == [("Outbound", str(start))] * 2
    assert keeping.get(f"/v1/calls/{first}").json()["call"]["src"] == "6175551234"


def test_data_stays_as_it_was_sent_and_hostile_data_is_still_xml(server: Server) -> None:
    session_id = new_id()
    data = (
        '{"z":1.0,"a":1e5,"big":123456789012345678901234567890,"module_type":"m","result_variable":"r","1st":[null,true,'
        '{"":[]}],"a b":{"xmlData":"]]>\\u0000\\u001b<&"},"list":[],"none":null,"\\ud83c\\udf89":"\\r\\n\\t"}'
    )  # fmt: skip
    text = f'{{"session_id":"{session_id}","event":{{"data":{data},"line":"]]>"}},"timestamp":{NOW},"class":"debug"}}'  # noqa: E501 - one case a line
    assert server.ingest(text.encode()).json() == {"accepted": 1, "duplicates": 0}
    body = call(server, session_id).body
    assert b'"z":1.0,"a":1e5,"big":123456789012345678901234567890,"module_type"' in body
    assert json.loads(body)[0]["event"]["data"] == json.loads(data)
    event = tree(call(server, session_id, **XML).body)[2][0][2][0]
    assert event[2][0] == ("line", "]]>", [])
    values = {name: text for name, text, _ in event[2][1][2]}
    assert (values["z"], values["a"], values["big"]) == ("1.0", "1e5", "123456789012345678901234567890")
    assert {"_1st", "a_b", "list", "none"} <= values.keys()


def test_addresses_beyond_the_contract_speak_our_form_of_errors(server: Server) -> None:
    assert said(server.get("/nothing")) == (404, {"error": NO_ADDRESS})
    wrong = server.request("DELETE", "/v1/calls")
    assert (wrong.status, set(wrong.json())) == (405, {"error"})
    assert "GET" in wrong.headers["allow"]
    assert server.get("/v1/calls?limit=x").status == 400
    assert server.request("GET", "/v1/calls", key="wrong").status == 401
    assert said(server.get("/health/live")) == (200, {"status": "live"})
    ready = server.get("/health/ready").json()
    assert (ready.keys(), ready["status"]) == ({"status", "unsealed"}, "ready")
    assert ready["unsealed"].keys() == {"calls", "entries"}


def test_native_pages_join_to_the_whole(server: Server) -> None:
    session_id = new_id()
    server.ingest([entry(session_id, str(number), source="s", seq=number) for number in range(7)])
    lines: list[str] = []
    after = "-1"
    while after:
        page = server.get(f"/v1/calls/{session_id}?limit=3&after={after}").json()
        lines += [one["event"]["line"] for one in page["entries"]]
        after = "" if page["next"] is None else str(page["next"])
    assert lines == [str(number) for number in range(7)]
    cursor, seen = "", list[str]()
    while True:
        page = server.get(f"/v1/calls?limit=2&since={NOW - 3600}{cursor and '&cursor=' + cursor}").json()
        seen += ids(page)
        if not page["next"]:
            break
        cursor = page["next"]
    assert seen.count(session_id) == 1
    assert len(seen) == len(set(seen))
