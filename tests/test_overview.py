"""Lengths and errors of many calls, summed up."""

import pytest

from ringlog.overview import TOP_ERRORS, FirstError, Period, percentile, top_errors


@pytest.mark.parametrize(
    ("counts", "p50", "p95"),
    [
        ({}, None, None),
        ({7: 1}, 7, 7),
        ({1: 1, 2: 1}, 1, 2),
        ({0: 50, 10: 45, 99: 5}, 0, 10),
        ({5: 10, 3: 10}, 3, 5),
    ],
)
def test_percentiles(counts: dict[int, int], p50: int | None, p95: int | None) -> None:
    assert (percentile(counts, 50), percentile(counts, 95)) == (p50, p95)


def test_errors_that_differ_in_numbers_are_one() -> None:
    found = top_errors(
        [
            FirstError("PJSIP/a did not answer within 10.1 s", "one", 5),
            FirstError("no such file", "one", 1),
            FirstError("PJSIP/a did not answer within 9.9 s", "two", 9),
            FirstError("PJSIP/a did not answer within 10.1 s", "two", 3),
        ]
    )
    assert [(top.line, top.calls, top.applications, top.last_s, top.text) for top in found] == [
        ("PJSIP/a did not answer within 9.9 s", 3, ["two", "one"], 9, "PJSIP/a did not answer within s"),
        ("no such file", 1, ["one"], 1, "no such file"),
    ]


def test_only_the_most_frequent_are_told() -> None:
    errors = [FirstError(chr(97 + n), "", 0) for n in range(TOP_ERRORS + 3) for _ in range(n + 1)]
    assert [top.calls for top in top_errors(errors)] == list(range(TOP_ERRORS + 3, 3, -1))


def test_the_period_before_is_as_long() -> None:
    assert Period(100, 150).before == Period(50, 100)
