"""What a log-in's cookie opens, what it does not, and when it ends; over plain HTTP."""

import json
import time
from collections.abc import Callable

import apsw
import pytest

from tests.running import Server, ringlog

from .person import Person

ENDS_WITHIN_S = 1
PATIENCE_S = 20


@pytest.fixture
def person(server: Server) -> Person:
    return Person(server)


def is_out_soon(person: Person) -> None:
    """Within a second, and what a slow machine needs."""
    deadline = time.monotonic() + ENDS_WITHIN_S + PATIENCE_S
    while person.get("/v1/calls").status == 200:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert person.get("/calls").status == 303


def run(server: Server, *arguments: str) -> None:
    done = ringlog(*arguments, "--store", server.store)
    assert done.returncode == 0, done.stderr


def test_a_cookie_that_no_script_reads(person: Person) -> None:
    answer = person.log_in(to="/calls?state=failed")
    assert (answer.status, answer.headers["location"]) == (303, "/calls?state=failed")
    morsel = person.morsels["ringlog"]
    assert (morsel["httponly"], morsel["samesite"].lower(), morsel["path"]) == (True, "lax", "/")
    assert not morsel["secure"]
    assert not morsel["domain"]
    assert "ringlog_form" not in person.cookies


def test_behind_tls_the_cookie_is_secure(server: Server) -> None:
    person = Person(server)
    token = person.form_token("/login")
    form = {"form_token": token, "email": server.email, "key": server.key}
    assert person.post("/login", form, **{"X-Forwarded-Proto": "https"}).status == 303
    assert person.morsels["ringlog"]["secure"]


def test_the_cookie_reads_pages_and_the_native_routes_and_nothing_else(person: Person) -> None:
    for target in ("/calls", "/v1/calls", "/v1/calls/never-was"):
        assert person.get(target).status in {303, 401}
    person.log_in()
    assert person.get("/calls").status == 200
    assert person.get("/v1/calls").status == 200
    assert person.get("/v1/calls/never-was").status == 404
    assert person.get("/api/calls/0/1").status == 401
    assert person.get("/api/call/x").status == 401
    ndjson = {"Content-Type": "application/x-ndjson"}
    record = json.dumps({"session_id": "by cookie"}).encode()
    assert person.request("POST", "/v1/ingest", record, ndjson).status == 401
    assert person.request("DELETE", "/v1/calls/x").status == 401
    assert person.request("POST", "/v1/calls").status == 405


def test_a_401_of_the_native_routes_opens_no_dialog(person: Person) -> None:
    assert "www-authenticate" not in person.get("/v1/calls").headers
    assert "www-authenticate" not in person.get("/v1/calls", Cookie="ringlog=made-up").headers


def test_a_header_outranks_a_cookie(person: Person) -> None:
    person.log_in()
    assert person.get("/v1/calls", Authorization="Basic bm9ib2R5Om5vdGhpbmc=").status == 401


def test_programs_get_an_error_and_browsers_a_form(person: Person) -> None:
    assert person.get("/calls?q=1").headers["location"] == "/login?next=%2Fcalls%3Fq%3D1"
    refused = person.get("/calls", Accept="*/*")
    assert (refused.status, refused.json()) == (401, {"error": "The email and the key do not fit together."})


@pytest.mark.parametrize(
    "elsewhere",
    ["//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)", "/a\nX: y", "", "x"],
)
def test_a_log_in_leads_nowhere_else(person: Person, elsewhere: str) -> None:
    assert person.log_in(to=elsewhere).headers["location"] == "/calls"


def test_other_sites_forms_do_nothing(person: Person, server: Server) -> None:
    given = {"email": server.email, "key": server.key}
    assert person.post("/login", given).status == 403
    assert person.post("/login", {**given, "form_token": "0" * 64}).status == 403
    strange = Person(server).form_token("/login")
    person.get("/login")
    assert person.post("/login", {**given, "form_token": strange}).status == 403
    assert "ringlog" not in person.cookies
    person.log_in()
    assert person.post("/logout", {}).headers["location"] == "/calls"
    assert person.get("/calls").status == 200


