"""Children are supervised to their end, whatever they do. With real children."""

from __future__ import annotations

import json
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
from core.jobs.events import EpochEnded, Noted
from core.jobs.failures import Failure
from desktop.work.core_process import CoreProcess, start_in_thread
from desktop.work.threads import stop_thread

CHILD = Path(__file__).resolve().parents[2].joinpath("child.py")
OUTCOMES = ("succeeded", "stopped", "failed")

posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX has these")


class Supervised(QObject):
    """One child and everything that it gave rise to."""

    def __init__(self, process: CoreProcess) -> None:
        super().__init__()
        self.process = process
        self.events: list[object] = []
        self.outcomes: list[tuple[object, ...]] = []
        process.progressed.connect(self.events.append)
        process.succeeded.connect(self._on_succeeded)
        process.stopped.connect(self._on_stopped)
        process.failed.connect(self._on_failed)
        process.finished.connect(self._on_finished)
        self.thread_ = start_in_thread(process, self)

    @property
    def failure(self) -> Failure:
        """The only outcome, which must be a failure."""
        ((name, failure), _) = self.outcomes
        assert name == "failed"
        assert isinstance(failure, Failure)
        return failure

    @property
    def epochs(self) -> list[int]:
        """Epochs that were reported."""
        return [event.epoch for event in self.events if isinstance(event, EpochEnded)]

    def _on_succeeded(self, result: str) -> None:
        self.outcomes.append(("succeeded", result))

    def _on_stopped(self) -> None:
        self.outcomes.append(("stopped",))

    def _on_failed(self, failure: Failure) -> None:
        self.outcomes.append(("failed", failure))

    def _on_finished(self) -> None:
        self.outcomes.append(("finished",))


Start = Callable[..., Supervised]


@pytest.fixture
def supervise(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Start]:
    """Starts scripted children."""
    monkeypatch.setattr(
        paths,
        "core_command",
        lambda: [sys.executable, "-X", "faulthandler", str(CHILD)],
    )
    started: list[Supervised] = []

    def start(*arguments: str, **options: object) -> Supervised:
        log = options.pop("log", tmp_path / "logs" / "log.txt")
        one = Supervised(CoreProcess(arguments, log, **options))  # type: ignore[arg-type]
        started.append(one)
        return one

    yield start
    for one in started:
        one.process.request_stop()
        stop_thread(one.thread_)


def end(qtbot: QtBot, one: Supervised) -> None:
    """Wait until everything was told."""
    qtbot.waitUntil(lambda: ("finished",) in one.outcomes, timeout=20_000)
    qtbot.waitUntil(one.thread_.isFinished, timeout=5_000)


def has_epochs(one: Supervised) -> Callable[[], bool]:
    return lambda: len(one.epochs) > 1


def test_success_tells_every_epoch_then_the_result(
    qtbot: QtBot, supervise: Start
) -> None:
    one = supervise("ok", "--events")

    end(qtbot, one)

    assert one.epochs == [1, 2, 3]
    assert Noted("One film cannot be read.") in one.events
    assert one.outcomes == [("succeeded", "/models/new"), ("finished",)]


def test_chatter_goes_to_the_log_and_blocks_nothing(
    qtbot: QtBot, supervise: Start, tmp_path: Path
) -> None:
    one = supervise("chatty", "--events")

    end(qtbot, one)

    assert one.epochs == [1, 2, 3]
    assert one.outcomes[0][0] == "succeeded"
    log = (tmp_path / "logs" / "log.txt").read_text(encoding="utf-8")
    assert "chatter from Python" in log
    assert sys.platform == "win32" or "chatter from C" in log


def test_command_without_events_gives_its_last_line(
    qtbot: QtBot, supervise: Start
) -> None:
    one = supervise("print")

    end(qtbot, one)

    assert one.outcomes[0] == ("succeeded", "/a/file.onnx")


def test_training_that_ends_without_a_word_has_failed(
    qtbot: QtBot, supervise: Start
) -> None:
    one = supervise("print", "--events")

    end(qtbot, one)

    assert "exit status 0" in one.failure.message


def test_refusal_without_events_is_told_in_its_own_words(
    qtbot: QtBot, supervise: Start
) -> None:
    one = supervise("refuse")

    end(qtbot, one)

    assert one.failure.message == "There is no such bundle. Choose another."


def test_reported_failure_keeps_its_hint_and_the_log(
    qtbot: QtBot, supervise: Start, tmp_path: Path
) -> None:
    one = supervise("fail", "--events")

    end(qtbot, one)

    assert one.failure.message == "The data has one label only."
    assert one.failure.hint == "Add a second folder."
    assert "chatter from Python" in one.failure.log_tail
    assert one.failure.log_path == tmp_path / "logs" / "log.txt"


@posix
def test_crash_is_told_in_words_with_the_place(qtbot: QtBot, supervise: Start) -> None:
    one = supervise("crash", "--events")

    end(qtbot, one)

    assert one.failure.message == "The job crashed (aborted)."
    assert "_misbehave" in one.failure.log_tail


@posix
def test_kill_from_outside_speaks_of_memory(qtbot: QtBot, supervise: Start) -> None:
    one = supervise("forever", "--events")
    qtbot.waitUntil(has_epochs(one), timeout=10_000)
    (child,) = _children()

    child.kill()
    end(qtbot, one)

    assert "killed by the system" in one.failure.message
    assert "memory" in one.failure.message
    assert "batch" in one.failure.hint


def test_fault_in_the_child_shows_its_traceback(qtbot: QtBot, supervise: Start) -> None:
    one = supervise("bug", "--events")

    end(qtbot, one)

    assert one.failure.message == "The job ended because of a fault in Hilum."
    assert one.failure.log_tail.endswith("ZeroDivisionError: a fault")


