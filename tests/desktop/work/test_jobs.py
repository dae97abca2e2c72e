"""Jobs are followed to their end, whatever they do. With real children."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from PyQt5.QtCore import QObject, QThread
from pytestqt.qtbot import QtBot

from core import paths
from core.errors import CoreError
from core.jobs.channel import JobChannel, Outcome
from core.jobs.events import FINISH, EpochEnded, JobStopped, JobSucceeded, Noted
from core.jobs.failures import Failure
from desktop.work.follower import JobFollower
from desktop.work.jobs import JobController
from desktop.work.kind import Command, CommandKind

CHILD = Path(__file__).resolve().parents[2].joinpath("child.py")

posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX has these")


class Followed(QObject):
    """A controller and everything that it told."""

    def __init__(self, folder: Path, kill_after_s: float) -> None:
        super().__init__()
        kind = CommandKind()
        kind.kill_after_s = kill_after_s
        self.folder = folder
        self.channel = JobChannel(folder)
        self.controller = JobController(kind, self)
        self.events: list[object] = []
        self.outcomes: list[Outcome] = []
        self.refusals: list[CoreError] = []
        self.controller.progressed.connect(self.events.append)
        self.controller.ended.connect(self._on_ended)
        self.controller.refused.connect(self._on_refused)

    def start(self, *words: str) -> None:
        self.controller.start(Command(words, self.folder))

    @property
    def failure(self) -> Failure:
        """The only outcome, which must be a failure."""
        (failure,) = self.outcomes
        assert isinstance(failure, Failure)
        return failure

    @property
    def epochs(self) -> list[int]:
        """Epochs that were reported."""
        return [event.epoch for event in self.events if isinstance(event, EpochEnded)]

    def _on_ended(self, command: Command, outcome: Outcome) -> None:
        self.outcomes.append(outcome)

    def _on_refused(self, error: CoreError, command: object) -> None:
        self.refusals.append(error)


Follow = Callable[..., Followed]


@pytest.fixture
def follow(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Follow]:
    """Starts scripted children."""
    command = [sys.executable, "-X", "faulthandler", str(CHILD)]
    monkeypatch.setattr(paths, "core_command", lambda: command)
    made: list[Followed] = []

    def start(*words: str, kill_after_s: float = 3.0) -> Followed:
        one = Followed(tmp_path / "job", kill_after_s)
        made.append(one)
        one.start(*words)
        return one

    yield start
    for one in made:
        one.controller.shut_down(waits=True)
        one.channel.kill()


def end(qtbot: QtBot, one: Followed) -> None:
    """Wait until everything was told."""
    qtbot.waitUntil(lambda: bool(one.outcomes), timeout=60_000)
    assert not one.controller.is_running


def has_epochs(one: Followed) -> Callable[[], bool]:
    return lambda: len(one.epochs) > 1


@pytest.mark.slow
def test_success_tells_every_epoch_then_the_result(
    qtbot: QtBot, follow: Follow
) -> None:
    one = follow("ok")
    end(qtbot, one)
    assert one.epochs == [1, 2, 3]
    assert Noted("One film cannot be read.") in one.events
    assert one.outcomes == [JobSucceeded("/models/new")]


@pytest.mark.slow
def test_chatter_goes_to_the_log_and_blocks_nothing(
    qtbot: QtBot, follow: Follow
) -> None:
    one = follow("chatty")
    end(qtbot, one)
    assert one.epochs == [1, 2, 3]
    log = one.channel.log.read_text(encoding="utf-8")
    assert "chatter from Python" in log
    assert sys.platform == "win32" or "chatter from C" in log


def test_job_that_ends_without_a_word_has_failed(qtbot: QtBot, follow: Follow) -> None:
    one = follow("print")
    end(qtbot, one)
    assert "exit status 0" in one.failure.message


def test_refusal_without_events_is_told_in_its_own_words(
    qtbot: QtBot, follow: Follow
) -> None:
    one = follow("refuse")
    end(qtbot, one)
    assert one.failure.message == "There is no such bundle. Choose another."


@pytest.mark.slow
def test_reported_failure_keeps_its_hint_and_the_log(
    qtbot: QtBot, follow: Follow
) -> None:
    one = follow("fail")
    end(qtbot, one)
    assert one.failure.message == "The data has one label only."
    assert one.failure.hint == "Add a second folder."
    assert "chatter from Python" in one.failure.log_tail
    assert one.failure.log_path == one.channel.log


@posix
def test_crash_is_told_in_words_with_the_place(qtbot: QtBot, follow: Follow) -> None:
    one = follow("crash")
    end(qtbot, one)
    assert one.failure.message == "The job crashed (aborted)."
    assert "_misbehave" in one.failure.log_tail


@posix
def test_kill_from_outside_speaks_of_memory(qtbot: QtBot, follow: Follow) -> None:
    one = follow("forever")
    qtbot.waitUntil(has_epochs(one), timeout=20_000)
    one.channel.kill()
    end(qtbot, one)
    assert "killed by the system" in one.failure.message
    assert "memory" in one.failure.message
    assert "batch" in one.failure.hint


@pytest.mark.slow
def test_fault_in_the_child_shows_its_traceback(qtbot: QtBot, follow: Follow) -> None:
    one = follow("bug")
    end(qtbot, one)
    assert one.failure.message == "The job ended because of a fault in Hilum."
    assert one.failure.log_tail.endswith("ZeroDivisionError: a fault")


@pytest.mark.slow
def test_want_of_memory_is_met_with_advice(qtbot: QtBot, follow: Follow) -> None:
    one = follow("memory")
    end(qtbot, one)
    assert "smaller batch" in one.failure.hint


def test_torn_last_line_is_no_event(qtbot: QtBot, follow: Follow) -> None:
    one = follow("torn")
    end(qtbot, one)
    assert "exit status 9" in one.failure.message


def test_stop_ends_the_child_soon(qtbot: QtBot, follow: Follow) -> None:
    one = follow("forever")
    qtbot.waitUntil(has_epochs(one), timeout=20_000)
    asked_at = time.monotonic()
    one.controller.stop()
    end(qtbot, one)
    assert one.outcomes == [JobStopped()]
    assert time.monotonic() - asked_at < 5


@pytest.mark.slow
def test_stop_before_the_start_is_not_lost(qtbot: QtBot, follow: Follow) -> None:
    one = follow("forever", kill_after_s=20.0)
    one.controller.stop()
    end(qtbot, one)
    assert one.outcomes == [JobStopped()]


def test_finish_makes_the_model_of_the_best(qtbot: QtBot, follow: Follow) -> None:
    one = follow("forever")
    qtbot.waitUntil(has_epochs(one), timeout=20_000)
    one.controller.request(FINISH)
    end(qtbot, one)
    assert isinstance(one.outcomes[0], JobSucceeded)


@pytest.mark.slow
def test_child_that_does_not_listen_is_killed(qtbot: QtBot, follow: Follow) -> None:
    one = follow("deaf", kill_after_s=0.3)
    qtbot.waitUntil(lambda: len(one.epochs) > 0, timeout=20_000)
    one.controller.stop()
    end(qtbot, one)
    assert one.outcomes == [JobStopped()]
    assert not one.channel.is_running()


@pytest.mark.slow
def test_the_newest_takes_the_place_of_the_one_at_work(
    qtbot: QtBot, follow: Follow
) -> None:
    one = follow("forever")
    qtbot.waitUntil(has_epochs(one), timeout=20_000)
    one.start("fail")
    one.start("ok")
    end(qtbot, one)
    assert one.outcomes == [JobSucceeded("/models/new")]


def test_missing_program_is_refused(
    qtbot: QtBot, follow: Follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "core_command", lambda: ["/no/such/program"])
    one = follow("ok")
    qtbot.waitUntil(lambda: bool(one.refusals), timeout=10_000)
    assert "could not be started" in str(one.refusals[0])
    assert "install" in one.refusals[0].hint
    assert not one.controller.is_running


def test_folder_that_cannot_be_written_is_refused(
    qtbot: QtBot, follow: Follow, tmp_path: Path
) -> None:
    (tmp_path / "job").write_text("in the way")
    one = follow("ok")
    qtbot.waitUntil(lambda: bool(one.refusals), timeout=10_000)
    assert not one.controller.is_running


def test_folder_that_vanishes_ends_what_was_followed(
    qtbot: QtBot, follow: Follow, tmp_path: Path
) -> None:
    one = follow("forever")
    qtbot.waitUntil(has_epochs(one), timeout=20_000)
    pid = one.channel.last_start().pid
    one.folder.rename(tmp_path / "elsewhere")
    psutil.Process(pid).kill()
    end(qtbot, one)
    assert "killed by the system" in one.failure.message


def test_job_let_go_goes_on_and_is_followed_by_another(
    qtbot: QtBot, follow: Follow
) -> None:
    one = follow("forever")
    qtbot.waitUntil(has_epochs(one), timeout=20_000)
    one.controller.let_go()
    length = one.channel.events.stat().st_size
    qtbot.waitUntil(lambda: one.channel.events.stat().st_size > length, timeout=5_000)
    assert one.outcomes == []
    later = JobFollower(one.channel, None, 3.0)
    events: list[object] = []
    outcomes: list[Outcome] = []
    later.progressed.connect(events.append)
    later.ended.connect(outcomes.append)
    one.channel.request("stop")
    later.run()
    assert outcomes == [JobStopped()]
    assert isinstance(events[-1], EpochEnded)


_WINDOW = """
import sys
from pathlib import Path
from PyQt5.QtCore import QCoreApplication
from desktop.work.kind import Command, CommandKind
from desktop.work.jobs import JobController
app = QCoreApplication([])
folder = Path(sys.argv[1])
controller = JobController(CommandKind(), app)
controller.progressed.connect(lambda event: print("under way", flush=True))
words = ("audit", sys.argv[2], "--json", str(folder / "found.json"))
controller.start(Command(words, folder / "job"))
app.exec()
"""


@pytest.mark.slow
def test_check_comes_to_its_end_when_the_window_is_killed(
    qtbot: QtBot, tmp_path: Path, phantoms: Path
) -> None:
    root = CHILD.parent.parent
    words = [sys.executable, "-c", _WINDOW, str(tmp_path), str(phantoms)]
    window = subprocess.Popen(words, cwd=root, stdout=subprocess.PIPE, text=True)
    assert window.stdout is not None
    assert window.stdout.readline().strip() == "under way"
    window.kill()
    window.communicate()

    qtbot.waitUntil((tmp_path / "found.json").exists, timeout=60_000)


@posix
def test_child_has_its_own_session_and_a_low_priority(
    qtbot: QtBot, follow: Follow
) -> None:
    one = follow("forever")
    qtbot.waitUntil(has_epochs(one), timeout=20_000)
    pid = one.channel.last_start().pid
    assert os.getsid(pid) != os.getsid(0)
    assert psutil.Process(pid).nice() >= 10


@pytest.mark.slow
def test_real_command_is_found_from_any_folder(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "core").mkdir()
    (tmp_path / "core" / "__main__.py").write_text("raise SystemExit(77)")
    monkeypatch.chdir(tmp_path)
    one = Followed(tmp_path / "job", 3.0)
    one.start("audit", str(tmp_path / "none"))
    try:
        end(qtbot, one)
    finally:
        one.controller.shut_down(waits=True)
    assert "none" in one.failure.message


def test_outcomes_come_in_the_window_s_thread(qtbot: QtBot, follow: Follow) -> None:
    threads: list[QThread] = []

    class Listener(QObject):
        def note(self, *_: object) -> None:
            threads.append(QThread.currentThread())

    listener = Listener()
    one = follow("ok")
    one.controller.ended.connect(listener.note)
    end(qtbot, one)
    assert threads == [listener.thread()]
    assert threading.current_thread() is threading.main_thread()
