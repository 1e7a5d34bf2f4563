"""What each answer of a server makes of a batch: the table in `delivery`, row by row, at a passed-in time."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from ringlog.client.delivery import LONGEST_RETRY_AFTER_S, Delivery, Means
from ringlog.client.http import Server
from ringlog.client.line import entry_line
from ringlog.client.spool import Spool
from ringlog.model import Entry, Kind

from .foreign import Asked, Foreign, Said, Script, listening, refusal

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
LIMIT = 500


class Run:
    """One run's delivery over the spool in `folder`; `kill` leaves the folder as kill -9 does."""

    def __init__(self, foreign: Foreign, folder: Path) -> None:
        self.now_s = 0.0
        self.random = 0.0
        self.warned: list[str] = []
        self.spool = Spool(folder)
        self._server = Server(foreign.url, "a@b.example", "k3y", timeout_s=10)
        means = Means(self.clock, lambda: self.now_s, lambda: self.random, self.warned.append)
        self._delivery = Delivery(self._server, self.spool, means)

    def clock(self) -> int:
        return round((NOON.timestamp() + self.now_s) * 1_000_000)

    def spooled(self, *numbers: int) -> None:
        for n in numbers:
            self.spool.append(line(n))

    def step(self, *, at_once: bool = False) -> float | None:
        return self._delivery.step(at_once=at_once)

    def until_idle(self) -> None:
        """Steps as the Sender's thread would, its pauses passing at once."""
        for _ in range(LIMIT):
            pause_s = self.step()
            if pause_s is None:
                return
            self.now_s += pause_s
        raise AssertionError(self.warned)

    def pauses(self, number: int) -> list[float]:
        """The pauses after so many failures on end."""
        found: list[float] = []
        for _ in range(number):
            pause_s = self.step()
            assert pause_s
            found.append(pause_s)
            self.now_s += pause_s
        return found

    def kill(self) -> None:
        self.spool.abandon()
        self._server.close()


def line(n: int) -> bytes:
    data = {"module_type": "m", "result_variable": "r"}
    return entry_line(Entry("c", Kind.INFO, f"line {n}", data, 1_795_424_527_000_000 + n), "pbx/0a", n)


def numbers(records: list[Any]) -> list[int]:
    return [record["seq"] for record in records]


def refusing(status: int, *bad: int) -> Script:
    """A server that refuses the records of these seqs for good, naming their places."""

    def script(asked: Asked) -> Said:
        named = [place for place, seq in enumerate(numbers(asked.records), 1) if seq in bad]
        return refusal(status, *named) if named else Said(200)

    return script


@contextmanager
def running(folder: Path, script: Script) -> Iterator[tuple[Foreign, Run]]:
    with listening(Foreign(script)) as foreign:
        run = Run(foreign, folder)
        try:
            yield foreign, run
        finally:
            run.kill()


@pytest.mark.parametrize("status", [400, 409, 410])
def test_refused_records_are_parked_in_a_file_the_warning_names_and_the_rest_is_sent(
    tmp_path: Path, status: int
) -> None:
    with running(tmp_path, refusing(status, 0, 3, 9)) as (foreign, run):
        run.spooled(*range(10))
        run.until_idle()
        assert numbers(foreign.taken) == [1, 2, 4, 5, 6, 7, 8]
        parked = tmp_path / f"refused-{status}.ndjson"
        assert parked.read_bytes() == line(0) + line(3) + line(9)
        assert run.warned == [f"The server refused 3 records, kept in {parked}: No."]
        assert not run.spool.waiting_bytes
        assert run.now_s == 0


def test_a_batch_of_which_everything_is_refused_is_parked_wholly(tmp_path: Path) -> None:
    with running(tmp_path, refusing(410, *range(250))) as (foreign, run):
        run.spooled(*range(250))
        run.until_idle()
        assert not foreign.taken
        assert (tmp_path / "refused-410.ndjson").read_bytes() == b"".join(map(line, range(250)))
        assert not run.spool.waiting_bytes


