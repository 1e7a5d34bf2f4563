"""What the list's addresses answer, over plain HTTP."""

import csv
import io
import re
import subprocess
from html import unescape
from urllib.parse import quote

import pytest

from ringlog.web.console.calls_csv import lines
from tests.running import Server, ringlog

from .calls import BIDI, ESCAPED, NOW, Caller, call, line
from .person import Person


@pytest.fixture
def caller(server: Server) -> Caller:
    return Caller(server)


def logged_in(caller: Caller) -> Person:
    person = Person(caller.server)
    person.log_in(caller.email, caller.key)
    return person


ODD = "odd/../id?;#%2F é+\u202e"


def test_what_is_pasted_leads_to_the_call(caller: Caller) -> None:
    caller.send(
        call("x-1"),
        call(ODD, dest="2025550177"),
        call("x-2", dest="2025550188"),
        call("x-3", dest="2025550188"),
    )
    person = logged_in(caller)
    assert person.get("/").headers["location"] == "/calls"
    assert person.get("/calls?q=+x-1+").headers["location"] == "/calls/x-1"
    assert person.get(f"/calls?q={quote(ODD)}").headers["location"] == f"/calls/{quote(ODD, safe='')}"
    assert person.get("/calls?q=%2B1+(202)+555-0177").headers["location"] == f"/calls/{quote(ODD, safe='')}"
    several = person.get("/calls?q=2025550188")
    assert several.status == 200
    assert several.body.count(b"data-id=") == 2


def test_another_accounts_call_is_found_by_nothing(caller: Caller, server: Server) -> None:
    Caller(server).send(call("theirs", dest="2025550166"))
    caller.send(call("mine"))
    person = logged_in(caller)
    for text in ("theirs", "2025550166"):
        answer = person.get(f"/calls?q={text}")
        assert answer.status == 200
        assert b"theirs</" not in answer.body


@pytest.mark.parametrize(
    "query",
    [
        "state=broken", "type=1", "class=x", "period=week", "since=yesterday", "until=1.5", "cursor=made-up",
        "cursor=%00", "q=%ff",
    ],
)  # fmt: skip
def test_what_means_nothing_is_one_sentence(caller: Caller, query: str) -> None:
    person = logged_in(caller)
    answer = person.get(f"/calls?{query}")
    assert answer.status == 400
    assert b"<h1>That was not understood</h1>" in answer.body
    assert person.get(f"/calls?{query}", Accept="*/*").json()["error"].endswith(".")


@pytest.mark.parametrize("text", ['"', "((", "--", "?! …", "\u202e"])
def test_a_search_for_signs_is_one_sentence_beside_the_search_box(caller: Caller, text: str) -> None:
    caller.send(call("x"), line("x", f"signs {text}"), call("--"))
    person = logged_in(caller)
    answer = person.get(f"/calls?q={quote(text)}&state=completed")
    assert answer.status == 400
    page = unescape(answer.body.decode())
    assert f'name="q" type="search" placeholder="Number, text or session id" value="{text}"' in page
    assert "<p>That holds no word and no number to search for. <a" in page
    assert "data-id=" not in page
    assert person.get(f"/calls?q={quote(text)}&period=week").body.count(b"<h1>That was not understood") == 1


def test_a_session_id_of_signs_leads_to_its_call(caller: Caller) -> None:
    caller.send(call("--"))
    assert logged_in(caller).get("/calls?q=--").headers["location"] == "/calls/--"


@pytest.mark.parametrize(
    "query",
    [
        "since=99999999999999999999",
        f"until={2**63}",
        "since=-5",
        "state=&type=&q=",
        "unknown=1",
        "q=" + "x" * 10_000,
    ],
)
def test_what_is_far_or_open_or_unknown_is_a_plain_list(caller: Caller, query: str) -> None:
    caller.send(call("x"))
    assert logged_in(caller).get(f"/calls?{query}").status == 200


def test_another_accounts_cursor(caller: Caller, server: Server) -> None:
    other = Caller(server)
    for one in (caller, other):
        one.send(*(call(f"c{n}", n + 1) for n in range(60)))
    older = re.search(rb'href="([^"]+cursor=[^"]+)"', logged_in(other).get("/calls").body)
    assert older
    assert logged_in(other).get(unescape(older[1].decode())).status == 200
    assert logged_in(caller).get(unescape(older[1].decode())).status == 400


@pytest.mark.parametrize("query", ["q=hello", "module_type=play", "class=prompt"])
def test_what_asks_entries_is_not_followed(caller: Caller, query: str) -> None:
    caller.send(call("x"), line("x", "hello", "prompt"))
    person = logged_in(caller)
    assert b"data-follow" in person.get("/calls?class=&state=completed").body
    body = person.get(f"/calls?{query}").body
    assert b'data-id="x"' in body
    assert b"data-follow" not in body


def test_a_line_is_cut_in_the_list_but_where_it_was_found(caller: Caller) -> None:
    long = "straw " * 9_000
    caller.send(call("bad"), line("bad", f"{long}needle {long[:600]}", "error"))
    caller.send(call("runs", 9, None), line("runs", long, "debug", 9), line("runs", long, "prompt", 9))
    person = logged_in(caller)
    page = person.get("/calls").body.decode()
    assert f"<bdi>{long[:300]}…</bdi>" in page
    assert f"<bdi>playing {long[:292]}…</bdi>" in page
    assert len(page) < 20_000
    found = re.search(r"<bdi>(….*?…)</bdi>", person.get("/calls?q=needle").body.decode())
    assert found
    assert found[1].startswith("…raw straw straw needle straw ")
    assert len(found[1]) == 302


