"""Names of applications and versions, stored once an account."""

from ringlog.store.sqlite.disk.catalogue import Connection

MAX_KNOWN = 10_000
"""Kept in memory."""


def label_id(connection: Connection, account_id: int, text: str | None) -> int | None:
    """The label's number, which it gets if it is new."""
    if text is None:
        return None
    known = connection.labels
    number = known.get((account_id, text))
    if number is None:
        if len(known) >= MAX_KNOWN:
            known.clear()
        number = known[account_id, text] = _stored(connection, account_id, text)
    return number


def _stored(connection: Connection, account_id: int, text: str) -> int:
    select = "SELECT id FROM label WHERE account_id = ? AND text = ?"
    for (number,) in connection.rows(select, (account_id, text)):
        return number
    connection.run("INSERT INTO label (account_id, text) VALUES (?, ?)", (account_id, text))
    return connection.last_insert_rowid()
