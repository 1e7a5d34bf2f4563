"""`GET /v1/calls`: filters and cursors."""

import base64
from urllib.parse import quote

import msgspec

from tests.running import Answer, Server
from tests.web.records import NOW, entry, new_id, new_window, row


def ids(listing: dict[str, object]) -> list[str]:
    return [one["session_id"] for one in listing["calls"]]


def said(answer: Answer) -> tuple[int, object]:
    return answer.status, answer.json()


def test_native_filters_keep_what_the_rows_say(keeping: Server) -> None:
    at = new_window()
    names = {name: new_id(name) for name in ("good", "failed", "running", "outbound")}
    keeping.ingest([
        row(names["good"], at, application="Sales & more"),
        row(names["failed"], at + 1), entry(names["failed"], at=at + 1, **{"class": "error"}),
        {"session_id": names["running"], "src": "100", "dest": "8009957586", "start": at + 2},
        row(names["outbound"], at + 3, type="outbound"),
    ])  # fmt: skip
    window = f"/v1/calls?since={at}&until={at + 9_000}"
    for asked, expected in {
        "": [*names],
        "&state=running": ["running"],
        "&state=completed": ["good", "outbound"],
        "&state=failed": ["failed"],
        "&class=error": ["failed"],
        "&type=outbound": ["outbound"],
        "&application=Sales%20%26%20more": ["good"],
        "&application=sales": [],
        "&number=(617)%20555-1234&type=inbound": ["good", "failed"],
        "&type=&state=&class=&number=&application=&cursor=&nonsense=1": [*names],
    }.items():
        found = ids(keeping.get(window + asked).json())
        assert found == [names[name] for name in reversed(expected)], asked
    for asked, sentence in {
        "type=sideways": "type must be one of inbound, outbound, transfer.",
        "state=Running": "state must be one of running, completed, failed.",
        "since=today": "since must be a whole number.",
    }.items():
        assert said(keeping.get(f"/v1/calls?{asked}")) == (400, {"error": sentence})


def test_a_cursor_is_one_that_an_earlier_page_of_the_account_gave(keeping: Server) -> None:
    at = new_window()
    keeping.ingest([row(new_id(), at + n) for n in range(3)])
    window = f"/v1/calls?since={at}&until={at + 3}&limit=2"
    first = keeping.get(window).json()
    # What comes while somebody pages moves nothing.
    keeping.ingest([row(new_id(), at + 2), row(new_id(), at + 1)])
    rest = ids(keeping.get(f"{window}&cursor={first['next']}").json())
    assert rest[-1:] == ids(keeping.get(f"/v1/calls?since={at}&until={at + 1}").json())
    assert not set(rest) & set(ids(first))
    email = f"{new_id()}@example.com"
    key = keeping.account(email)
    wrong = (400, {"error": "cursor is not one that an earlier page gave."})
    assert said(keeping.request("GET", f"{window}&cursor={first['next']}", email=email, key=key)) == wrong
    made_up = base64.urlsafe_b64encode(msgspec.msgpack.encode((at, "x"))).decode()
    for cursor in ("x", "kg", "ks8AAAAAAAAAAKF4", "%00", "a" * 10_000, made_up, first["next"] + "A"):
        assert said(keeping.get(f"/v1/calls?cursor={cursor}")) == wrong


def test_a_text_is_searched_for_in_the_lines(server: Server) -> None:
    word = new_id("word").replace("-", "")
    first, second = new_id(), new_id()
    server.ingest(
        [entry(first, f"{word} for ann@{word}.example"), entry(first, "Dialling +1 (617) 555-0134")]
    )
    server.ingest([entry(second, f"<b>{word}</b>"), {"session_id": second, "end": NOW}])

    def search(text: str, more: str = "") -> dict[str, object]:
        return server.get(f"/v1/calls?text={quote(text)}{more}").json()

    page = search(word.upper())
    assert [(call["session_id"], call["found"]) for call in page["calls"]] == [
        (second, f"<b>{word}</b>"), (first, f"{word} for ann@{word}.example")
    ]  # fmt: skip
    assert (page["next"], page["complete"]) == (None, True)
    numbers = [f"617-555-0134 {word}", f"16175550134 {word}"]
    for text in [*numbers, f"ann@{word}.example", f'"{word} FOR  ann"', f"-{word} ann*"]:
        assert ids(search(text)) == [first], text
    assert ids(search(word, "&module_type=PROMPT&class=info&state=completed")) == [second]
    assert ids(search(word, "&class=prompt")) == []
    cut = search(word, "&limit=1")
    assert ids(cut) == [second]
    assert ids(search(word, f"&cursor={cut['next']}")) == [first]
    assert ids(search(f"NEAR({word}")) == []
    assert ids(search(f"{word} " + "x" * 10_000)) == []
    assert said(server.get("/v1/calls?text=%22")) == (
        400, {"error": "text holds no word and no number to search for."}
    )  # fmt: skip
    lists = server.get("/v1/calls?limit=1").json()["next"]
    assert server.get(f"/v1/calls?text=a&cursor={lists}").status == 400
    assert server.get(f"/v1/calls?cursor={cut['next']}").status == 400
