"""The command line in process: each test runs `ringlog …` on a store of its own."""

import itertools
import json
import os
import re
import shlex
import time
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import pytest
import typer

from ringlog.cli.main import program, run
from tests.cli import tour
from tests.cli.conftest import Ringlog


def names(command: object, path: tuple[str, ...] = ()) -> Sequence[tuple[str, ...]]:
    below = getattr(command, "commands", {})
    return [path, *(name for key, one in below.items() for name in names(one, (*path, key)))]


@pytest.mark.parametrize("path", names(program()), ids=" ".join)
def test_every_help_ends_with_an_example(path: tuple[str, ...], capfd: pytest.CaptureFixture[str]) -> None:
    assert run([*path, "--help"]) == 0
    assert re.search(r"\n  Example: ringlog [^\n]+(\n  [^\n]+)?\n$", capfd.readouterr().out)


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
        (("backup", ""), "DEST names no folder."),
        (("collect", "asterisk", "--username", "ringlog", "--spool", ""), "--spool names no folder."),
        (("collect", "asterisk", "--username", "ringlog", "--secret-file", os.devnull),
         "/dev/null holds no manager secret."),
        (("collect", "asterisk", "--username", "ringlog", "--session-prefix", "x" * 101),
         "--session-prefix has 101 characters, and may have 100."),
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
    assert out == json.dumps(entries, ensure_ascii=False, separators=(",", ":"))


def test_xml_is_what_the_api_answers(told: Ringlog) -> None:
    _, out, _ = told("show", tour.SESSION, "--format", "xml")
    assert out.startswith('<?xml version="1.0"?><result><item><event><line>Executing application')
    assert len(ElementTree.fromstring(out)) == 105


def test_the_id_of_each_call_is_shown_on_request(told: Ringlog) -> None:
    title, _, call, *_ = told("calls", "--ids")[1].splitlines()
    assert title.split()[:3] == ["TIME", "SESSION", "ID"]
    assert call.split()[1] == tour.SESSION
    assert title.index("SESSION") == call.index(tour.SESSION)
    assert tour.SESSION not in told("calls")[1]


def test_older_calls_are_a_command_away_that_repeats_what_was_given(ringlog: Ringlog, tmp_path: Path) -> None:
    now_s = int(time.time())
    rows = [{"session_id": f"c{n}", "src": "1 2", "dest": "7", "start": now_s - 100 * n} for n in range(5)]
    (tmp_path / "rows").write_text("\n".join(json.dumps(row) for row in rows))
    assert ringlog("import", str(tmp_path / "rows"))[0] == 0
    seen: list[str] = []
    given = {"--number": "1 2", "--limit": "2", "--since": str(now_s - 1000)}
    following = ["calls", *(word for option in given.items() for word in option), "--utc"]
    while following:
        out = ringlog(*following)[1]
        seen += re.findall(r"^\d\d:\d\d:\d\d", out, re.MULTILINE)
        following = shlex.split(out.splitlines()[-1].partition("   older: ringlog ")[2])
        if following:
            assert "--utc" in following
            assert given.items() <= dict(itertools.pairwise(following)).items()
    assert len(seen) == 5
    footer = ringlog("calls", "--limit", "2")[1].splitlines()[-1]
    assert footer == f"2 of 5 calls   older: ringlog calls --limit 2 --until {now_s - 100}"


def test_calls_of_one_second_that_do_not_fit_are_said(ringlog: Ringlog, tmp_path: Path) -> None:
    now_s = int(time.time())
    rows = [{"session_id": f"c{n}", "start": now_s} for n in range(5)]
    (tmp_path / "rows").write_text("\n".join(json.dumps(row) for row in rows))
    assert ringlog("import", str(tmp_path / "rows"))[0] == 0
    footer = ringlog("calls", "--limit", "2")[1].splitlines()[-1]
    assert footer == "2 of 5 calls   more of the same second: ringlog calls --limit 4"


