"""What a full disk did not take: calls' rows, kept until it does, and entries, which are lost and counted."""

from collections.abc import Iterator, Sequence

from ringlog.model import CallRow


class Owed:
    """By call, in the order in which the disk first failed them."""

    def __init__(self) -> None:
        self._rows: dict[str, list[CallRow]] = {}
        self.lost = 0
        """Entries, in all."""

    def __bool__(self) -> bool:
        return bool(self._rows)

    def __len__(self) -> int:
        """Calls."""
        return len(self._rows)

    def calls(self) -> Iterator[tuple[str, Sequence[CallRow]]]:
        """Each with its rows; one that is paid meanwhile is not met again."""
        while self._rows:
            yield next(iter(self._rows.items()))

    def row(self, row: CallRow) -> None:
        self._rows.setdefault(row.session_id, []).append(row)

    def note(self, session_id: str) -> None:
        """Its log is to say what was left out of it."""
        self._rows.setdefault(session_id, [])

    def paid(self, session_id: str) -> None:
        del self._rows[session_id]
