"""Log-ins in the catalogue. Each function is one statement or one job of the writer."""

from ringlog.errors import NoSuchKey, NoSuchLogin
from ringlog.model import Login
from ringlog.store.sqlite.disk.catalogue import Connection, reading
from ringlog.store.sqlite.index.accounts import account_by_id, key_by_id


def add_login(connection: Connection, digest: bytes, key_id: int, now_us: int, expires_us: int) -> None:
    """Raises NoSuchKey."""
    if not key_by_id(connection, key_id):
        raise NoSuchKey
    connection.run("DELETE FROM login WHERE expires_us <= ?", (now_us,))
    connection.run("INSERT INTO login VALUES (?, ?, ?)", (digest, key_id, expires_us))


def login(connection: Connection, digest: bytes) -> Login:
    """Raises NoSuchLogin."""
    with reading(connection):
        for key_id, expires_us in connection.rows(
            "SELECT key_id, expires_us FROM login WHERE digest = ?", (digest,)
        ):
            key = key_by_id(connection, key_id)
            account = account_by_id(connection, key.account_id) if key else None
            if key and account:
                return Login(account, key, expires_us)
    raise NoSuchLogin


def end_login(connection: Connection, digest: bytes) -> None:
    connection.run("DELETE FROM login WHERE digest = ?", (digest,))
