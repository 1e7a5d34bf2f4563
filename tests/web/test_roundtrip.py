"""Whatever ingest accepts comes back equal as JSON, and as well-formed XML that says the same."""

import json
import re
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.running import Server
from tests.web.records import NOW, new_id, tree

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
KEYS = TEXT | st.sampled_from(
    ["1st", "a b", "", "xmlData", "XML", "a:b", "-", ".", "ü", "item", "line", "\x00", "<"]
)
NUMBERS = st.integers() | st.integers(-(10**40), 10**40) | st.floats(allow_nan=False, allow_infinity=False)
HOSTILE = st.sampled_from(["]]>", "<a/>", "&amp;", "\r\n", "\ufffe", "\x1b[31m"])
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT | HOSTILE,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@st.composite
def entries(draw: st.DrawFn) -> dict[str, Any]:
    data = {"module_type": draw(TEXT), "result_variable": draw(TEXT)}
    data = draw(
        st.permutations([*{**draw(st.dictionaries(KEYS, VALUES, max_size=5)), **data}.items()]).map(dict)
    )
    kind = draw(st.sampled_from(["info", "event", "debug", "prompt", "error"]))
    timestamp = NOW + draw(st.integers(-1000, 1000))
    return {"event": {"line": draw(TEXT), "data": data}, "class": kind, "timestamp": timestamp}


FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def says(element: Any, value: Any) -> bool:
    """Whether an XML element says what a JSON value says; what its name makes of a key is told elsewhere."""
    _, text, children = element
    if isinstance(value, dict):
        return len(children) == len(value) and all(map(says, children, value.values()))
    if isinstance(value, list):
        return all(child[0] == "item" for child in children) and (
            len(children) == len(value) and all(map(says, children, value))
        )
    if isinstance(value, str):
        return text == FORBIDDEN.sub("\ufffd", value)
    plain = "" if value is None else json.dumps(value)
    return not children and (text == plain or float(text) == float(plain))


@settings(
    max_examples=150, deadline=None, database=None, derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(log=st.lists(entries(), min_size=1, max_size=4), ascii_only=st.booleans())
def test_accepted_entries_come_back(server: Server, log: list[dict[str, Any]], ascii_only: bool) -> None:
    session_id = new_id()
    body = json.dumps(log, ensure_ascii=ascii_only).encode()
    answer = server.ingest(body, "application/json", f"?session_id={session_id}")
    assert answer.json() == {"accepted": len(log), "duplicates": 0}
    # Sending positions orders them: source `detail` never overtakes itself.
    read = server.get(f"/api/call/{session_id}").body
    pairs = {"object_pairs_hook": lambda found: found}
    assert json.loads(read, **pairs) == json.loads(body, **pairs)
    root = tree(server.get(f"/api/call/{session_id}", Accept="application/xml").body)
    assert root[0] == "result"
    assert says(root, log)
