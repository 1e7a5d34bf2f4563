"""What waits for one server while its writer runs for another: it stays, and is said."""

from pathlib import Path

from .foreign import Foreign, Said, listening
from .test_sender import entry, lines, sender


def test_what_waits_for_another_server_is_said_and_stays_for_it(tmp_path: Path) -> None:
    away, other = Foreign(lambda _: Said(503)), Foreign()
    with listening(away), listening(other):
        with sender(away, tmp_path) as ours:
            ours.entry(entry(0))
            ours.close(0)
        (left,) = ours.folder.glob("*.ndjson")
        size = left.stat().st_size
        with sender(other, tmp_path) as now:
            now.entry(entry(1))
            assert now.flush(5)
        assert now.warned == [
            f"{size} bytes wait in {ours.folder} for {away.url} (a@b.example): they are not sent here."
        ]
        assert lines(other) == ["line 1"]
        away.script = lambda _: Said(200)
        with sender(away, tmp_path) as again:
            assert again.flush(5)
        assert (lines(away), again.warned) == (["line 0"], [])
        with sender(other, tmp_path) as quiet:
            pass
        assert quiet.warned == []


def test_a_spool_that_names_no_address_is_said_too_and_one_of_another_name_is_not(tmp_path: Path) -> None:
    mine, another = (tmp_path / f"asterisk@pbx1{name}-0123456789ab" for name in ("", "-2"))
    for folder in (mine, another):
        folder.mkdir()
        (folder / "00000002.ndjson").write_bytes(b"settled\nwaits\ncut off")
        (folder / "delivered").write_bytes(b"2 8")
    with listening(Foreign()) as foreign, sender(foreign, tmp_path) as ours:
        told = f"6 bytes wait in {mine} for another server or account: they are not sent here."
        assert ours.warned == [told]