def test_want_of_memory_is_met_with_advice(qtbot: QtBot, supervise: Start) -> None:
    one = supervise("memory", "--events")

    end(qtbot, one)

    assert "smaller batch" in one.failure.hint


def test_torn_last_line_is_no_event(qtbot: QtBot, supervise: Start) -> None:
    one = supervise("torn", "--events")

    end(qtbot, one)

    assert "exit status 9" in one.failure.message


def test_stop_ends_the_child_soon(qtbot: QtBot, supervise: Start) -> None:
    one = supervise("forever", "--events")
    qtbot.waitUntil(has_epochs(one), timeout=10_000)

    asked_at = time.monotonic()
    one.process.request_stop()
    end(qtbot, one)

    assert one.outcomes == [("stopped",), ("finished",)]
    assert time.monotonic() - asked_at < 5


def test_stop_before_the_start_is_not_lost(qtbot: QtBot, tmp_path: Path) -> None:
    process = CoreProcess(["self-test"], tmp_path / "log.txt", kill_after_s=0.1)
    process.request_stop()

    one = Supervised(process)
    end(qtbot, one)

    assert one.outcomes == [("stopped",), ("finished",)]


def test_finish_makes_the_model_of_the_best(qtbot: QtBot, supervise: Start) -> None:
    one = supervise("forever", "--events")
    qtbot.waitUntil(has_epochs(one), timeout=10_000)

    one.process.request_finish()
    end(qtbot, one)

    assert one.outcomes[0][0] == "succeeded"


@pytest.mark.parametrize("behaviour", ["deaf", "closed"])
def test_child_that_does_not_listen_is_killed(
    qtbot: QtBot, supervise: Start, behaviour: str
) -> None:
    one = supervise(behaviour, "--events", kill_after_s=0.3)
    qtbot.waitUntil(lambda: len(one.epochs) > 0, timeout=10_000)

    one.process.request_stop()
    end(qtbot, one)

    assert one.outcomes == [("stopped",), ("finished",)]
    assert not _children()


def test_missing_program_is_a_failure(
    qtbot: QtBot, supervise: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "core_command", lambda: ["/no/such/program"])

    one = supervise("ok", "--events")
    end(qtbot, one)

    assert "could not be started" in one.failure.message
    assert "install" in one.failure.hint


def test_log_that_cannot_be_written_is_a_failure(
    qtbot: QtBot, supervise: Start, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")

    one = supervise("ok", log=tmp_path / "file" / "log.txt")
    end(qtbot, one)

    assert "log of the job could not be written" in one.failure.message


def test_child_let_go_goes_on(qtbot: QtBot, supervise: Start, tmp_path: Path) -> None:
    events = tmp_path / "events.jsonl"
    one = supervise("forever", "--events", "--events-file", str(events))
    qtbot.waitUntil(has_epochs(one), timeout=10_000)
    (child,) = _children()

    one.process.detach()
    end(qtbot, one)

    assert one.outcomes == [("finished",)]
    length = events.stat().st_size
    qtbot.waitUntil(lambda: events.stat().st_size > length, timeout=5_000)
    assert child.is_running()
    child.kill()
    psutil.wait_procs([child], timeout=5)


_WINDOW = """
import sys
from pathlib import Path
from PyQt5.QtCore import QCoreApplication, Qt
from desktop.work.core_process import CoreProcess, start_in_thread
app = QCoreApplication([])
folder = Path(sys.argv[1])
words = ["audit", sys.argv[2], "--json", str(folder / "found.json"), "--events"]
process = CoreProcess(words, folder / "log.txt")
begun = lambda event: print("under way", flush=True)
process.progressed.connect(begun, Qt.DirectConnection)
thread = start_in_thread(process, app)
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


@pytest.mark.slow
def test_log_is_kept_when_a_run_goes_on(
    qtbot: QtBot, supervise: Start, tmp_path: Path
) -> None:
    log = tmp_path / "log.txt"
    log.write_text("of the first time\n", encoding="utf-8")

    one = supervise("fail", "--events", log=log, append_log=True)
    end(qtbot, one)

    assert log.read_text(encoding="utf-8").startswith("of the first time\n")
    assert "first time" not in one.failure.log_tail


@posix
def test_child_has_its_own_session_and_a_low_priority(
    qtbot: QtBot, supervise: Start
) -> None:
    one = supervise("report", environment={"EXTRA": "value"})
    end(qtbot, one)

    told = json.loads(str(one.outcomes[0][1]))
    assert told["session"] != os.getsid(0)
    assert told["nice"] >= 10
    assert told["extra"] == "value"


@pytest.mark.slow
def test_real_command_is_found_from_any_folder(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "core").mkdir()
    (tmp_path / "core" / "__main__.py").write_text("raise SystemExit(77)")
    monkeypatch.chdir(tmp_path)

    one = Supervised(CoreProcess(["card", str(tmp_path)], tmp_path / "log.txt"))

    end(qtbot, one)

    assert "card.json" in one.failure.message or "bundle" in one.failure.message


def test_outcomes_come_in_the_window_s_thread(qtbot: QtBot, supervise: Start) -> None:
    one = supervise("ok", "--events")
    threads: list[QThread] = []

    class Listener(QObject):
        def note(self, _: object) -> None:
            threads.append(QThread.currentThread())

    listener = Listener()
    one.process.succeeded.connect(listener.note)
    end(qtbot, one)

    assert threads == [listener.thread()]
    assert threading.current_thread() is threading.main_thread()


def _children() -> list[psutil.Process]:
    return [
        child
        for child in psutil.Process().children()
        if child.status() != psutil.STATUS_ZOMBIE and str(CHILD) in child.cmdline()
    ]
