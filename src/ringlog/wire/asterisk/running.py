"""Applications that run another one, and applications of which it is known what they do with keys.

No Newexten tells what `pbx_exec` runs: the place in the dialplan stays (`ast_channel_snapshot_cep_equal`).
What it is stands in the arguments, which are read here as Asterisk's `app_exec.c` and `pbx_builtins.c` do.
"""

import re
from collections.abc import Iterator

DEEP = 8
"""So many applications, each run by the one before, are looked into."""
JUMPS = frozenset({"goto", "gotoif", "gotoiftime", "gosub", "gosubif", "execiftime"})
SILENT = JUMPS | {
    "return",
    "hangup",
    "userevent",
    "while",
    "endwhile",
    "continuewhile",
    "exitwhile",
    "execif",
}
"""Applications that say nothing of their own."""
_STEPS = """
agi authenticate background busy confbridge congestion controlplayback dial directory eagi park
parkedcall playback queue read readexten record sayalpha sayalphacase saycountednoun saydigits saynumber
sayphonetic sayunixtime set stasis system trysystem vmauthenticate voicemail voicemailmain waitexten
"""
"""Applications that have steps of their own."""
_DEAF = """
addqueuemember answer celgenuserevent chanisavail dbdel dbdeltree dumpchan exec forkcdr importvar log
milliwatt mixmonitor morsecode mset musiconhold noop pausequeuemember playtones proceeding progress
queuelog raiseexception removequeuemember resetcdr ringing senddtmf sendtext softhangup stackpop
startmusiconhold stopmixmonitor stopmusiconhold stopplaytones transfer tryexec unpausequeuemember verbose
wait waitfornoise waitforsilence waituntil zapateller
"""
"""Asterisk's other applications that drop keys."""
KNOWN = SILENT.union(_STEPS.split(), _DEAF.split())
"""Applications of which it is known what they do with keys; any other may ask for a secret."""
_NUMBER = re.compile(r"\s*[+-]?[0-9]+")


def running(application: str, arguments: str) -> tuple[str, str]:
    """What really runs, and its arguments; the same again where that is no other, or not to be known."""
    for _ in range(DEEP):
        name = application.lower()
        if name in {"exec", "tryexec"}:
            inner = _run(arguments)
        elif name == "execif":
            condition, yes, no = _choice(arguments)
            inner = yes if _holds(condition) else no
        else:
            break
        if not inner[0]:
            break
        application, arguments = inner
    return application, arguments


def may_run(application: str, arguments: str) -> Iterator[tuple[str, str]]:
    """An application, in lower case, and all that it may run; an empty name for what is too deep."""
    level = [(application, arguments)]
    for _ in range(DEEP):
        inner: list[tuple[str, str]] = []
        for name, data in level:
            yield name.lower(), data
            match name.lower():
                case "exec" | "tryexec":
                    inner.append(_run(data))
                case "execif":
                    inner += _choice(data)[1:]
                case "execiftime":
                    inner.append(_run(data.partition("?")[2]))
                case _:
                    pass
        level = [run for run in inner if run[0]]
    if level:
        yield "", ""


def is_known(application: str, arguments: str) -> bool:
    """True if it is known what becomes of keys while it runs."""
    return all(name in KNOWN for name, _ in may_run(application, arguments))


def _run(text: str) -> tuple[str, str]:
    """`Name(arguments)`; behind the last bracket nothing counts."""
    name, _, rest = text.partition("(")
    arguments, bracket, more = rest.rpartition(")")
    return name.strip(), arguments if bracket else more


def _choice(arguments: str) -> tuple[str, tuple[str, str], tuple[str, str]]:
    """`condition?Name(arguments):Other(arguments)`, or as it was once: `condition,Name,arguments`."""
    before, mark, _ = arguments.partition("?")
    if not mark or "," in before:
        condition, name, data = [*arguments.split(",", 2), "", ""][:3]
        return condition, (name.strip(), data), ("", "")
    condition, either = _cut(arguments, "?")
    yes, no = _cut(either, ":")
    return condition, _run(yes), _run(no)


def _cut(text: str, sign: str) -> tuple[str, str]:
    """At the first such sign outside brackets and quotes (`__ast_app_separate_args`)."""
    round_ = square = 0
    quoted = escaped = False
    for place, char in enumerate(text):
        if escaped:
            escaped = False
        elif char == "\\":
            escaped = True
        elif char == sign and not (round_ or square or quoted):
            return text[:place], text[place + 1 :]
        elif char == '"':
            quoted = not quoted
        elif char in "()":
            round_ = max(0, round_ + (1 if char == "(" else -1))
        elif char in "[]":
            square = max(0, square + (1 if char == "[" else -1))
    return text, ""


def _holds(condition: str) -> bool:
    """A number by its value, any other text by being there (`pbx_checkcondition`)."""
    if number := _NUMBER.match(condition):
        return number[0].strip("+- \t\r\n\v\f0") != ""
    return bool(condition)
