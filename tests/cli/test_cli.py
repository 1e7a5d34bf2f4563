"""The command line in process: each test runs `ringlog …` on a store of its own."""

import json
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import tour
import typer

from ringlog.cli.main import program, run

Ringlog = Callable[..., tuple[int, str, str]]

AGO_S = int(time.time()) - 3600 - tour.START_US // 1_000_000


@pytest.fixture
def ringlog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Ringlog:
    monkeypatch.setenv("RINGLOG_STORE", f"sqlite:{tmp_path / 'store'}")

    def call(*arguments: str) -> tuple[int, str, str]:
        capfd.readouterr()
        code = run(arguments)
        return code, *capfd.readouterr()

    assert call("account", "add", "ann@example.com")[0] == 0
    return call


@pytest.fixture
def told(ringlog: Ringlog, tmp_path: Path) -> Ringlog:
    (tmp_path / "tour.ndjson").write_bytes(tour.ndjson(AGO_S))
    code, _, err = ringlog("import", str(tmp_path / "tour.ndjson"))
    assert (code, err) == (0, "105 entries imported, 0 known already.\n")
    return ringlog


def names(command: object, path: tuple[str, ...] = ()) -> Sequence[tuple[str, ...]]:
    below = getattr(command, "commands", {})
    return [path, *(name for key, one in below.items() for name in names(one, (*path, key)))]


@pytest.mark.parametrize("path", names(program()), ids=" ".join)
def test_every_help_ends_with_an_example(path: tuple[str, ...], capfd: pytest.CaptureFixture[str]) -> None:
    assert run([*path, "--help"]) == 0
    assert capfd.readouterr().out.splitlines()[-1].startswith("  Example: ringlog ")


def test_every_option_is_a_variable() -> None:
    def options(command: typer.core.TyperGroup) -> None:
        for param in command.params:
            if isinstance(param, typer.core.TyperOption) and not param.is_eager:
                assert str(param.envvar).startswith("RINGLOG_"), (command.name, param.opts)
        for one in getattr(command, "commands", {}).values():
            options(one)

    options(program())


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("bogus",), "No such command 'bogus'; see ringlog --help."),
        (("show",), "Missing argument 'SESSION_ID'; see ringlog show --help."),
        (("show", "nothing"), "No call log was found."),
        (("account", "add", "ann@example.com"), "There is an account of ann@example.com already."),
        (("account", "add", "ann"), "'ann' is not an email address."),
        (("account", "disable", "bob@example.com"), "There is no account of bob@example.com."),
        (("key", "add", "ann@example.com", "--scope", "all"),
         "--scope takes read, write, admin, with commas between, not 'all'."),
        (("calls", "--store", "postgres"), "--store takes sqlite:FOLDER, not 'postgres'."),
        (("calls", "--to", "http://127.0.0.1:9", "--email", "ann@example.com"),
         "There is no developer key; set RINGLOG_KEY or name a --key-file."),
        (("import", "nowhere.ndjson"), "nowhere.ndjson: No such file or directory."),
    ],
)  # fmt: skip
def test_bad_use_is_one_sentence(ringlog: Ringlog, arguments: tuple[str, ...], sentence: str) -> None:
    code, out, err = ringlog(*arguments)
    assert (code != 0, out, err) == (True, "", f"ringlog: {sentence}\n")


def test_accounts_and_keys(ringlog: Ringlog) -> None:
    code, out, _ = ringlog("account", "add", "bob@example.com", "--json")
    assert code == 0
    assert json.loads(out).keys() == {"email", "developer_key"}
    assert ringlog("account", "disable", "bob@example.com")[0] == 0
    listed = json.loads(ringlog("account", "list", "--json")[1])
    assert [(row["email"], row["active"]) for row in listed] == [
        ("ann@example.com", True),
        ("bob@example.com", False),
    ]
    assert ringlog("key", "add", "bob@example.com", "--scope", "read")[0] == 0
    keys = json.loads(ringlog("key", "list", "bob@example.com", "--json")[1])
    assert [key["scope"] for key in keys] == ["read,write", "read"]
    assert ringlog("key", "revoke", "bob@example.com", str(keys[0]["id"]))[0] == 0
    assert len(json.loads(ringlog("key", "list", "bob@example.com", "--json")[1])) == 1


