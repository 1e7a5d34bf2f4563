"""The rules of age."""

from pathlib import Path

import pytest

from ringlog.config import Retention, store_folder
from ringlog.errors import ConfigurationFault

NOW_S = 1_795_424_527


def test_details_exactly_five_days_old_still_answer() -> None:
    horizon = Retention().horizon(NOW_S * 1_000_000)
    assert not horizon.details_gone(NOW_S - 432_000)
    assert horizon.details_gone(NOW_S - 432_001)


def test_zero_days_keep_for_ever() -> None:
    horizon = Retention(details_days=0, calls_days=0).horizon(NOW_S * 1_000_000)
    assert not horizon.details_gone(0)
    assert horizon.calls_from_s is None


def test_store_names_a_folder() -> None:
    assert store_folder("sqlite:/var/lib/ringlog") == Path("/var/lib/ringlog")


@pytest.mark.parametrize("wrong", ["", "/var/lib", "sqlite:", "postgresql://x"])
def test_other_stores_are_refused_in_a_sentence(wrong: str) -> None:
    with pytest.raises(ConfigurationFault, match=r"--store takes sqlite:FOLDER"):
        store_folder(wrong)
