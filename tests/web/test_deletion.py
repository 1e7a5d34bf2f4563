"""DELETE /v1/calls/{session_id}."""

import json
from typing import Any

import pytest

from tests.running import Answer, Server, ringlog
from tests.web.records import entry, new_id, row


def admin_key(server: Server, email: str) -> str:
    made = ringlog("key", "add", email, "--scope", "admin", "--json", "--store", server.store)
    return json.loads(made.stdout)["developer_key"]


@pytest.fixture(scope="module")
def admin(server: Server) -> str:
    return admin_key(server, server.email)


def delete(server: Server, session_id: str, **more: Any) -> Answer:
    return server.request("DELETE", f"/v1/calls/{session_id}", **more)


def test_a_deleted_call_is_as_if_it_never_was(server: Server, admin: str) -> None:
    session_id = new_id("a%2Fb c").replace(" ", "%20")
    decoded = session_id.replace("%2F", "/").replace("%20", " ")
    records = [row(decoded), entry(decoded, "a secret", source="s", seq=0)]
    assert server.ingest(records).status == 200
    for accept in ("application/json", "application/xml"):  # now ready messages
        assert b"a secret" in server.get(f"/api/call/{session_id}", Accept=accept).body
    for _ in range(2):
        answer = delete(server, session_id, key=admin)
        assert (answer.status, answer.body) == (204, b"")
    for accept in ("application/json", "application/xml"):
        gone = server.get(f"/api/call/{session_id}", Accept=accept)
        assert (gone.status, b"No call log was found." in gone.body) == (404, True)
    assert server.get(f"/v1/calls/{session_id}").status == 404
    late = server.ingest(records)
    assert (late.status, late.json()["records"]) == (410, [1, 2])
    assert "was deleted" in late.json()["error"]


def test_who_may_not_delete(server: Server, admin: str) -> None:
    session_id = new_id()
    server.ingest([row(session_id), entry(session_id)])
    other = server.account("deleting@example.com")
    made = ringlog(
        "key", "add", "deleting@example.com", "--scope", "admin", "--json", "--store", server.store
    )
    other_admin = json.loads(made.stdout)["developer_key"]
    assert delete(server, session_id).status == 403
    assert delete(server, session_id, key="wrong").status == 401
    assert delete(server, session_id, email="deleting@example.com", key=other).status == 403
    assert delete(server, session_id, email="deleting@example.com", key=other_admin).status == 404
    assert delete(server, new_id(), key=admin).status == 404
    assert delete(server, "%00", key=admin).status == 404
    assert server.get(f"/api/call/{session_id}").status == 200
    assert server.request("GET", f"/v1/calls/{session_id}", key=admin).status == 403