def test_refusals_that_name_a_hundred_at_most_park_all_in_the_end(tmp_path: Path) -> None:
    def script(asked: Asked) -> Said:
        odd = [place for place, seq in enumerate(numbers(asked.records), 1) if seq % 2]
        return refusal(409, *odd[:100]) if odd else Said(200)

    with running(tmp_path, script) as (foreign, run):
        run.spooled(*range(600))
        run.until_idle()
        assert numbers(foreign.taken) == list(range(0, 600, 2))
        parked = [json.loads(text) for text in (tmp_path / "refused-409.ndjson").read_bytes().splitlines()]
        assert numbers(parked) == list(range(1, 600, 2))
        assert len(foreign.asked) == 4
        assert run.step() is None


def test_a_batch_too_large_is_halved_until_it_fits(tmp_path: Path) -> None:
    def script(asked: Asked) -> Said:
        return Said(413, b"too much, says some proxy") if len(asked.records) > 3 else Said(200)

    with running(tmp_path, script) as (foreign, run):
        run.spooled(*range(10))
        run.until_idle()
        assert numbers(foreign.taken) == list(range(10))
        assert [len(asked.records) for asked in foreign.asked][:3] == [10, 5, 2]
        assert not run.warned
        assert run.now_s == 0


def test_a_record_that_is_too_large_alone_is_parked(tmp_path: Path) -> None:
    def script(asked: Asked) -> Said:
        return Said(413) if 5 in numbers(asked.records) else Said(200)

    with running(tmp_path, script) as (foreign, run):
        run.spooled(*range(8))
        run.until_idle()
        assert numbers(foreign.taken) == [0, 1, 2, 3, 4, 6, 7]
        assert (tmp_path / "refused-413.ndjson").read_bytes() == line(5)
        assert "refused-413.ndjson" in run.warned[0]


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 507, 0])
def test_what_may_pass_is_tried_again_later_and_later(tmp_path: Path, status: int) -> None:
    with running(tmp_path, lambda asked: Said(status, b"{}")) as (foreign, run):
        run.spooled(0, 1)
        run.random = 1.0
        assert run.pauses(9) == [0.25, 0.5, 1, 2, 4, 8, 16, 30, 30]
        run.random = 0.0
        assert run.pauses(2) == [15, 15]
        assert len(run.warned) == 1
        foreign.script = lambda asked: Said(200)
        run.until_idle()
        assert numbers(foreign.taken) == [0, 1]
        assert len(run.warned) == 2
        assert run.warned[1].endswith("takes records again.")
        foreign.script = lambda asked: Said(status, b"{}")
        run.spooled(2)
        assert run.pauses(2) == [0.125, 0.25]


def test_nothing_is_asked_before_the_pause_is_over_unless_it_shall_be_at_once(tmp_path: Path) -> None:
    with running(tmp_path, lambda asked: Said(503)) as (foreign, run):
        run.spooled(0)
        assert run.step() == 0.125
        run.now_s = 0.1
        assert run.step() == pytest.approx(0.025)
        assert len(foreign.asked) == 1
        assert run.step(at_once=True) == 0.25
        assert len(foreign.asked) == 2


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("said", "pause_s"),
    [
        ("7", 7),
        (format_datetime(NOON + timedelta(seconds=40), usegmt=True), 40),
        (format_datetime(NOON - timedelta(days=1), usegmt=True), 0.125),
        ("0", 0.125),
        ("86400", LONGEST_RETRY_AFTER_S),
        ("soon", 0.125),
        ("-3", 0.125),
    ],
)
def test_retry_after_is_honoured(tmp_path: Path, status: int, said: str, pause_s: float) -> None:
    with running(tmp_path, lambda asked: Said(status, headers=(("Retry-After", said),))) as (_, run):
        run.spooled(0)
        assert run.step() == pause_s


NAMELESS = {
    "no-json": b"Bad Request",
    "not-an-object": b"[1]",
    "no-records": b'{"error": "No."}',
    "records-no-list": b'{"error": "No.", "records": 1}',
    "nonsense": b'{"error": "No.", "records": [0, 4, -1, true, "1", 1.0, null]}',
    "none": b'{"error": "No.", "records": []}',
    "deep": b"[" * 200_000,
}


