"""What every store promises, as one suite: a store's own test class inherits it."""

import asyncio
import random
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ringlog.errors import (
    AccountExists,
    BeyondRetention,
    Conflict,
    DetailsGone,
    NoSuchAccount,
    NoSuchCall,
    NoSuchKey,
    NoSuchLogin,
    StoreFault,
)
from ringlog.model import (
    MAX_ENTRIES,
    MICROSECONDS,
    Appended,
    CallQuery,
    CallRow,
    CallState,
    CallType,
    EntryRecord,
    Kind,
    Scope,
    in_order,
)
from ringlog.overview import Flow, Period, Totals
from ringlog.store.base import Store
from ringlog.walk import named

from .records import DAY, NOW, batch, ended, entry, horizon

Story = Callable[[Store, int], Awaitable[None]]

NOW_S = NOW // MICROSECONDS
HOUR = 3600 * MICROSECONDS

METHODS: dict[str, Story] = {
    "add_account": lambda store, one: store.add_account("new@example.com", NOW),
    "accounts": lambda store, one: store.accounts(),
    "account": lambda store, one: store.account("a@example.com"),
    "set_active": lambda store, one: store.set_active("a@example.com", active=False),
    "add_key": lambda store, one: store.add_key(one, b"d", Scope.READ, NOW),
    "keys": lambda store, one: store.keys(one),
    "revoke_key": lambda store, one: store.revoke_key(one, 1),
    "key_used": lambda store, one: store.key_used(1, NOW),
    "add_login": lambda store, one: store.add_login(b"d", 1, NOW, NOW + 1),
    "login": lambda store, one: store.login(b"d"),
    "end_login": lambda store, one: store.end_login(b"d"),
    "append": lambda store, one: store.append(one, batch(entry()), horizon()),
    "delete_account": lambda store, one: store.delete_account("a@example.com"),
    "delete_call": lambda store, one: store.delete_call(one, "x", NOW),
    "call": lambda store, one: store.call(one, "x", horizon()),
    "read": lambda store, one: store.read(one, "x", horizon()),
    "tail": lambda store, one: store.tail(one, "x", 0, horizon()),
    "calls": lambda store, one: store.calls(one, CallQuery(), horizon()),
    "overview": lambda store, one: store.overview(one, Period(0, NOW_S + 1), None, horizon()),
    "seal": lambda store, one: store.seal(horizon()),
    "expire": lambda store, one: store.expire(horizon()),
    "health": lambda store, one: store.health(),
}


