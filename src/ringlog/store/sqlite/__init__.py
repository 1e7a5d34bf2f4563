"""The embedded store: SQLite through apsw. `store.SqliteStore` is its door."""
