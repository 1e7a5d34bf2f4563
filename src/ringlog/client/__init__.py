"""Numbers, batches, spools, retries: what a writer needs. Standard library only."""

from ringlog.client.http import Answer, Server

__all__ = ["Answer", "Server"]
