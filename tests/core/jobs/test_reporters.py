"""What the commands tell and obey while they run, as real children."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import RESUME, OutputError, TrainingStopped
from core.jobs.channel import JobChannel
from core.jobs.control import Control, FinishAsked
from core.jobs.events import (
    FINISH,
    PAUSE,
    STOP,
    JobFailed,
    JobStopped,
    JobSucceeded,
    Noted,
    Progressed,
    StageStarted,
    TrainingEvent,
    parse_event,
)
from core.jobs.reporters import Pipe, cancellable, counter, end_told, share_counter
from tests.tiny_bundle import write_tiny_bundle
from tests.training_child import Child

Start = Callable[..., Child]
Begin = Callable[[], tuple[Child, Path]]


class Gone(io.StringIO):
    """The pipe of a program that has ended."""

    def write(self, text: str) -> int:
        raise BrokenPipeError


@pytest.fixture(params=["audit", "compare"])
def begin(
    request: pytest.FixtureRequest, start: Start, phantoms: Path, tmp_path: Path
) -> Begin:
    """Starts a command that says its events; gives it and the file it makes."""

    def begun() -> tuple[Child, Path]:
        out = tmp_path / "out.json"
        words: list[str | Path] = [phantoms]
        if request.param == "compare":
            bundle = tmp_path / "model"
            write_tiny_bundle(bundle)
            words = [bundle, bundle, "--data", phantoms, "--split", "test"]
        child = start(*words, "--json", out, "--events", command=request.param)
        return child, out

    return begun


@pytest.mark.slow
def test_command_stops_at_the_word(begin: Begin) -> None:
    child, out = begin()
    child.say(STOP)
    status, _ = child.finish()
    assert status == 3
    assert child.events[-1] == JobStopped()
    assert not out.exists()


@pytest.mark.slow
def test_command_goes_on_when_whoever_started_it_is_gone(
    begin: Begin,
) -> None:
    child, out = begin()
    child.leave()
    assert child.process.wait(timeout=60) == 0
    assert out.exists()


@pytest.mark.slow
def test_bar_moves_in_the_last_stage_too(
    begin: Begin,
) -> None:
    child, out = begin()
    status, errors = child.finish()
    assert status == 0, errors
    assert child.events[-1] == JobSucceeded(str(out))
    last = [e for e in child.events if isinstance(e, StageStarted)][-1].stage
    done = [e for e in child.events if isinstance(e, Progressed) and e.stage == last]
    assert done[-1].done == done[-1].total > 0


def test_words_are_obeyed() -> None:
    for word, error in ((STOP, TrainingStopped), (FINISH, FinishAsked)):
        control = Control("It was stopped.", "Start anew.")
        control._read(io.StringIO(f"{word}\n"))
        with pytest.raises(error):
            control.finish_if_asked()


def test_unknown_word_changes_nothing() -> None:
    control = Control()
    control._read(io.StringIO("faster\n"))
    control.finish_if_asked()


def test_end_of_the_words_is_no_word() -> None:
    control = Control()
    control._read(io.StringIO(""))
    control.finish_if_asked()


def test_end_of_the_words_ends_a_wait_and_stops_nothing() -> None:
    control = Control()
    control._read(io.StringIO(f"{PAUSE}\n"))
    control.stop_if_asked()


def test_stop_says_what_was_stopped() -> None:
    control = Control("The check was stopped.", "Start anew.")
    control._read(io.StringIO(STOP))
    with pytest.raises(TrainingStopped, match="The check was stopped") as caught:
        cancellable(control, lambda event: None)(Noted("a word"))
    assert caught.value.hint == "Start anew."


def test_pipe_that_nobody_reads_is_no_error() -> None:
    pipe = Pipe(Gone())
    pipe(Noted("one"))
    pipe(Noted("another"))


@pytest.mark.parametrize(
    ("error", "event"),
    [
        (TrainingStopped("It was stopped."), JobStopped()),
        (
            OutputError("The disk is full.", hint="Wait."),
            JobFailed("The disk is full.", "Wait."),
        ),
    ],
)
def test_end_before_its_time_is_told(error: Exception, event: TrainingEvent) -> None:
    told: list[TrainingEvent] = []
    with pytest.raises(type(error)), end_told(told.append):
        raise error
    assert told == [event]


def test_counter_tells_the_last_film_at_once() -> None:
    told: list[TrainingEvent] = []
    count = counter("reading", 500, told.append)
    for done in range(1, 501):
        count(done)
    assert isinstance(told[-1], Progressed)
    assert (told[-1].stage, told[-1].done, told[-1].total) == ("reading", 500, 500)
    assert len(told) < 20


def test_share_is_told_as_films() -> None:
    told: list[TrainingEvent] = []
    share_counter("probing", 40, told.append)(1.0)
    assert isinstance(told[-1], Progressed)
    assert (told[-1].done, told[-1].total) == (40, 40)


def test_a_window_and_a_terminal_say_in_their_own_words_how_it_goes_on(
    tmp_path: Path,
) -> None:
    error = OutputError("It is full.", hint="Free some space.", code=RESUME)
    lines, channel = io.StringIO(), JobChannel(tmp_path)
    for report in (Pipe(lines), channel.tell):
        with pytest.raises(OutputError), end_told(report):
            raise error
    told = parse_event(lines.getvalue())
    full = "Free some space. Then go on with the same command and --resume."
    assert told == JobFailed("It is full.", full, RESUME)
    assert error.advice == full
    assert channel.last_event() == JobFailed("It is full.", "Free some space.", RESUME)
