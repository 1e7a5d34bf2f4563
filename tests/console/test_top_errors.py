"""Where an error of the overview leads."""

import pytest

from ringlog.overview import Period, TopError
from ringlog.web.console.overview import calls_with


@pytest.mark.parametrize(
    ("text", "searched"),
    [("no such file", "&q=no+such+file"), ("!?", ""), ("555-0199", "")],
)
def test_a_text_that_the_search_box_takes_for_something_else_is_left_out(text: str, searched: str) -> None:
    error = TopError(text, 3, ["ivr"], 1, text)
    assert calls_with(error, Period(1, 2)) == f"/calls?class=error&since=1&until=2{searched}"