NO_SUCH = CallQuery(application="Nobody's")
FILTERS = [
    NO_SUCH,
    *(CallQuery(type=of) for of in CallType),
    *(CallQuery(state=state) for state in CallState),
    CallQuery(kind=Kind.ERROR),
    CallQuery(application="Sales"),
    CallQuery(application="Sales", state=CallState.FAILED, type=CallType.INBOUND),
    CallQuery(number="5559876", kind=Kind.ERROR),
    CallQuery(number="+1 (617) 555-1234", either_side=True, type=CallType.OUTBOUND),
    CallQuery(start_s=NOW // MICROSECONDS + 1, running=False, state=CallState.COMPLETED),
]


def _calls_of_every_kind() -> list[EntryRecord | CallRow]:
    """Each type, state and application with each; of two applications one name is the other's in capitals."""
    records: list[EntryRecord | CallRow] = [entry("no row"), entry("error alone", kind=Kind.ERROR)]
    kinds = [(of, state, name) for of in CallType for state in CallState for name in ("Sales", "SALES")]
    for n, (of, state, name) in enumerate(kinds):
        row = replace(ended(f"c{n}", NOW + n // 4 * MICROSECONDS), type=of, application=name)
        if of is CallType.OUTBOUND:
            row = replace(row, src="6175551234", dest="200")
        records.append(row if state is not CallState.RUNNING else replace(row, end_s=None))
        records.append(entry(f"c{n}", kind=Kind.ERROR if state is CallState.FAILED else Kind.INFO))
    return records


class StoreContract(ABC):
    @abstractmethod
    async def opened(self, folder: Path) -> Store: ...

    @abstractmethod
    def break_database(self, folder: Path) -> None: ...

    def tell(self, folder: Path, story: Story) -> None:
        async def told() -> None:
            store = await self.opened(folder)
            try:
                await story(store, (await store.add_account("a@example.com", NOW)).id)
            finally:
                await store.close()

        asyncio.run(told())

    def test_accounts_and_keys(self, tmp_path: Path) -> None:
        async def story(store: Store, one: int) -> None:
            other = await store.add_account("b@example.com", NOW)
            assert [a.email for a in await store.accounts()] == ["a@example.com", "b@example.com"]
            assert (await store.account("A@Example.com")).id == one
            with pytest.raises(AccountExists):
                await store.add_account("A@EXAMPLE.com", NOW)
            with pytest.raises(NoSuchAccount):
                await store.account("c@example.com")
            await store.set_active("a@example.com", active=False)
            assert not (await store.account("a@example.com")).active
            with pytest.raises(NoSuchAccount):
                await store.set_active("c@example.com", active=False)
            key = await store.add_key(one, b"1" * 32, Scope.READ, NOW)
            await store.key_used(key.id, NOW + 1)
            assert await store.keys(one) == [replace(key, last_used_us=NOW + 1)]
            with pytest.raises(NoSuchKey):
                await store.revoke_key(other.id, key.id)
            await store.revoke_key(one, key.id)
            assert await store.keys(one) == []

        self.tell(tmp_path, story)

    def test_a_log_in_ends_when_asked_and_with_its_key_and_its_account(self, tmp_path: Path) -> None:
        async def story(store: Store, one: int) -> None:
            key = await store.add_key(one, b"1" * 32, Scope.READ, NOW)
            other = await store.add_key(one, b"2" * 32, Scope.READ, NOW)
            for digest, of in ((b"a", key), (b"b", key), (b"c", key), (b"d", other)):
                await store.add_login(digest, of.id, NOW, NOW + DAY)
            await store.set_active("a@example.com", active=False)
            found = await store.login(b"a")
            assert (found.key, found.expires_us, found.account.active) == (key, NOW + DAY, False)
            await store.end_login(b"a")
            await store.end_login(b"a")
            assert (await store.login(b"b")).key == key
            await store.revoke_key(one, key.id)
            assert (await store.login(b"d")).key == other
            await store.delete_account("a@example.com")
            for digest in (b"a", b"b", b"c", b"d", b"never"):
                with pytest.raises(NoSuchLogin):
                    await store.login(digest)
            with pytest.raises(NoSuchKey):
                await store.add_login(b"e", key.id, NOW, NOW + DAY)

        self.tell(tmp_path, story)

    def test_log_ins_that_expired_are_forgotten(self, tmp_path: Path) -> None:
        async def story(store: Store, one: int) -> None:
            key = await store.add_key(one, b"1" * 32, Scope.READ, NOW)
            await store.add_login(b"a", key.id, NOW, NOW + 1)
            await store.add_login(b"b", key.id, NOW, NOW + 2)
            await store.add_login(b"c", key.id, NOW + 1, NOW + DAY)
            with pytest.raises(NoSuchLogin):
                await store.login(b"a")
            assert (await store.login(b"b")).expires_us == NOW + 2

        self.tell(tmp_path, story)

    def test_same_identity_same_content_is_stored_once(self, tmp_path: Path) -> None:
        async def story(store: Store, one: int) -> None:
            twice = batch(entry(seq=1), entry(seq=1), entry(seq=2))
            assert await store.append(one, twice, horizon()) == Appended(2, 1)
            assert await store.append(one, twice, horizon()) == Appended(0, 3)
            assert len((await store.read(one, "x", horizon())).entries) == 2

        self.tell(tmp_path, story)

    def test_other_content_is_a_conflict_and_nothing_is_stored(self, tmp_path: Path) -> None:
        async def story(store: Store, one: int) -> None:
            clash = batch(entry(seq=1), entry("y"), entry(seq=1, line="other"), entry(seq=1, time_us=NOW + 1))
            with pytest.raises(Conflict, match=r"^Record 3: .*seq 1 of source 's'") as refused:
                await store.append(one, clash, horizon())
            assert refused.value.records == (3, 4)
            with pytest.raises(NoSuchCall):
                await store.call(one, "y", horizon())
            await store.append(one, batch(entry(seq=1), ended()), horizon())
            for _ in range(2):
                with pytest.raises(Conflict):
                    await store.append(one, batch(entry(seq=1, line="other")), horizon())
                await store.seal(horizon(DAY))

        self.tell(tmp_path, story)

    def test_accounts_never_see_each_other(self, tmp_path: Path) -> None:
        async def story(store: Store, one: int) -> None:
            other = (await store.add_account("b@example.com", NOW)).id
            await store.append(one, batch(entry(line="mine"), ended()), horizon())
            with pytest.raises(NoSuchCall):
                await store.read(other, "x", horizon())
            await store.append(other, batch(entry(line="theirs"), ended()), horizon())
            await store.seal(horizon(DAY))
            assert b"mine" in (await store.read(one, "x", horizon())).text
            assert b"theirs" in (await store.read(other, "x", horizon())).text
            assert len((await store.calls(one, CallQuery(), horizon())).calls) == 1

        self.tell(tmp_path, story)

    def test_unnumbered_entries_get_their_arrival_number(self, tmp_path: Path) -> None:
        async def story(store: Store, one: int) -> None:
            await store.append(one, batch(entry(source="-", seq=7), entry(source="-", seq=None)), horizon())
            await store.append(one, batch(entry(source="-", seq=None)), horizon())
            entries = (await store.read(one, "x", horizon())).entries
            seqs = sorted(e.seq for e in entries)
            assert seqs[0] == 7
            assert seqs == sorted(set(seqs))
            assert len(seqs) == 3
            exported = batch(*(entry(source="-", seq=e.seq)._replace(text=e.text) for e in entries))
            assert (await store.append(one, exported, horizon())).duplicates == 3

        self.tell(tmp_path, story)

    def test_detail_may_grow_but_not_differ_or_mix(self, tmp_path: Path) -> None:
        async def story(store: Store, one: int) -> None:
            log = [entry(source="detail", seq=n) for n in range(3)]
            await store.append(one, batch(*log[:2]), horizon())
            assert await store.append(one, batch(*log), horizon()) == Appended(1, 2)
            with pytest.raises(Conflict):
                await store.append(one, batch(entry(source="detail", seq=1, line="other")), horizon())
            await store.append(one, batch(entry("y"), ended("y")), horizon())
            for _ in range(2):
                with pytest.raises(Conflict, match="other sources"):
                    await store.append(one, batch(entry("y", "detail", 0)), horizon())
                await store.seal(horizon(DAY))

        self.tell(tmp_path, story)

    def test_a_capped_call_says_so_once(self, tmp_path: Path) -> None:
        async def story(store: Store, one: int) -> None:
            await store.append(one, batch(*(entry(seq=n) for n in range(MAX_ENTRIES))), horizon())
            over = batch(entry(seq=0), entry(seq=MAX_ENTRIES), entry(seq=MAX_ENTRIES + 1))
            assert await store.append(one, over, horizon()) == Appended(0, 1, 2)
            call = await store.call(one, "x", horizon())
            assert (call.entries, call.dropped, call.errors) == (MAX_ENTRIES + 1, 2, 1)
            last = (await store.read(one, "x", horizon())).entries
            own = [e for e in last if e.source == "ringlog"]
            assert [(e.seq, e.time_us) for e in own] == [(0, NOW)]

        self.tell(tmp_path, story)

    def test_rows_merge(self, tmp_path: Path) -> None:
        async def story(store: Store, one: int) -> None:
            second = NOW // MICROSECONDS
            await store.append(one, batch(entry(time_us=NOW + 9 * MICROSECONDS)), horizon())
            assert (await store.call(one, "x", horizon())).start_s == second + 9
            await store.append(
                one, batch(CallRow("x", src="+1 (617) 555-0000", start_s=second + 5)), horizon()
            )
            await store.append(
                one, batch(entry(seq=1), CallRow("x", src="Outbound", dest="Alice")), horizon()
            )
            await store.append(one, batch(CallRow("x", start_s=second + 6, end_s=second + 9)), horizon())
            await store.append(one, batch(CallRow("x", end_s=second + 8, application="ivr")), horizon())
            call = await store.call(one, "x", horizon())
            assert (call.src, call.dest, call.type) == ("+1 (617) 555-0000", "Alice", CallType.OUTBOUND)
            assert (call.start_s, call.end_s, call.application) == (second + 5, second + 9, "ivr")

        self.tell(tmp_path, story)

    def test_an_idle_call_reads_as_ended_until_something_comes(self, tmp_path: Path) -> None:
        async def story(store: Store, one: int) -> None:
            await store.append(one, batch(entry(kind=Kind.ERROR)), horizon())
            assert (await store.call(one, "x", horizon(7200 * MICROSECONDS))).end_s is None
            later = horizon(7200 * MICROSECONDS + 1)
            call = await store.call(one, "x", later)
            assert (call.end_s, call.end_given) == (NOW // MICROSECONDS, False)
            assert await store.seal(later) == 1
            assert (await store.call(one, "x", later)).first_error == "s 0"
            await store.append(one, batch(entry(seq=1)), later)
            (running,) = (await store.calls(one, CallQuery(), later)).calls
            assert (running.end_s, running.now) == (None, "s 1")
            assert len((await store.read(one, "x", later)).entries) == 2

        self.tell(tmp_path, story)

    def test_five_days_to_the_second(self, tmp_path: Path) -> None:
        async def story(store: Store, one: int) -> None:
            await store.append(one, batch(entry(), ended()), horizon())
            assert (await store.read(one, "x", horizon(5 * DAY))).call.available
            gone = horizon(5 * DAY + MICROSECONDS)
            with pytest.raises(DetailsGone):
                await store.read(one, "x", gone)
            assert not (await store.call(one, "x", gone)).available
            with pytest.raises(BeyondRetention) as refused:
                await store.append(one, batch(ended("z", NOW + DAY), entry(seq=1), entry("z")), gone)
            assert refused.value.records == (2, 3)
            await store.append(one, batch(ended("old", NOW - 9 * DAY)), horizon())
            with pytest.raises(NoSuchCall):
                await store.call(one, "x", horizon(366 * DAY))

        self.tell(tmp_path, story)

    def test_expiry_drops_days_and_then_calls(self, tmp_path: Path) -> None:
        async def story(store: Store, one: int) -> None:
            await store.append(one, batch(entry(), ended(), entry("run")), horizon())
            assert await store.seal(horizon(DAY)) == 2
            await store.append(one, batch(entry(seq=1)), horizon(DAY))
            late = horizon(7 * DAY)
            assert await store.expire(late) == (1, 0)
            assert await store.expire(late) == (0, 0)
            with pytest.raises(DetailsGone):
                await store.read(one, "x", horizon(DAY))
            assert await store.expire(horizon(400 * DAY)) == (0, 2)

        self.tell(tmp_path, story)

    def test_a_deleted_call_is_as_if_it_never_was_but_for_late_appends(self, tmp_path: Path) -> None:
        async def story(store: Store, one: int) -> None:
            other = (await store.add_account("b@example.com", NOW)).id
            await store.append(one, batch(entry(kind=Kind.ERROR), ended(), entry("y"), ended("y")), horizon())
            await store.append(other, batch(entry(line="theirs"), ended()), horizon())
            for session_id in ("z", "y"):
                with pytest.raises(NoSuchCall):
                    await store.delete_call(other, session_id, NOW)
            await store.seal(horizon(DAY))
            await store.append(one, batch(entry(seq=1)), horizon())
            for _ in range(2):
                await store.delete_call(one, "x", NOW)
            for lookup in (store.call, store.read):
                with pytest.raises(NoSuchCall):
                    await lookup(one, "x", horizon())
            page = await store.calls(one, CallQuery(number="5559876", count=True), horizon())
            assert ([call.session_id for call in page.calls], page.total) == (["y"], 1)
            with pytest.raises(BeyondRetention, match=r"^Record 1: .*'x' was deleted") as refused:
                await store.append(one, batch(entry(), entry("y", seq=1), ended()), horizon())
            assert refused.value.records == (1, 3)
            assert len((await store.read(one, "y", horizon())).entries) == 1
            assert b"theirs" in (await store.read(other, "x", horizon())).text
            assert await store.seal(horizon(DAY)) == 0

        self.tell(tmp_path, story)

    def test_a_tombstone_lasts_as_long_as_calls_are_listed(self, tmp_path: Path) -> None:
        async def story(store: Store, one: int) -> None:
            await store.append(one, batch(entry(), ended()), horizon())
            await store.delete_call(one, "x", NOW)
            new = batch(ended(start_us=NOW + 400 * DAY))
            for days in (365, 366):
                await store.expire(horizon(days * DAY))
                if days == 365:
                    with pytest.raises(BeyondRetention, match="was deleted"):
                        await store.append(one, new, horizon(days * DAY))
            assert await store.append(one, new, horizon(366 * DAY)) == Appended(0, 0)

        self.tell(tmp_path, story)

    def test_a_deleted_account_takes_its_calls_and_keys_along(self, tmp_path: Path) -> None:
        async def story(store: Store, one: int) -> None:
            other = (await store.add_account("b@example.com", NOW)).id
            await store.add_key(one, b"1" * 32, Scope.READ, NOW)
            for account in (one, other):
                await store.append(account, batch(entry(), ended(), entry("y")), horizon())
            await store.delete_call(one, "y", NOW)
            await store.delete_account("A@example.com")
            with pytest.raises(NoSuchAccount):
                await store.delete_account("a@example.com")
            assert [account.id for account in await store.accounts()] == [other]
            assert await store.keys(one) == []
            assert (await store.calls(one, CallQuery(), horizon())).calls == []
            with pytest.raises(NoSuchAccount):
                await store.append(one, batch(entry("z")), horizon())
            assert len((await store.calls(other, CallQuery(), horizon())).calls) == 2
            again = (await store.add_account("a@example.com", NOW)).id
            assert again not in {one, other}
            assert (await store.append(again, batch(entry("y")), horizon())).accepted == 1

        self.tell(tmp_path, story)

    def test_a_tail_says_until_when_it_holds(self, tmp_path: Path) -> None:
        async def story(store: Store, one: int) -> None:
            with pytest.raises(NoSuchCall):
                await store.tail(one, "x", 0, horizon())
            await store.append(one, batch(entry(line="hello", kind=Kind.PROMPT)), horizon())
            tail = await store.tail(one, "x", 0, horizon())
            assert (tail.arrival, tail.last_arrival, tail.more, tail.quiet) == (1, 1, False, False)
            assert tail.call.now == "playing hello"
            assert len((await store.tail(one, "x", -1, horizon())).entries) == 1
            idle = tail.until_us - NOW
            assert (await store.tail(one, "x", 9, horizon())).arrival == 9
            before, after = [(await store.tail(one, "x", 1, horizon(idle + n))) for n in (-1, 0)]
            assert (before.call.end_s, after.call.end_s, after.quiet) == (None, NOW // MICROSECONDS, True)
            await store.append(one, batch(ended()), horizon())
            tail = await store.tail(one, "x", 1, horizon())
            assert (tail.entries, tail.call.now, tail.quiet) == ((), None, False)
            quiet = tail.until_us - NOW
            before, after = [(await store.tail(one, "x", 1, horizon(quiet + n))) for n in (-1, 0)]
            assert (before.quiet, after.quiet) == (False, True)
            gone = after.until_us - NOW
            before, after = [(await store.tail(one, "x", 0, horizon(gone + n))) for n in (-1, 0)]
            assert [len(before.entries), before.call.available] == [1, True]
            assert [len(after.entries), after.call.available] == [0, False]
            assert after.quiet

        self.tell(tmp_path, story)

    @pytest.mark.parametrize("seed", range(6))
    def test_tails_tell_every_entry_once_by_arrival_whatever_is_sealed(
        self, tmp_path: Path, seed: int
    ) -> None:
        chance = random.Random(seed)

        async def story(store: Store, one: int) -> None:
            await store.append(one, batch(ended()), horizon())
            followers: dict[int, list[tuple[int, str, int]]] = {n: [] for n in range(3)}
            at = dict.fromkeys(followers, 0)
            seqs = [(source, seq) for source in ("a", "b", "c") for seq in range(20)]
            chance.shuffle(seqs)
            seqs += [("-", None)] * 5

            async def follow(follower: int) -> None:
                tail = await store.tail(one, "x", at[follower], horizon())
                followers[follower] += [(e.arrival, e.source, e.seq) for e in tail.entries]
                at[follower] = tail.arrival

            while seqs:
                some = [seqs.pop() for _ in range(min(len(seqs), chance.randint(1, 6)))]
                await store.append(one, batch(*(entry("x", *identity) for identity in some)), horizon())
                if chance.random() < 0.3:
                    await store.seal(horizon(DAY))
                if chance.random() < 0.7:
                    await follow(chance.randrange(3))
            stored = (await store.read(one, "x", horizon())).entries
            known = sorted((e.arrival, e.source, e.seq) for e in stored)
            for follower, told in followers.items():
                await follow(follower)
                assert told == known

        self.tell(tmp_path, story)

    def test_a_long_tail_comes_in_pieces(self, tmp_path: Path) -> None:
        async def story(store: Store, one: int) -> None:
            long = "x" * 60_000
            for first in range(0, 60, 20):
                some = [entry(seq=seq, line=long) for seq in range(first, first + 20)]
                await store.append(one, batch(*some), horizon())
            arrivals: list[int] = []
            tail = await store.tail(one, "x", 0, horizon())
            while tail.entries:
                assert sum(len(e.text) for e in tail.entries) < 2 * 2**20
                arrivals += [e.arrival for e in tail.entries]
                assert tail.more == (arrivals[-1] < 60)
                tail = await store.tail(one, "x", tail.arrival, horizon())
            assert arrivals == list(range(1, 61))

        self.tell(tmp_path, story)

    def test_lists(self, tmp_path: Path) -> None:
        async def story(store: Store, one: int) -> None:
            for n in (1, 0, 3, 2, 5, 4):  # of two in one second the later id comes first
                row = ended(f"c{n}", NOW + n // 2 * MICROSECONDS)
                await store.append(one, batch(replace(row, dest=f"+1 617 555 000{n}")), horizon())
            await store.append(one, batch(entry("running")), horizon())
            everything = ["c4", "c5", "c2", "c3", "c0", "c1", "running"]

            async def ids(**query: object) -> list[str]:
                page = await store.calls(one, CallQuery(**query), horizon())
                return [call.session_id for call in page.calls]

            assert await ids() == everything
            assert await ids(limit=2, offset=1) == everything[1:3]
            assert await ids(running=False) == everything[:-1]
            assert await ids(number="16175550003") == ["c3"]
            assert await ids(number="5551234") == []
            assert len(await ids(number="5551234", either_side=True)) == 6
            second = NOW // MICROSECONDS
            assert await ids(start_s=second + 1, end_s=second + 2) == ["c2", "c3"]
            assert await ids(after=(second + 1, "c2")) == everything[3:]
            assert (await store.calls(one, CallQuery(limit=1, count=True), horizon())).total == 7
            gone = horizon(5 * DAY + MICROSECONDS)
            left = (await store.calls(one, CallQuery(available=True), gone)).calls
            assert [call.session_id for call in left] == everything[:4]

        self.tell(tmp_path, story)

    @pytest.mark.parametrize("sealed", [False, True])
    def test_filters_keep_what_the_rows_say(self, tmp_path: Path, sealed: bool) -> None:
        async def story(store: Store, one: int) -> None:
            other = (await store.add_account("b@example.com", NOW)).id
            await store.append(other, batch(*_calls_of_every_kind()), horizon())
            await store.append(one, batch(*_calls_of_every_kind()), horizon())
            if sealed:
                await store.seal(horizon(DAY))
            found = (await store.calls(one, CallQuery(), horizon())).calls
            assert {call.state for call in found} == set(CallState)
            for query in FILTERS:
                page = await store.calls(one, replace(query, count=True), horizon())
                expected = [call.session_id for call in found if query.matches(call)]
                assert [call.session_id for call in page.calls] == expected, query
                assert page.total == len(expected)
                assert 0 < len(expected) < len(found) or query == NO_SUCH

        self.tell(tmp_path, story)

    def test_an_overview_counts_hours_lengths_and_errors(self, tmp_path: Path) -> None:
        async def story(store: Store, one: int) -> None:
            other = (await store.add_account("b@example.com", NOW)).id
            for n, hours in enumerate((0, 0, 0, 2, 30)):
                start_us = NOW - hours * HOUR
                row = CallRow(
                    f"c{n}", start_s=start_us // MICROSECONDS, end_s=start_us // MICROSECONDS + 10 * n
                )
                failed = entry(f"c{n}", kind=Kind.ERROR, line=f"no answer within {n} s", time_us=start_us)
                await store.append(one, batch(row, failed) if n % 2 else batch(row), horizon())
            await store.append(one, batch(CallRow("runs", start_s=NOW_S)), horizon())
            await store.append(other, batch(ended("c1"), entry("c1", kind=Kind.ERROR)), horizon())
            for sealed in (False, True):
                if sealed:
                    assert await store.seal(horizon(MICROSECONDS * 60))
                found = await store.overview(one, Period(NOW_S - 86_400, NOW_S + 1), None, horizon())
                assert (found.totals, found.before, found.running) == (Totals(5, 2), Totals(1, 0), 1)
                assert [hour[1:] for hour in found.hours] == [(1, 1), (4, 1)]
                assert all(hour.start_s % 3600 == 0 for hour in found.hours)
                assert (found.p50_s, found.p95_s) == (10, 30)
                (top,) = found.errors
                assert (top.line, top.calls, top.last_s) == ("no answer within 1 s", 2, NOW_S)
                assert top.text == "no answer within s"
                assert found.complete
            nothing = await store.overview(one, Period(0, 1), None, horizon())
            assert (nothing.totals, nothing.flow, nothing.p50_s) == (Totals(0, 0), None, None)

        self.tell(tmp_path, story)

    def test_the_flow_is_of_sealed_calls_and_of_one_application(self, tmp_path: Path) -> None:
        def lines(session_id: str, count: int, application: str | None = "menu") -> Any:
            start = replace(ended(session_id), application=application)
            return batch(start, *(entry(session_id, seq=seq, time_us=NOW + seq) for seq in range(count)))

        async def flow(store: Store, one: int, application: str | None = None) -> Flow | None:
            return (await store.overview(one, Period(NOW_S, NOW_S + 1), application, horizon())).flow

        async def story(store: Store, one: int) -> None:
            for session_id in ("a", "b", "other"):
                application = "elsewhere" if session_id == "other" else "menu"
                await store.append(one, lines(session_id, 2, application), horizon())
            found = await flow(store, one)
            assert found
            assert (found.application, found.steps, found.unsealed) == ("menu", [], 2)
            await store.seal(horizon(MICROSECONDS * 60))
            found = await flow(store, one)
            assert found
            assert [(named(step.step), step.reached, step.left) for step in found.steps] == [
                (("m", "r"), 2, 0)
            ]
            assert (found.moves, found.unsealed, found.uncounted) == ([], 0, [])
            elsewhere, unknown, unnamed = [await flow(store, one, name) for name in ("elsewhere", "?", "")]
            assert elsewhere
            assert unknown
            assert unnamed
            assert ([step.reached for step in elsewhere.steps], unknown.steps, unnamed.steps) == ([1], [], [])
            await store.delete_call(one, "a", NOW)
            found = await flow(store, one)
            assert found
            assert [step.reached for step in found.steps] == [1]

        self.tell(tmp_path, story)

    def test_an_overview_shows_nothing_of_what_is_gone(self, tmp_path: Path) -> None:
        async def story(store: Store, one: int) -> None:
            await store.append(one, batch(ended(), entry(kind=Kind.ERROR)), horizon())
            await store.seal(horizon(MICROSECONDS * 60))
            period = Period(NOW_S, NOW_S + 1)
            kept = await store.overview(one, period, None, horizon(5 * DAY))
            assert kept.errors
            assert kept.flow
            assert kept.flow.steps
            late = await store.overview(one, period, None, horizon(5 * DAY + MICROSECONDS))
            assert (late.totals, late.errors) == (Totals(1, 1), [])
            assert late.flow
            assert late.flow.steps == []
            await store.expire(horizon(7 * DAY))
            gone = await store.overview(one, period, None, horizon(7 * DAY))
            assert (gone.totals, gone.errors) == (Totals(1, 1), [])

        self.tell(tmp_path, story)

    @settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        times=st.lists(
            st.tuples(st.sampled_from(["a", "b", "c"]), st.integers(0, 4)), min_size=1, max_size=10
        ),
        chance=st.randoms(use_true_random=False),
    )
    def test_any_way_of_arriving_gives_one_log(
        self, tmp_path_factory: pytest.TempPathFactory, times: list[tuple[str, int]], chance: random.Random
    ) -> None:
        seqs = {"a": 0, "b": 0, "c": 0}
        records = []
        for source, step in times:
            records.append(entry(source=source, seq=seqs[source], time_us=NOW + step, kind=Kind.ERROR))
            seqs[source] += 1
        expected = b",".join(record.text for record in in_order(records))
        arriving = records + chance.choices(records, k=3)
        chance.shuffle(arriving)

        async def story(store: Store, one: int) -> None:
            left = list(arriving)
            await store.append(one, batch(ended()), horizon())
            while left:
                cut = chance.randint(1, len(left))
                await store.append(one, batch(*left[:cut]), horizon())
                del left[:cut]
                if chance.random() < 0.3:
                    await store.seal(horizon(DAY))
            before = await store.read(one, "x", horizon())
            assert before.text == expected
            await store.seal(horizon(DAY))
            after = await store.read(one, "x", horizon())
            assert (after.text, after.call, after.entries) == (before.text, before.call, before.entries)

        self.tell(tmp_path_factory.mktemp("order"), story)

    @pytest.mark.parametrize("method", METHODS)
    def test_the_database_fails(self, tmp_path: Path, method: str) -> None:
        async def story(store: Store, one: int) -> None:
            self.break_database(tmp_path)
            with pytest.raises(StoreFault) as fault:
                await METHODS[method](store, one)
            assert "table" not in fault.value.message

        self.tell(tmp_path, story)

    @pytest.mark.parametrize("method", METHODS)
    def test_a_closed_store_fails(self, tmp_path: Path, method: str) -> None:
        async def told() -> None:
            store = await self.opened(tmp_path)
            await store.close()
            with pytest.raises(StoreFault):
                await METHODS[method](store, 1)

        asyncio.run(told())
