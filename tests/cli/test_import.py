"""What `import` reads, and how."""

import json
from pathlib import Path

import pytest

from tests.cli import tour
from tests.cli.conftest import Ringlog

CONTRACT = Path(__file__).parent.parent / "contract"
FOR_EVER = ("--retention-days", "0", "--calls-days", "0")


def entry(**more: object) -> dict[str, object]:
    """A record a minute old."""
    at = tour.AGO_S + tour.START_US // 1_000_000
    event = {"line": "Hello", "data": {"module_type": "start", "result_variable": "start"}}
    return {"session_id": "one", "event": event, "class": "info", "timestamp": at, **more}


def test_several_files_and_standard_input(
    ringlog: Ringlog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *rest = tour.ndjson(tour.AGO_S).splitlines(keepends=True)
    (tmp_path / "a").write_bytes(first + b"".join(rest[:50]))
    (tmp_path / "b").write_bytes(b"".join(rest[50:100]) + b"\n\r\n")
    (tmp_path / "c").write_bytes(b"".join(rest[100:]))
    with (tmp_path / "c").open() as standard_input:
        monkeypatch.setattr("sys.stdin", standard_input)
        done = ringlog("import", str(tmp_path / "a"), str(tmp_path / "b"), "-")
    assert done == (0, "", "105 entries imported, 0 known already.\n")


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("name", ["all_logs.json", "calls.json"])
def test_bodies_of_the_list_endpoints(
    ringlog: Ringlog, tmp_path: Path, name: str, indent: int | None
) -> None:
    body = json.loads((CONTRACT / name).read_text())
    (tmp_path / name).write_text(json.dumps(body, indent=indent))
    assert ringlog("import", str(tmp_path / name), *FOR_EVER)[0] == 0
    shown = json.loads(ringlog("calls", "--json", *FOR_EVER)[1])
    assert {row["session_id"] for row in shown} == {row["session_id"] for row in body["calls"]}
    for row in body["calls"]:
        if "detail" in row:
            said = ringlog("show", row["session_id"], "--format", "json", *FOR_EVER)[1]
            assert json.loads(said) == row["detail"]


def test_the_body_of_one_call_needs_its_session_id(ringlog: Ringlog, tmp_path: Path) -> None:
    body = CONTRACT / "call.json"
    code, _, err = ringlog("import", str(body), *FOR_EVER)
    assert code == 1
    assert err.startswith(f"ringlog: {body}, record 1: ")
    session_id = "300060;001;1529552581"
    for known in (0, 1):
        done = ringlog("import", str(body), "--session-id", session_id, *FOR_EVER)
        count = len(json.loads(body.read_text()))
        said = f"{0 if known else count} entries imported, {count if known else 0} known already.\n"
        assert done == (0, "", said)
    shown = ringlog("show", session_id, "--format", "json", *FOR_EVER)[1]
    assert json.loads(shown) == json.loads(body.read_text())


def test_an_array_of_records(ringlog: Ringlog, tmp_path: Path) -> None:
    (tmp_path / "array").write_text(json.dumps([entry(seq=n) for n in range(3)], indent=1))
    assert ringlog("import", str(tmp_path / "array"))[2] == "3 entries imported, 0 known already.\n"


def test_unknown_keys_are_refused_unless_told_otherwise(ringlog: Ringlog, tmp_path: Path) -> None:
    (tmp_path / "foreign").write_text(json.dumps(entry(seq=0, colour="red")))
    code, _, err = ringlog("import", str(tmp_path / "foreign"))
    assert code == 1
    assert err == f"ringlog: {tmp_path / 'foreign'}, line 1 has the key 'colour', which is not known.\n"
    done = ringlog("import", str(tmp_path / "foreign"), "--ignore-unknown")
    assert done == (0, "", "1 entries imported, 0 known already.\n")


def test_numbered_entries_of_two_stores_can_be_told_apart(ringlog: Ringlog, tmp_path: Path) -> None:
    for name, line in (("ours", "Hello"), ("theirs", "Goodbye")):
        event = {"line": line, "data": {"module_type": "start", "result_variable": "start"}}
        (tmp_path / name).write_text(json.dumps(entry(source="-", seq=0, event=event)))
    assert ringlog("import", str(tmp_path / "ours"))[0] == 0
    assert ringlog("import", str(tmp_path / "theirs"))[0] == 1
    done = ringlog("import", str(tmp_path / "theirs"), "--source", "theirs")
    assert done == (0, "", "1 entries imported, 0 known already.\n")
    assert '"source":"theirs","seq":0' in ringlog("export")[1]
    assert ringlog("import", str(tmp_path / "ours"), "--source", "a\nb")[2] == (
        "ringlog: --source takes 1–128 characters without control characters.\n"
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (b'{"session_id": "one"', "line 1 "),
        (b'{"session_id": "\xff"}', "line 1 "),
        (b'[{"session_id": "one"}, {"event": 1}]', "record 2: "),
        (b"nonsense", "line 1 "),
    ],
)
def test_what_cannot_be_read_names_file_and_place(
    ringlog: Ringlog, tmp_path: Path, text: bytes, sentence: str
) -> None:
    (tmp_path / "bad").write_bytes(text)
    code, out, err = ringlog("import", str(tmp_path / "bad"))
    assert (code, out) == (1, "")
    assert err.startswith(f"ringlog: {tmp_path / 'bad'}, {sentence}")
    assert err.count("\n") == 1
