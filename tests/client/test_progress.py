"""What is remembered of calls in progress by a run that ended, and by one that was killed."""

from pathlib import Path

from ringlog.client.progress import Progress

T = 1_795_424_527_000_000
HEARD = [300_000, 900_000, 1_200_000, 1_700_000]


def heard(path: Path) -> Progress:
    run = Progress(path)
    run.begins("1.1", T)
    for later_us in HEARD:
        run.goes_on("1.1", T + later_us)
    return run


def test_a_run_that_ended_leaves_the_time_of_the_last_entry(tmp_path: Path) -> None:
    heard(tmp_path / "calls").close()
    next_run = Progress(tmp_path / "calls")
    assert next_run.calls == {"1.1": T + HEARD[-1]}
    next_run.close()


def test_a_run_that_was_killed_leaves_no_time_before_the_last_entry(tmp_path: Path) -> None:
    killed = heard(tmp_path / "calls")
    next_run = Progress(tmp_path / "calls")
    assert next_run.calls == {"1.1": T + 1_999_999}  # else its end would stand before entries that it had
    killed_early = Progress(tmp_path / "early")
    killed_early.begins("2.1", T)
    after_it = Progress(tmp_path / "early")
    assert after_it.calls == {"2.1": T + 999_999}
    for run in (killed, next_run, killed_early, after_it):
        run.close()