def test_a_csv_holds_all_pages_and_no_formula(caller: Caller) -> None:
    first = '=HYPERLINK("http://evil.example"), "now"\nand more'
    caller.send(
        *(call(f"c{n:04}", 5000 + n) for n in range(1200)),
        call("first", 60, src="+12025550101", dest="-2+3", application="@SUM(A1)", version="\ttab"),
        line("first", first, "error", 50),
        call("runs", 5, None),
    )
    answer = logged_in(caller).get("/calls.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="calls.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.body.decode(), newline="")))
    assert [row["session_id"] for row in rows] == ["runs", "first", *(f"c{n:04}" for n in range(1200))]
    found = rows[1]
    assert [found[name] for name in ("src", "dest", "application")] == ["'+12025550101", "'-2+3", "'@SUM(A1)"]
    assert found["version"] in {r"\ttab", "tab"}
    assert found["first_error"] == "'" + first.replace("\n", r"\n")
    assert (found["state"], found["errors"], found["seconds"]) == ("failed", "1", "30")
    assert (rows[0]["state"], rows[0]["end"], rows[0]["seconds"]) == ("running", "", "")
    assert all(not value.startswith(("=", "+", "-", "@")) for row in rows for value in row.values())
    filtered = logged_in(caller).get("/calls.csv?class=error").body.decode()
    assert len(list(csv.reader(io.StringIO(filtered, newline="")))) == 2
    assert logged_in(caller).get("/calls.csv?state=broken").status == 400
    assert Person(caller.server).get("/calls.csv").status == 303


def test_a_call_lasts_as_long_wherever_it_is_shown(caller: Caller) -> None:
    """From 0.9 s after the second it began in, to 0.1 s after the one it ended in: 12.2 s by finer clocks."""
    start_us = (NOW - 60) * 1_000_000
    first = {**line("x", "hello", ago_s=60), "source": "s", "seq": 0, "time_us": start_us + 900_000}
    last = {**line("x", "bye", ago_s=47), "source": "s", "seq": 1, "time_us": start_us + 13_100_000}
    caller.send(call("x", 60, 13), first, last)
    person = logged_in(caller)
    assert '<td class="num dur">0:13</td>' in person.get("/calls").body.decode()
    assert "<dt>Duration</dt><dd>0:13</dd>" in person.get("/calls/x").body.decode()
    (row,) = csv.DictReader(io.StringIO(person.get("/calls.csv").body.decode()))
    assert row["seconds"] == "13"
    where = ("--store", caller.server.store, "--account", caller.email)
    assert " 0:13  " in ringlog("calls", *where).stdout
    assert " 0:13 " in ringlog("show", "x", *where).stdout.splitlines()[1]


@pytest.mark.parametrize(
    ("logged", "cell"),
    [
        (BIDI, ESCAPED),
        ("one\r\ntwo\tthree", r"one\r\ntwo\tthree"),
        (" \t=1+1", r" \t=1+1"),
        ("  =1+1", "'  =1+1"),
        ("＝1＋1", "'＝1＋1"),
        ("said;=1+1", "said;'=1+1"),
        ('said; "-1', """said;' "-1"""),
        ("300060;001;1529552581", "300060;001;1529552581"),
        ("+1 (202) 555-0101", "'+1 (202) 555-0101"),
        ("2025550101", "2025550101"),
        ("Größe 50%, 'a' - b = c", "Größe 50%, 'a' - b = c"),
    ],
)
def test_a_csv_shows_what_would_hide_and_starts_no_formula(logged: str, cell: str) -> None:
    ((written, number),) = csv.reader(io.StringIO(lines([(logged, 7)]), newline=""))
    assert (written, number) == (cell, "7")


@pytest.mark.needs_curl
def test_the_first_call_is_sent_by_what_the_page_says(caller: Caller) -> None:
    person = logged_in(caller)
    page = unescape(person.get("/calls").body.decode())
    assert "<h1>Send your first call</h1>" in page
    found = re.search(r'<code id="curl">(.*?)</code>', page, re.DOTALL)
    assert found
    command = found[1].replace(f"-u {caller.email}", f"-u {caller.email}:{caller.key} --silent --show-error")
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout == '{"accepted":5,"duplicates":0}'
    assert "Missing prompt: prompts/thank-you" in person.get("/calls").body.decode()
    assert f"--to {caller.server.url} --email {caller.email}" in page


def test_an_odd_email_is_quoted_for_a_shell(server: Server) -> None:
    person = Person(server)
    person.log_in("o'brien$(id)@example.com", server.account("o'brien$(id)@example.com"))
    page = unescape(person.get("/calls").body.decode())
    quoted = page.split("curl -u ")[1].split(" http")[0]
    said = subprocess.run(["sh", "-c", f"echo {quoted}"], capture_output=True, check=True)
    assert said.stdout == b"o'brien$(id)@example.com\n"
