"""A job's folder is all that a job and others need, whatever happens to either."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from core import paths
from core.errors import OutputError
from core.jobs.channel import JobChannel
from core.jobs.events import (
    FINISH,
    STOP,
    EpochEnded,
    JobFailed,
    JobStopped,
    JobSucceeded,
    Noted,
    StageStarted,
)
from core.jobs.failures import Failure
from tests.small_disk import tiny_disk

CHILD = Path(__file__).resolve().parents[2].joinpath("child.py")


@pytest.fixture
def channel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[JobChannel]:
    command = [sys.executable, "-X", "faulthandler", str(CHILD)]
    monkeypatch.setattr(paths, "core_command", lambda: command)
    channel = JobChannel(tmp_path / "job")
    yield channel
    channel.kill()


def wait_until(is_so: Callable[[], bool], seconds: float = 30) -> None:
    until = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.02)


def has_epochs(channel: JobChannel) -> bool:
    return any(isinstance(event, EpochEnded) for event in channel.read(0)[0])


def test_a_job_tells_its_folder_everything(channel: JobChannel) -> None:
    child = channel.start(["ok"])
    status = child.wait()
    events, place = channel.read(0)
    assert [e.epoch for e in events if isinstance(e, EpochEnded)] == [1, 2, 3]
    assert channel.read(place) == ([], place)
    assert channel.outcome(status) == JobSucceeded("/models/new")
    assert "chatter from Python" in channel.log.read_text("utf-8")


def test_a_job_is_known_to_run_from_its_start_to_its_end(channel: JobChannel) -> None:
    assert not channel.is_running()
    child = channel.start(["forever"])
    assert channel.is_running()
    wait_until(lambda: has_epochs(channel))
    child.kill()
    wait_until(lambda: not channel.is_running())  # though nobody waited for it
    child.wait()


def test_a_number_that_came_again_is_no_running_job(channel: JobChannel) -> None:
    channel.path.mkdir()
    fields = {"pid": os.getpid(), "created": psutil.Process().create_time() - 100}
    (channel.path / "running.json").write_text(json.dumps(fields))
    assert not channel.is_running()


@pytest.mark.slow
@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": "x", "created": 0}', "{}"])
def test_a_damaged_file_is_no_running_job(channel: JobChannel, text: str) -> None:
    channel.path.mkdir()
    (channel.path / "running.json").write_text(text)
    assert not channel.is_running()
    assert channel.start(["ok"]).wait() == 0


@pytest.mark.slow
def test_a_job_is_not_started_twice(channel: JobChannel) -> None:
    child = channel.start(["forever"])
    with pytest.raises(OutputError, match="running already"):
        channel.start(["forever"])
    channel.request(STOP)
    assert child.wait() == 3


def test_a_process_started_by_hand_refuses_a_job_that_runs(
    channel: JobChannel, tmp_path: Path
) -> None:
    child = channel.start(["forever"])
    wait_until(lambda: has_epochs(channel))
    with pytest.raises(OutputError, match="running already"):
        JobChannel(channel.path).take()
    child.kill()
    child.wait()
    channel.take()
    assert channel.last_start().pid == os.getpid()
    (channel.path / "running.json").unlink()  # it is not to be killed


@pytest.mark.slow
@pytest.mark.parametrize(("word", "status"), [(STOP, 3), (FINISH, 0)])
def test_requests_are_heard_from_anybody(
    channel: JobChannel, word: str, status: int
) -> None:
    child = channel.start(["forever"])
    wait_until(lambda: has_epochs(channel))
    JobChannel(channel.path).request(word)
    assert child.wait() == status


@pytest.mark.slow
def test_a_request_before_the_first_event_is_not_lost(channel: JobChannel) -> None:
    child = channel.start(["forever"])
    channel.request(STOP)
    assert child.wait() == 3
    assert channel.outcome(3) == JobStopped()


@pytest.mark.slow
def test_a_request_is_not_one_to_the_next_process(channel: JobChannel) -> None:
    channel.path.mkdir()
    channel.request(STOP)
    assert channel.start(["ok"]).wait() == 0


@pytest.mark.slow
def test_an_end_is_told_from_that_of_an_earlier_start(channel: JobChannel) -> None:
    channel.start(["ok"]).wait()
    child = channel.start(["torn"])
    outcome = channel.outcome(child.wait())
    assert isinstance(outcome, Failure)
    assert "exit status 9" in outcome.message
    assert channel.last_start().events > 0


def test_a_process_that_dies_without_an_event_shows_what_it_printed(
    channel: JobChannel,
) -> None:
    channel.path.mkdir()
    channel.log.write_text("of an earlier start\n")
    outcome = channel.outcome(channel.start(["refuse"]).wait())
    assert isinstance(outcome, Failure)
    assert outcome.message == "There is no such bundle. Choose another."
    assert "earlier" not in outcome.log_tail


def test_a_folder_that_is_gone_tells_nothing_and_ends(channel: JobChannel) -> None:
    assert channel.read(0) == ([], 0)
    assert not channel.is_running()
    assert isinstance(channel.outcome(None), Failure)


def test_half_a_line_is_read_once_it_is_whole(channel: JobChannel) -> None:
    channel.path.mkdir()
    channel.tell(Noted("one"))
    whole = channel.events.read_bytes()
    channel.events.write_bytes(whole + b'{"event": "Noted", ')
    events, place = channel.read(0)
    assert (events, place) == ([Noted("one")], len(whole))
    with channel.events.open("ab") as file:
        file.write(b'"message": "two"}\n')
    assert channel.read(place)[0] == [Noted("two")]


def test_a_torn_line_costs_no_event_after_it(channel: JobChannel) -> None:
    channel.path.mkdir()
    channel.events.write_bytes(b'{"event": "No')
    channel.tell(StageStarted("head"))
    assert channel.read(0)[0] == [StageStarted("head")]


def test_a_full_disk_does_not_hide_why_a_job_ended(tmp_path: Path) -> None:
    with tiny_disk(tmp_path / "home", 64) as home:
        channel = JobChannel(home / "job")
        channel.take()
        channel.tell(StageStarted("scan"))
        with pytest.raises(OSError, match="space"):
            (home / "filled").write_bytes(b"x" * 100_000)
        for number in range(200):  # what is left of the last page is filled too
            channel.tell(Noted(f"{number} " + "y" * 60))
        channel.tell(JobFailed("There is no space left.", "Free some."))
        outcome = channel.outcome(None)
    assert isinstance(outcome, Failure)
    assert outcome.message == "There is no space left."
