"""Who fails again and again waits; who has the right key does not for long."""

from ringlog.web.console.attempts import (
    FORGOTTEN_US,
    FREE_OF_ADDRESS,
    FREE_OF_EMAIL,
    LONGEST_US,
    REMEMBERED,
    Attempts,
)

SECOND_US = 1_000_000


class Clock:
    now_us = 1_800_000_000 * SECOND_US

    def __call__(self) -> int:
        return self.now_us


def tried(times: int, email: str = "a@example.com", address: str = "192.0.2.1") -> tuple[Attempts, Clock]:
    clock = Clock()
    attempts = Attempts(clock)
    for _ in range(times):
        attempts.failed(email, address)
    return attempts, clock


def test_the_wait_doubles_up_to_its_longest() -> None:
    attempts, clock = tried(FREE_OF_EMAIL - 1)
    assert attempts.wait_s("a@example.com", "192.0.2.1") == 0
    waits: list[int] = []
    for _ in range(6):
        attempts.failed("A@example.com", "192.0.2.1")
        waits.append(attempts.wait_s("a@example.com", "192.0.2.1"))
        clock.now_us += waits[-1] * SECOND_US
        assert attempts.wait_s("a@example.com", "192.0.2.1") == 0
    assert waits == [1, 2, 4, 8, 10, 10]


def test_nobody_keeps_others_out_of_their_account() -> None:
    attempts, _ = tried(1000)
    assert 0 < attempts.wait_s("a@example.com", "192.0.2.1") <= LONGEST_US // SECOND_US
    assert attempts.wait_s("a@example.com", "192.0.2.2") == 0
    attempts.failed("a@example.com", "192.0.2.2")
    assert attempts.wait_s("a@example.com", "192.0.2.2") > 0


def test_an_address_that_tries_many_emails_waits() -> None:
    attempts, _ = tried(0)
    for number in range(FREE_OF_ADDRESS):
        assert attempts.wait_s("z@example.com", "2001:db8::1") == 0
        attempts.failed(f"{number}@example.com", f"2001:db8::{number:x}")
    assert attempts.wait_s("z@example.com", "2001:db8::ffff") > 0
    assert attempts.wait_s("z@example.com", "2001:db8:0:1::1") == 0


def test_a_right_key_clears_the_email_and_time_clears_all() -> None:
    attempts, clock = tried(FREE_OF_EMAIL)
    attempts.succeeded("a@example.com")
    assert attempts.wait_s("a@example.com", "192.0.2.1") == 0
    attempts, clock = tried(FREE_OF_EMAIL + 20)
    clock.now_us += FORGOTTEN_US
    attempts.failed("a@example.com", "192.0.2.1")
    assert attempts.wait_s("a@example.com", "192.0.2.1") == 0


def test_memory_is_bounded_and_the_latest_are_kept() -> None:
    attempts, _ = tried(FREE_OF_EMAIL, "first@example.com", "192.0.2.1")
    for number in range(REMEMBERED):
        attempts.failed(f"{number}@example.com", f"10.0.{number >> 8}.{number & 255}")
    assert attempts.wait_s("first@example.com", "192.0.2.1") == 0
    for _ in range(FREE_OF_EMAIL):
        attempts.failed("last@example.com", "192.0.2.9")
    assert attempts.wait_s("last@example.com", "192.0.2.9") > 0
