"""Searching entries, held against a plain look at every line."""

import asyncio
import random
import re
from ast import literal_eval
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ringlog.errors import BadInput
from ringlog.model import MICROSECONDS, CallQuery, CallState, Kind
from ringlog.store.sqlite.store import SqliteStore

from .records import DAY, NOW, batch, ended, entry, horizon
from .searched import all_of, found, ids, say, tell
from .spoken import SAID, line

RECORDINGS = Path(__file__).parents[1] / "recordings"
SEEDS = st.integers(0, 2**32)
WORKING = settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))


# -- against a plain scan --------------------------------------------------------------------------------


@dataclass(frozen=True, repr=False)
class Told:
    folder: Path
    accounts: Sequence[dict[str, list[str]]]
    """Lines by session id, of account 1 and 2."""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """Calls of three Days and two accounts: sealed, sealed with more behind, and not sealed."""
    folder = tmp_path_factory.mktemp("told")
    chance = random.Random(5)
    accounts: list[dict[str, list[str]]] = [{}, {}]

    async def fill() -> None:
        store = await SqliteStore.open(folder, append=True)
        for email in ("a@example.com", "b@example.com"):
            await store.add_account(email, NOW)
        for portion in range(3):
            for n in range(120):
                number = chance.randrange(2)
                name = f"c{n if portion < 2 else n + 60}"
                lines = [line(chance) for _ in range(chance.randint(1, 3))]
                begun = len(accounts[number].setdefault(name, []))
                accounts[number][name] += lines
                at = NOW - n % 3 * DAY
                entries = [entry(name, seq=begun + i, line=one, time_us=at) for i, one in enumerate(lines)]
                await store.append(number + 1, batch(*entries, ended(name, at)), horizon())
            if portion == 0:
                await store.seal(horizon(DAY))
        await store.close()

    asyncio.run(fill())
    return Told(folder, accounts)


@WORKING
@given(
    said=st.lists(st.sampled_from(SAID), min_size=1, max_size=3),
    seed=SEEDS,
    account=st.integers(0, 1),
    limit=st.integers(1, 40),
)
def test_what_is_found_is_what_a_plain_look_at_every_line_finds(
    told: Told, said: list[object], seed: int, account: int, limit: int
) -> None:
    chance = random.Random(seed)
    text = " | ".join(chance.choice(one.asked) for one in said)
    expected = {
        name
        for name, lines in told.accounts[account].items()
        if all(any(one.is_in(line) for line in lines) for one in said)
    }
    query = {"text": text, "limit": limit}
    names = all_of(lambda after: found(told.folder, account + 1, CallQuery(**query, after=after)))
    assert sorted(names) == sorted(expected), text


