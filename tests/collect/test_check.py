"""What `--check` finds out about engines that lack something, over a real socket."""

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from ringlog.cli.checking import report
from ringlog.collect.findings import CLASSES, Finding, Weight, all_is_well, findings
from ringlog.collect.looking import look
from ringlog.collect.session import Pbx
from tests.collect.foreign import ForeignEngine

PAGE = (Path(__file__).parents[2] / "docs" / "asterisk.md").read_text()
UNSEEN_CLASSES = "Could not be seen: whether user ringlog is given the event classes"
CEL = {("general", "enable"): "yes", ("general", "events"): "ALL", ("manager", "enabled"): "yes"}


def checked(engine: ForeignEngine) -> list[Finding]:
    """What is found; nothing more is awaited than what an engine says at once."""

    async def run() -> list[Finding]:
        async with engine.listening() as port:
            pbx = Pbx("127.0.0.1", port, "ringlog", "s")
            return list(findings(await look(pbx, lambda: time.time_ns() // 1000, patience_s=0.2)))

    return asyncio.run(run())


def sentences(engine: ForeignEngine) -> list[str]:
    return [finding.sentence for finding in checked(engine) if finding.weight is not Weight.NOTE]


def lines(engine: ForeignEngine) -> Mapping[tuple[str, str], str]:
    return {
        place: value
        for finding in checked(engine)
        for place, value in finding.lines.items()
        if not place[0].startswith("cel")
    }


def test_the_page_quotes_what_is_printed() -> None:
    poor = ForeignEngine(
        ami="7.0.3", version="18.26.0", read="call,dialplan,user,agent,agi,system", timestamps=False
    )
    quoted = PAGE.partition("$ ringlog collect asterisk --check --host pbx1 --username ringlog\n")[2]
    printed = report("pbx1:5038 is Asterisk 18.26.0.", "ringlog", checked(poor))
    assert quoted.partition("```")[0].splitlines() == list(printed)


@pytest.mark.parametrize("in_call", [False, True])
def test_nothing_is_missing_where_nothing_is(in_call: bool) -> None:
    found = checked(ForeignEngine(in_call=in_call))
    assert all_is_well(found)
    assert [finding.weight for finding in found] == [Weight.NOTE]  # CEL, which is optional
    assert checked(ForeignEngine(in_call=in_call, cel=CEL)) == []
    assert sentences(ForeignEngine(in_call=in_call, read="all", write="call,reporting")) == []


def test_it_only_asks_and_never_for_a_secret() -> None:
    engine = ForeignEngine()
    checked(engine)
    asked = {action.partition(" ")[0] for action in engine.heard}
    assert asked == {"Challenge", "Login", "Ping", "CoreSettings", "CoreShowChannels", "Getvar"}
    assert not any("secret" in action for action in engine.heard)


@pytest.mark.parametrize("lacking", list(CLASSES))
def test_an_event_class_that_is_not_granted(lacking: str) -> None:
    engine = ForeignEngine(read=",".join(one for one in CLASSES if one != lacking))
    (said,) = sentences(engine)
    assert said == f"User ringlog is not given the event class {lacking}: {CLASSES[lacking]}."
    assert lines(engine) == {("user", "read"): f"{engine.read},{lacking}"}


def test_what_is_granted_stays_so() -> None:
    engine = ForeignEngine(read="log,call")
    assert lines(engine) == {("user", "read"): "log,call,dialplan,dtmf,user,agent,agi,system"}


def test_a_user_who_may_do_nothing_is_told_what_could_not_be_seen() -> None:
    engine = ForeignEngine(write="")
    assert sentences(engine) == [
        "User ringlog may not ask for CoreShowChannels: what a gap did to calls stays unknown.",
        "Could not be seen: manager.conf, for user ringlog may not look it up (Getvar).",
        f"{UNSEEN_CLASSES} call,dialplan,dtmf,user,agent,agi.",
        "Could not be seen: whether timestampevents is off.",
        "Could not be seen: whether channelvars lacks CALL_APP and CALL_APP_VERSION.",
    ]
    assert lines(engine) == {("user", "write"): "reporting"}


def test_what_events_show_needs_no_file() -> None:
    engine = ForeignEngine(write="system", in_call=True)
    assert sentences(engine) == [
        "Could not be seen: manager.conf, for user ringlog may not look it up (Getvar).",
        f"{UNSEEN_CLASSES} dialplan,dtmf,user,agent,agi.",
    ]
    assert lines(engine) == {("user", "write"): "system,reporting"}


def test_a_write_that_lacks_reporting_is_added_to() -> None:
    engine = ForeignEngine(write="call")
    assert lines(engine) == {("user", "write"): "call,reporting"}


def test_settings_that_cannot_be_looked_up_are_not_guessed() -> None:
    found = sentences(ForeignEngine(looks_up=False))
    assert "Could not be seen: manager.conf, for the PBX has not loaded func_config.so." in found
    found = sentences(ForeignEngine(user={"read": "", "write": ""}))
    assert found == [
        "Could not be seen: what user ringlog is given, who has no section in manager.conf.",
        f"{UNSEEN_CLASSES} call,dialplan,dtmf,user,agent,agi.",
    ]


@pytest.mark.parametrize("in_call", [False, True])
def test_timestamps_that_are_off(in_call: bool) -> None:
    engine = ForeignEngine(timestamps=False, in_call=in_call)
    assert sentences(engine) == ["timestampevents is off: entries bear the time at which they were heard."]
    assert lines(engine) == {("general", "timestampevents"): "yes"}


def test_a_setting_that_waits_for_a_reload() -> None:
    engine = ForeignEngine(
        timestamps=False,
        variables=(),
        in_call=True,
        general={"timestampevents": "on", "channelvars": "CALL_APP, CALL_APP_VERSION"},
        user={"read": "all"},
        read="call",
    )
    found = sentences(engine)
    assert len(found) == 3  # FullyBooted, timestampevents, channelvars
    assert all("run `manager reload`" in sentence for sentence in found)
    assert lines(engine) == {}


@pytest.mark.parametrize("in_call", [False, True])
def test_channel_variables_that_are_not_told(in_call: bool) -> None:
    engine = ForeignEngine(variables=("MINE", "CALL_APP"), in_call=in_call)
    assert sentences(engine) == ["channelvars lacks CALL_APP_VERSION: logs name calls by their extension."]
    expected = {"MINE", "CALL_APP", "CALL_APP_VERSION"}
    assert set(lines(engine)["general", "channelvars"].split(",")) == expected


@pytest.mark.parametrize(("ahead_s", "said"), [(90, "90.0 s ahead of"), (-3600, "3600.0 s behind")])
def test_clocks_that_differ(ahead_s: float, said: str) -> None:
    (sentence,) = sentences(ForeignEngine(ahead_s=ahead_s))
    assert sentence == f"The PBX's clock is {said} this machine's; let NTP keep both, for logs bear its time."
    assert sentences(ForeignEngine(ahead_s=ahead_s / 90)) == [] or ahead_s < 0


@pytest.mark.parametrize(
    ("ami", "version", "weight", "said"),
    [
        (
            "2.10.6",
            "13.38.0",
            Weight.MISSING,
            "Asterisk 13.38.0 is too old: Ringlog reads Asterisk 16 to 22.",
        ),
        ("4.0.3", "", Weight.MISSING, "Asterisk 15 is too old: Ringlog reads Asterisk 16 to 22."),
        ("12.0.0", "23.1.0", Weight.NOTE, "Asterisk 23.1.0 is newer than what Ringlog knows (16 to 22)."),
        (
            "x",
            "GIT-1",
            Weight.UNSEEN,
            "Could not be seen: which Asterisk this is; its manager interface calls itself x.",
        ),
    ],
)
def test_an_engine_that_is_too_old_or_too_new(ami: str, version: str, weight: Weight, said: str) -> None:
    (found,) = checked(ForeignEngine(ami=ami, version=version, cel=CEL))
    assert (found.weight, found.sentence) == (weight, said)


@pytest.mark.parametrize("ami", ["5.0.0", "7.0.3", "11.0.0"])
def test_the_versions_that_are_read(ami: str) -> None:
    assert checked(ForeignEngine(ami=ami, cel=CEL)) == []


def test_events_that_are_kept_away() -> None:
    (said,) = sentences(ForeignEngine(user={"eventfilter": "!Event: RTCP.*"}))
    assert said.startswith("eventfilter keeps events from user ringlog: take the line '!Event: RTCP.*' out")
    engine = ForeignEngine(general={"disabledevents": "RTCPSent, VarSet,Newexten"})
    assert sentences(engine) == ["disabledevents keeps VarSet, Newexten from all managers."]
    assert lines(engine) == {("general", "disabledevents"): "RTCPSent"}
    assert sentences(ForeignEngine(general={"disabledevents": "RTCPSent"})) == []


def test_cel_is_optional_and_its_lines_keep_what_is_there() -> None:
    (found,) = checked(ForeignEngine(cel={("general", "enable"): "yes", ("general", "events"): "HANGUP"}))
    assert found.weight is Weight.NOTE
    assert found.lines == {
        ("cel", "enable"): "yes",
        ("cel", "events"): "HANGUP,STREAM_BEGIN",
        ("cel.manager", "enabled"): "yes",
    }
