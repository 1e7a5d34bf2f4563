"""What an application runs, read from its arguments as Asterisk reads them."""

import pytest

from ringlog.wire.asterisk.dialplan import STEPS
from ringlog.wire.asterisk.running import KNOWN, is_known, may_run, running


@pytest.mark.parametrize(
    ("application", "arguments", "runs"),
    [
        ("Exec", "Playback(a(b))", ("Playback", "a(b)")),
        ("TryExec", "Playback", ("Playback", "")),
        ("execif", "1?Playback(a)", ("Playback", "a")),
        ("ExecIf", "-1?Playback(a):Dial(b)", ("Playback", "a")),
        ("ExecIf", "00?Playback(a):Dial(b,10)", ("Dial", "b,10")),
        ("ExecIf", "?Playback(a):Dial(b)", ("Dial", "b")),
        ("ExecIf", "no?Playback(a:b?c)", ("Playback", "a:b?c")),
        ("ExecIf", '"a?b"?Playback(a)', ("Playback", "a")),
        ("ExecIf", "1,Playback,a,b", ("Playback", "a,b")),
        ("ExecIf", "1?Exec(ExecIf(0?Dial():Playback(a)))", ("Playback", "a")),
        ("ExecIf", "0?Playback(a)", ("ExecIf", "0?Playback(a)")),
        ("ExecIf", "", ("ExecIf", "")),
        ("ExecIfTime", "*,*,*,*?Playback(a)", ("ExecIfTime", "*,*,*,*?Playback(a)")),
        ("Exec", "Playback(a", ("Playback", "a")),
    ],
)
def test_what_runs(application: str, arguments: str, runs: tuple[str, str]) -> None:
    assert running(application, arguments) == runs


def test_what_may_run_is_known_to_a_depth_and_beyond_it_is_not() -> None:
    assert ("dial", "b") in set(may_run("ExecIf", "1?Exec(Playback(a)):Exec(Dial(b))"))
    assert ("playback", "a") in set(may_run("ExecIfTime", "*,*,*,*?Playback(a)"))
    assert is_known("ExecIf", "1?Exec(Playback(a)):Exec(Dial(b))")
    assert not is_known("ExecIf", "1?Exec(Playback(a)):Exec(OurOwn(b))")
    assert not is_known("Exec", "Exec(" * 1000)


def test_all_that_has_a_step_of_its_own_is_known() -> None:
    assert STEPS.keys() <= KNOWN
