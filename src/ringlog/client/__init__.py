"""Numbers, batches, spools, retries: what a writer needs. Standard library only."""

from ringlog.client.http import Answer, Server
from ringlog.client.sender import Sender

__all__ = ["Answer", "Sender", "Server"]