def test_show_draws_the_call(told: Ringlog) -> None:
    _, out, _ = told("show", tour.SESSION, "--utc")
    dated = re.sub(r"^\w{3} \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", "(date)", out, flags=re.MULTILINE)
    assert dated == (Path(__file__).parent / "show.txt").read_text()


def test_all_folds_nothing_and_shows_the_data(told: Ringlog) -> None:
    _, out, _ = told("show", tour.SESSION, "--all")
    assert out.count("Playing beep") == 30
    assert "cause_text: Circuit/channel congestion" in out


def test_calls_lists_errors_first(told: Ringlog) -> None:
    _, out, _ = told("calls")
    assert re.search(
        r"\d  2025550129  100           0:45  email test 0.2  ◆2 Missing prompt: prompts/does-not-exist\n",
        out,
    )
    assert out.endswith("\n1 call\n")


def test_json_is_what_the_api_answers(told: Ringlog) -> None:
    _, out, _ = told("show", tour.SESSION, "--format", "json")
    entries = json.loads(out)
    assert len(entries) == 105
    assert list(entries[0]) == ["event", "class", "timestamp"]


def test_export_of_an_import_has_the_same_bytes(told: Ringlog, tmp_path: Path) -> None:
    exported = told("export")[1]
    (tmp_path / "exported").write_text(exported)
    assert told("import", str(tmp_path / "exported"))[2] == "0 entries imported, 105 known already.\n"
    other = f"sqlite:{tmp_path / 'other'}"
    told("account", "add", "ann@example.com", "--store", other)
    assert told("import", str(tmp_path / "exported"), "--store", other)[0] == 0
    assert told("export", "--store", other)[1] == exported


def test_conflicts_and_old_records_are_left_out_and_counted(told: Ringlog, tmp_path: Path) -> None:
    changed = tour.ndjson(AGO_S).replace(b"prompts/does-not-exist", b"prompts/other")
    old = tour.ndjson(AGO_S - 30 * 86_400).replace(b"1795424645.40", b"old")
    (tmp_path / "mixed").write_bytes(changed + old)
    code, _, err = told("import", str(tmp_path / "mixed"))
    assert code == 1
    assert "1 record left out: something else is stored" in err
    assert "105 records left out: too old" in err
    assert "104 known already" in err


def test_a_bad_record_names_file_and_line(ringlog: Ringlog, tmp_path: Path) -> None:
    (tmp_path / "bad").write_bytes(tour.ndjson(AGO_S) + b'\n{"sesion_id": "x"}\n')
    code, _, err = ringlog("import", str(tmp_path / "bad"))
    assert code == 1
    assert err == f"ringlog: {tmp_path / 'bad'}, line 108 has the key 'sesion_id', which is not known.\n"


def test_hostile_text_never_acts_on_the_terminal(ringlog: Ringlog, tmp_path: Path) -> None:
    hostile = tour.ndjson(AGO_S).replace(b"prompts/does-not-exist", rb"\u001b[2J\u202e\u009b\r\n\u0007")
    (tmp_path / "hostile").write_bytes(hostile)
    assert ringlog("import", str(tmp_path / "hostile"))[0] == 0
    for command in (("show", tour.SESSION), ("show", tour.SESSION, "--all"), ("calls",)):
        out = ringlog(*command)[1]
        assert r"Missing prompt: \x1b[2J\u202e\x9b\r\n\x07" in out
        assert not set("\x1b\u202e\x9b\r\x07") & set(out)


def test_details_that_are_gone_leave_the_header(told: Ringlog, tmp_path: Path) -> None:
    row = {"session_id": "old", "src": "1", "dest": "2", "start": int(time.time()) - 6 * 86_400}
    (tmp_path / "old").write_text(json.dumps(row))
    assert told("import", str(tmp_path / "old"))[0] == 0
    code, out, _ = told("show", "old")
    assert code == 0
    assert "1 → 2" in out
    assert "The details of this call are gone" in out
