"""Calls as they come and are asked for: appending, reading, lists, search, the overview."""