@pytest.mark.parametrize(
    "said",
    [Said(status) for status in (401, 403, 404, 405, 415, 302)]
    + [Said(status, body) for status in (400, 409, 410) for body in NAMELESS.values()],
    ids=[str(status) for status in (401, 403, 404, 405, 415, 302)]
    + [f"{status}-{name}" for status in (400, 409, 410) for name in NAMELESS],
)
def test_a_configuration_fault_keeps_everything_warns_once_and_is_tried_slowly(
    tmp_path: Path, said: Said
) -> None:
    with running(tmp_path, lambda asked: said) as (foreign, run):
        run.spooled(0, 1, 2)
        assert run.pauses(2) == [22.5, 22.5]
        run.random = 1.0
        assert run.pauses(1) == [37.5]
        assert len(run.warned) == 1
        assert str(said.status) in run.warned[0]
        assert str(run.spool.folder) in run.warned[0]
        assert not list(tmp_path.glob("refused-*"))
        foreign.script = lambda asked: Said(200)
        run.until_idle()
        assert numbers(foreign.taken) == [0, 1, 2]
        assert len(run.warned) == 2


def test_a_refusal_ends_the_trouble_before_it(tmp_path: Path) -> None:
    with running(tmp_path, lambda asked: Said(503)) as (foreign, run):
        run.spooled(0, 1)
        run.pauses(5)
        foreign.script = refusing(400, 0)
        assert run.step() == 0
        assert run.warned[-1].endswith("takes records again.")
        foreign.script = lambda asked: Said(503)
        assert run.pauses(2) == [0.125, 0.25]
        assert len(run.warned) == 4  # away, refused, back, away


def test_a_kill_between_parking_and_settling_parks_nothing_twice(tmp_path: Path) -> None:
    away = iter([False, True])

    def script(asked: Asked) -> Said:
        return Said(503) if next(away, True) else refusing(409, 1, 2)(asked)

    with running(tmp_path, script) as (_, run):
        run.spooled(0, 1, 2, 3)
        assert run.step() == 0
        assert run.step()
    parked = tmp_path / "refused-409.ndjson"
    assert parked.read_bytes() == line(1) + line(2)
    with parked.open("ab") as file:
        file.write(line(3)[:20])  # what a kill while parking leaves
    with running(tmp_path, refusing(409, 1, 2, 3)) as (foreign, run):
        run.until_idle()
        assert numbers(foreign.taken) == [0]
    assert parked.read_bytes() == line(1) + line(2) + line(3)
    with running(tmp_path, refusing(400, 1, 2, 3)) as (foreign, run):
        run.spooled(1, 4)
        run.until_idle()
        assert numbers(foreign.taken) == [4]
    assert not (tmp_path / "refused-400.ndjson").exists()


def test_what_cannot_be_put_aside_is_kept(tmp_path: Path) -> None:
    (tmp_path / "refused-400.ndjson").mkdir()
    with running(tmp_path, refusing(400, 0)) as (foreign, run):
        run.spooled(0, 1)
        assert run.pauses(2) == [30, 30]
        assert len(run.warned) == 1
        assert run.warned[0].startswith(f"Refused records cannot be put into {tmp_path}: ")
        (tmp_path / "refused-400.ndjson").rmdir()
        run.until_idle()
        assert numbers(foreign.taken) == [1]
    assert (tmp_path / "refused-400.ndjson").read_bytes() == line(0)


def test_a_segment_that_cannot_be_read_is_tried_again(tmp_path: Path) -> None:
    with running(tmp_path, lambda asked: Said(200)) as (foreign, run):
        run.spooled(0, 1)
        segment = next(tmp_path.glob("0*.ndjson"))
        aside = segment.rename(tmp_path / "aside")
        assert run.pauses(2) == [30, 30]
        assert len(run.warned) == 1
        assert "cannot be read" in run.warned[0]
        aside.rename(segment)
        run.until_idle()
        assert numbers(foreign.taken) == [0, 1]


def test_what_was_taken_is_not_sent_again_by_the_next_run(tmp_path: Path) -> None:
    with running(tmp_path, lambda asked: Said(200)) as (_, run):
        run.spooled(*range(1500))
        assert run.step() == 0
    with running(tmp_path, lambda asked: Said(200)) as (foreign, run):
        run.spooled(1500)
        run.until_idle()
        assert numbers(foreign.taken) == list(range(1000, 1501))