def test_a_running_call_says_what_goes_on(ringlog: Ringlog, tmp_path: Path) -> None:
    lines = tour.ndjson(int(time.time()) - tour.START_US // 1_000_000).splitlines()
    row = {key: value for key, value in json.loads(lines[0]).items() if key != "end"}
    (tmp_path / "running").write_bytes(b"\n".join([json.dumps(row).encode(), *lines[1:4]]))
    assert ringlog("import", str(tmp_path / "running"))[0] == 0
    assert "  now: playing prompts/email-menu\n" in ringlog("calls")[1]
    assert "   running   now: waiting for input\n" in ringlog("show", tour.SESSION)[1]


def test_export_of_an_import_has_the_same_bytes(told: Ringlog, tmp_path: Path) -> None:
    exported = told("export")[1]
    (tmp_path / "exported").write_text(exported)
    assert told("import", str(tmp_path / "exported"))[2] == "0 entries imported, 105 known already.\n"
    other = f"sqlite:{tmp_path / 'other'}"
    told("account", "add", "ann@example.com", "--store", other)
    assert told("import", str(tmp_path / "exported"), "--store", other)[0] == 0
    assert told("export", "--store", other)[1] == exported


def test_conflicts_and_old_records_are_left_out_and_counted(told: Ringlog, tmp_path: Path) -> None:
    changed = tour.ndjson(tour.AGO_S).replace(b"prompts/does-not-exist", b"prompts/other")
    old = tour.ndjson(tour.AGO_S - 30 * 86_400).replace(b"1795424645.40", b"old")
    (tmp_path / "mixed").write_bytes(changed + old)
    code, _, err = told("import", str(tmp_path / "mixed"))
    assert code == 1
    assert "1 record left out: something else is stored" in err
    assert "105 records left out: too old" in err
    assert "104 known already" in err


def test_a_bad_record_names_file_and_line(ringlog: Ringlog, tmp_path: Path) -> None:
    (tmp_path / "bad").write_bytes(tour.ndjson(tour.AGO_S) + b'\n{"sesion_id": "x"}\n')
    code, _, err = ringlog("import", str(tmp_path / "bad"))
    assert code == 1
    assert err == f"ringlog: {tmp_path / 'bad'}, line 108 has the key 'sesion_id', which is not known.\n"


def test_hostile_text_never_acts_on_the_terminal(ringlog: Ringlog, tmp_path: Path) -> None:
    hostile = tour.ndjson(tour.AGO_S).replace(b"prompts/does-not-exist", rb"\u001b[2J\u202e\u009b\r\n\u0007")
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


def test_a_call_that_nothing_dates_keeps_its_start_through_an_export(
    ringlog: Ringlog, tmp_path: Path
) -> None:
    (tmp_path / "bare").write_text('{"session_id": "z-late"}\n{"session_id": "a-early"}\n')
    assert ringlog("import", str(tmp_path / "bare"))[0] == 0
    exported = ringlog("export")[1]
    assert exported.count('"start":') == 2
    (tmp_path / "exported").write_text(exported)
    other = ("--store", f"sqlite:{tmp_path / 'other'}")
    assert ringlog("account", "add", "bob@example.com", *other)[0] == 0
    assert ringlog("import", str(tmp_path / "exported"), *other)[0] == 0
    assert ringlog("export", *other)[1] == exported


@pytest.mark.parametrize("command", [("account", "list"), ("calls",), ("expire",), ("export",)])
def test_a_slip_in_the_store_makes_no_new_one(
    ringlog: Ringlog, tmp_path: Path, command: Sequence[str]
) -> None:
    missing = tmp_path / "mising"
    code, _, err = ringlog(*command, "--store", f"sqlite:{missing}")
    assert (code, err) == (1, f"ringlog: There is no store in {missing}.\n")
    assert not missing.exists()


def test_bytes_that_are_no_text_are_said_in_a_sentence(
    ringlog: Ringlog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RINGLOG_KEY", "k\udcff")
    code, _, err = ringlog("calls", "--to", "http://127.0.0.1:1", "--email", "a@b.c")
    assert (code, err.count("\n")) == (1, 1)
    assert "no UTF-8" in err


def test_a_deleted_call_is_gone_and_deleting_it_again_does_no_harm(told: Ringlog, tmp_path: Path) -> None:
    done = (0, f"Deleted call {tour.SESSION}.\n", "")
    assert told("call", "delete", tour.SESSION)[0] == 1, "nobody said yes"
    assert told("show", tour.SESSION)[0] == 0
    for _ in range(2):
        assert told("call", "delete", tour.SESSION, "--account", "ann@example.com", "--yes") == done
    missing = (1, "", "ringlog: No call log was found.\n")
    assert told("show", tour.SESSION) == missing
    assert told("call", "delete", "nothing", "--yes") == missing
    late = told("import", str(tmp_path / "tour.ndjson"))[2]
    assert late == "0 entries imported, 0 known already, 106 records left out: too old.\n"


def test_a_deleted_account_is_gone(told: Ringlog) -> None:
    assert told("account", "delete", "ann@example.com") == (
        1, "", "ringlog: Nothing was deleted: that cannot be undone, so say --yes.\n",
    )  # fmt: skip
    assert told("account", "delete", "Ann@example.com", "--yes") == (
        0,
        "Deleted account Ann@example.com.\n",
        "",
    )
    assert json.loads(told("account", "list", "--json")[1]) == []
    assert told("account", "delete", "ann@example.com", "--yes")[2] == (
        "ringlog: There is no account of ann@example.com.\n"
    )
