"""The catalogue's tables but for entries: accounts, log-ins, the call index, deleted calls."""