def test_log_out_ends_it_for_whoever_has_the_cookie(person: Person, server: Server) -> None:
    person.log_in()
    thief = Person(server)
    thief.cookies = dict(person.cookies)
    assert thief.get("/v1/calls").status == 200
    assert person.post("/logout", {"form_token": person.form_token("/calls")}).headers["location"] == "/login"
    assert "ringlog" not in person.cookies
    assert thief.get("/v1/calls").status == 401


def disabled(server: Server, email: str) -> None:
    run(server, "account", "disable", email)


def revoked(server: Server, email: str) -> None:
    ((key_id,),) = in_catalogue(server, KEY_OF, email)
    run(server, "key", "revoke", email, str(key_id))


def without_scope(server: Server, email: str) -> None:
    ((key_id,),) = in_catalogue(server, KEY_OF, email)
    in_catalogue(server, "UPDATE developer_key SET scopes = 2 WHERE id = ?", key_id)


KEY_OF = "SELECT k.id FROM developer_key k JOIN account a ON a.id = account_id WHERE email = ?"


def in_catalogue(server: Server, statement: str, value: str | int) -> list[tuple[int]]:
    connection = apsw.Connection(str(server.folder / "catalogue.db"))
    rows = connection.execute(statement, (value,)).fetchall()
    connection.close()
    return rows


@pytest.mark.parametrize("ended", [disabled, revoked, without_scope], ids=lambda ended: ended.__name__)
def test_it_ends_with_its_account_its_key_and_its_scope(
    server: Server, ended: Callable[[Server, str], None]
) -> None:
    email = f"{ended.__name__}@example.com"
    person = Person(server)
    person.log_in(email, server.account(email))
    assert person.get("/v1/calls").status == 200
    ended(server, email)
    is_out_soon(person)


def test_a_key_that_may_not_read_gets_in_nowhere(server: Server) -> None:
    email = "writer@example.com"
    server.account(email)
    made = ringlog("key", "add", email, "--scope", "write", "--json", "--store", server.store)
    answer = Person(server).log_in(email, json.loads(made.stdout)["developer_key"])
    assert answer.status == 401
    assert b"This email and key do not fit together." in answer.body


def test_the_store_holds_no_token(person: Person, server: Server) -> None:
    person.log_in()
    for file in server.folder.glob("catalogue.db*"):
        assert person.cookies["ringlog"].encode() not in file.read_bytes()


def test_failures_are_slowed_down_and_a_right_key_elsewhere_is_not(server: Server) -> None:
    email = "slow@example.com"
    key = server.account(email)
    answers = [Person(server).log_in(email, "wrong", address="127.0.0.2") for _ in range(6)]
    assert [answer.status for answer in answers] == [401] * 5 + [429]
    assert int(answers[-1].headers["retry-after"]) in range(1, 11)
    assert b"Too many tries." in answers[-1].body
    assert Person(server).log_in(email, key, address="127.0.0.3").status == 303


def test_pages_forbid_what_they_do_not_need(person: Person) -> None:
    answers = [person.get("/login"), person.log_in("nobody@example.com"), person.get("/nothing-here")]
    person.log_in()
    for answer in (*answers, person.get("/calls"), person.get("/calls/%00")):
        headers = answer.headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["cache-control"] == "no-store"


def test_static_files_are_kept_for_ever_under_their_hash(person: Person) -> None:
    address = person.get("/login").body.split(b'rel="stylesheet" href="')[1].split(b'"')[0].decode()
    answer = person.get(address)
    assert (answer.status, answer.headers["content-type"]) == (200, "text/css; charset=utf-8")
    assert "immutable" in answer.headers["cache-control"]
    assert person.get(address.replace("/static/", "/static/0")).status == 404
    assert person.get(address.replace("console.css", "..%2fstatic.py")).status == 404


@pytest.mark.parametrize("body", [b"\xff", b"form_token=%ff", b"a" * 20_000])
def test_forms_that_are_none(person: Person, body: bytes) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert person.request("POST", "/login", body, form).status in {400, 413}
