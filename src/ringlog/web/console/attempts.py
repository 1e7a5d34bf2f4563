"""Who tries keys again and again is made to wait; who has the right key is hardly ever."""

import ipaddress
from collections import OrderedDict
from dataclasses import dataclass

from ringlog.model import MICROSECONDS, Clock

FREE_OF_EMAIL = 5
FREE_OF_ADDRESS = 20
"""Failures without a wait: behind one address may sit a whole office."""
LONGEST_US = 10 * MICROSECONDS
FORGOTTEN_US = 15 * 60 * MICROSECONDS
REMEMBERED = 10_000
"""Emails and addresses each; the ones that failed longest ago are forgotten first."""


@dataclass(slots=True)
class _Failures:
    count: int = 0
    last_us: int = 0
    until_us: int = 0


class _Subject:
    """Failures by one thing."""

    def __init__(self, free: int) -> None:
        self._free = free
        self._by: OrderedDict[str, _Failures] = OrderedDict()

    def of(self, name: str, now_us: int) -> _Failures:
        found = self._by.get(name)
        return found if found and now_us - found.last_us < FORGOTTEN_US else _Failures()

    def failed(self, name: str, now_us: int) -> None:
        found = self.of(name, now_us)
        found.count += 1
        found.last_us = now_us
        if (beyond := found.count - self._free) >= 0:
            found.until_us = now_us + min(MICROSECONDS << min(beyond, 10), LONGEST_US)
        self._by[name] = found
        self._by.move_to_end(name)
        if len(self._by) > REMEMBERED:
            self._by.popitem(last=False)

    def forget(self, name: str) -> None:
        self._by.pop(name, None)


class Attempts:
    """Failed log-ins by email and by address.

    Waits double from 1 to 10 s. That of an email holds only for addresses that have failed themselves, so
    that nobody keeps others out of their account.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._emails = _Subject(FREE_OF_EMAIL)
        self._addresses = _Subject(FREE_OF_ADDRESS)

    def wait_s(self, email: str, address: str) -> int:
        """Whole seconds until the next attempt is looked at; 0: now."""
        now_us = self._clock()
        by_address = self._addresses.of(network(address), now_us)
        until_us = by_address.until_us
        if by_address.count:
            until_us = max(until_us, self._emails.of(email.casefold(), now_us).until_us)
        return max(0, -((now_us - until_us) // MICROSECONDS))

    def failed(self, email: str, address: str) -> None:
        now_us = self._clock()
        self._emails.failed(email.casefold(), now_us)
        self._addresses.failed(network(address), now_us)

    def succeeded(self, email: str) -> None:
        """The address keeps its failures: a key of one's own is no leave to try others'."""
        self._emails.forget(email.casefold())


def network(address: str) -> str:
    """An IPv4 address, or the /64 that one subscriber of IPv6 has."""
    try:
        known = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if known.version == 4:
        return address
    return str(ipaddress.ip_network((known, 64), strict=False))
