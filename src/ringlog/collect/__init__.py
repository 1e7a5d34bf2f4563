"""Sockets to voice engines; what they say goes to a `client.Sender`."""