def test_the_newest_day_comes_first_and_in_it_the_call_heard_of_last(told: Told) -> None:
    page = found(told.folder, 1, CallQuery(text="answered"))
    days = [call.start_s // 86_400 for call in page.calls]
    assert days == sorted(days, reverse=True)
    assert len(set(days)) == 3
    for call in page.calls:
        assert "answered" in (call.found or "").lower()


@dataclass(frozen=True, repr=False)
class Recorded:
    folder: Path
    calls: dict[str, list[tuple[str, str, str]]]
    """Class, line and module of each entry, by session id."""


ENTRY = re.compile(r"^ +-?[\d.]+ (\w+) +('.*'|\".*\")  \[(\S*) ")


def _recorded(path: Path) -> list[tuple[str, str, str]]:
    entries = map(ENTRY.match, path.read_text().splitlines())
    return [(one[1], literal_eval(one[2]), one[3]) for one in entries if one]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """The calls of both recordings, every other one of them sealed."""
    folder = tmp_path_factory.mktemp("recorded")
    paths = sorted(RECORDINGS.glob("*/expected/*.txt"))
    calls = {f"{path.parts[-3]} {path.stem}": _recorded(path) for path in paths}
    assert sum(map(len, calls.values())) > 1000

    async def fill() -> None:
        store = await SqliteStore.open(folder, append=True)
        await store.add_account("a@example.com", NOW)
        for half in (0, 1):
            for name in list(calls)[half::2]:
                await store.append(1, batch(*_entries(name, calls[name]), ended(name)), horizon())
            if not half:
                await store.seal(horizon(DAY))
        await store.close()

    asyncio.run(fill())
    return Recorded(folder, calls)


def _entries(name: str, said: list[tuple[str, str, str]]) -> Iterator[object]:
    for seq, (kind, text, module) in enumerate(said):
        made = entry(name, seq=seq, line=text, kind=Kind(kind))
        yield made._replace(text=made.text.replace(b'"m"', f'"{module}"'.encode()))


@WORKING
@given(seed=SEEDS, together=st.booleans())
def test_words_of_recorded_calls_are_found_where_they_are(
    recorded: Recorded, seed: int, together: bool
) -> None:
    spoken = {
        name: {word for _, line, _ in said for word in re.findall(r"[^\W_]+", line.lower())}
        for name, said in recorded.calls.items()
    }
    chance = random.Random(seed)
    names = chance.choices([name for name, words in spoken.items() if words], k=1 if together else 2)
    words = [
        chance.choice(sorted(word for word in spoken[name] if word.isalpha()))
        for name in names
        for _ in (0, 1)
    ]
    page = found(recorded.folder, 1, CallQuery(text=" ".join(words)))
    assert sorted(ids(page)) == sorted(name for name in spoken if spoken[name].issuperset(words)), words


@WORKING
@given(seed=SEEDS)
def test_a_line_in_quotes_finds_the_calls_that_hold_it(recorded: Recorded, seed: int) -> None:
    lines = {name: [line for _, line, _ in said] for name, said in recorded.calls.items()}
    chance = random.Random(seed)
    whole = chance.choice(sorted({line for said in lines.values() for line in said if '"' not in line}))
    words = whole.split()
    begin = chance.randrange(len(words))
    phrase = " ".join(words[begin : begin + chance.randint(1, 5)])
    if not re.search("[a-z0-9]", phrase, re.IGNORECASE):
        return
    page = found(recorded.folder, 1, CallQuery(text=f'"{phrase.upper()}"'))
    plain = phrase.lower()
    expected = {name for name, said in lines.items() if any(plain in line.lower() for line in said)}
    assert whole in {line for name in ids(page) for line in lines[name]}
    assert set(ids(page)) <= expected
    assert all(plain in " ".join((call.found or "").lower().split()) for call in page.calls)


def test_module_and_class_are_those_of_entries(recorded: Recorded) -> None:
    for module in sorted({module for said in recorded.calls.values() for _, _, module in said}):
        for kind in (None, Kind.EVENT, Kind.ERROR):
            page = found(recorded.folder, 1, CallQuery(module_type=module.upper(), kind=kind))
            assert sorted(ids(page)) == sorted(
                name
                for name, said in recorded.calls.items()
                if module in {one[2] for one in said} and (not kind or kind in {one[0] for one in said})
            )
    rows = CallQuery(text="hangup", kind=Kind.ERROR, state=CallState.FAILED, limit=1)
    assert len(found(recorded.folder, 1, rows).calls) == 1


# -- what people type ------------------------------------------------------------------------------------

SIGNS = [
    "NEAR(hello, 2)", "hello*", "^hello", "hello AND", '"hello', "hello OR NOT", "words:hello", "(hello",
    "'hello'", "-hello", "+hello", "hello\x00", "{hello}", "hello" + " hello" * 2000, "hello " + "-" * 10_000,
]  # fmt: skip
TEN_KILOBYTES = [
    "x" * 10_000,
    "x".join(map(str, range(3000))), "1 " * 5000, "a@b " * 2500, '"a" ' * 2500, "(" * 10_000 + "a",
]  # fmt: skip
NOTHING = ["", " ", "\u2028"]
WORDLESS = ['"', "*", "-", "( ) .", "👋", "\ud800", "';--"]


def test_signs_are_no_operators(tmp_path: Path) -> None:
    async def story(store: SqliteStore, one: int) -> None:
        await say(store, one, "x", line="hello near 2, and or not words")
        for _ in (0, 1):
            for text in SIGNS:
                assert ids(await store.calls(one, CallQuery(text=text), horizon(DAY))) == ["x"], text
            await store.seal(horizon(DAY))

    tell(tmp_path, story)


def test_what_is_found_is_pointed_to_wherever_it_lies(tmp_path: Path) -> None:
    """In the catalogue, in the Day, and in both, where what came late stands before it."""

    async def story(store: SqliteStore, one: int) -> None:
        said = [entry(seq=n, line=line) for n, line in enumerate(("hello", "a needle", "needle again"))]
        await store.append(one, batch(*said, ended()), horizon())
        late = entry(source="late", line="a word", time_us=NOW - MICROSECONDS)
        for more in (None, batch(late), None):
            if more:
                await store.append(one, more, horizon())
            for query in (CallQuery(text="needle"), CallQuery(text='"a needle"', module_type="m")):
                (call,) = (await store.calls(one, query, horizon(DAY))).calls
                (wanted,) = [
                    stored.arrival
                    for stored in (await store.read(one, "x", horizon(DAY))).entries
                    if b'"a needle"' in stored.text
                ]
                assert (call.found, call.found_arrival) == ("a needle", wanted)
            await store.seal(horizon(DAY))
        (call,) = (await store.calls(one, CallQuery(module_type="m"), horizon(DAY))).calls
        assert (call.found, call.found_arrival) == (None, None)

    tell(tmp_path, story)


def test_groups_of_digits_are_one_number_or_each_a_word(tmp_path: Path) -> None:
    async def story(store: SqliteStore, one: int) -> None:
        await say(store, one, "number", line="Dialling 6175550134")
        await say(store, one, "apart", line="617 for 555, then 0134")
        await say(store, one, "neither", line="617 for 555")
        for _ in (0, 1):
            page = await store.calls(one, CallQuery(text="617-555-0134"), horizon(DAY))
            assert ids(page) == ["apart", "number"]
            await store.seal(horizon(DAY))

    tell(tmp_path, story)


@pytest.mark.parametrize("text", TEN_KILOBYTES, ids=lambda text: text[:4])
def test_ten_kilobytes_are_searched_for(told: Told, text: str) -> None:
    assert not found(told.folder, 1, CallQuery(text=text)).calls


def test_a_text_without_a_word_is_refused_and_a_blank_one_is_no_filter(told: Told) -> None:
    for text in WORDLESS:
        with pytest.raises(BadInput, match="no word"):
            found(told.folder, 1, CallQuery(text=text))
    assert not any(CallQuery(text=text).searches for text in NOTHING)
    with pytest.raises(BadInput, match="cursor"):
        found(told.folder, 1, CallQuery(text="a", after=(NOW // MICROSECONDS, "x")))
