from __future__ import annotations

import ast
import logging
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core import __version__
from core.errors import ImageReadError
from core.model.bundle import ModelBundle
from core.program import crash_reports as crash_files
from core.program.traces import line_of, short_path, trace_of
from tests.started_window import ROOT, run_window

NAME = "Müller^Anna 1960.dcm"
PRIVATE = ("Müller", "Anna", "1960", "M\\xfc")


def reports(home: Path) -> list[str]:
    folder = home / "log" / "crashes"
    return [path.read_text("utf-8") for path in sorted(folder.glob("crash-*.txt"))]


def assert_private(text: str) -> None:
    for word in (*PRIVATE, str(Path.home()) + "/"):
        assert word not in text, text


def left(home: Path) -> list[str]:
    return sorted(path.name for path in (home / "log" / "crashes").glob("session-*"))


# What the window does


@pytest.mark.slow
def test_a_fault_in_a_slot_leaves_a_report_and_the_window_goes_on(
    isolated_home: Path, tiny_bundle: ModelBundle
) -> None:
    ended = run_window(
        isolated_home,
        f"""
def fail():
    path = "/home/clinic/{NAME}"
    raise FileNotFoundError(2, "No such file or directory", path)
QTimer.singleShot(0, fail)
def look():
    print(window.diagnose.ui.banner.notice.text)
    print(window.diagnose.ui.banner.notice.details)
    done()
until(lambda: window.diagnose.ui.banner.isVisible(), look)
""",
        bundle=tiny_bundle.path,
    )
    assert ended.returncode == 0, ended.stderr
    (told,) = reports(isolated_home)
    assert f"Hilum: {__version__}" in told
    for part in ("Platform: ", "Python: 3", "Qt: 5.15", "OpenVINO: 20", "in fail"):
        assert part in told
    assert "FileNotFoundError: [Errno 2] No such file or directory" in told
    assert "INFO desktop: the window is shown after " in told
    assert_private(told)
    assert "this is a bug" in ended.stdout
    assert_private(ended.stdout)
    assert_private((isolated_home / "log" / "hilum.log").read_text("utf-8"))
    assert left(isolated_home) == []


@pytest.mark.slow
def test_a_fault_in_a_thread_is_reported_once_however_often_it_comes(
    isolated_home: Path, tiny_bundle: ModelBundle
) -> None:
    ended = run_window(
        isolated_home,
        f"""
import threading
def fail():
    raise KeyError("{NAME}")
for _ in range(3):
    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
until(lambda: window.diagnose.ui.banner.isVisible(), done)
""",
        bundle=tiny_bundle.path,
    )
    assert ended.returncode == 0, ended.stderr
    (told,) = reports(isolated_home)
    assert "KeyError" in told
    assert_private(told)


OFFER = """
def look():
    for notice in window.announcements.notices:
        print(notice.text, notice.file)
    done()
QTimer.singleShot(1500, look)
until(lambda: bool(window.announcements.notices), look)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("import faulthandler; faulthandler._sigsegv()", "Segmentation fault"),
        ("import os; os.abort()", "Fatal Python error: Aborted"),
        (
            "from PyQt5.QtCore import qFatal; "
            f"qFatal('QObject::startTimer: {NAME} has none'.encode())",
            "Qt, fatal: QObject::startTimer",
        ),
    ],
)
def test_a_native_crash_is_offered_at_the_next_start_and_only_then(
    isolated_home: Path, tiny_bundle: ModelBundle, fault: str, told: str
) -> None:
    died = run_window(isolated_home, fault, bundle=tiny_bundle.path)
    assert died.returncode < 0
    assert len(left(isolated_home)) == 2
    second = run_window(isolated_home, OFFER, bundle=tiny_bundle.path)
    assert second.returncode == 0, second.stderr
    assert "Something went wrong when Hilum was last open." in second.stdout
    (report,) = reports(isolated_home)
    assert told in report
    assert f"Hilum: {__version__}" in report
    assert "Last lines of the log" in report
    assert "in begin" in report
    assert_private(report)
    third = run_window(isolated_home, OFFER, bundle=tiny_bundle.path)
    assert third.stdout == ""
    assert left(isolated_home) == []


@pytest.mark.slow
def test_being_killed_is_no_crash(
    isolated_home: Path, tiny_bundle: ModelBundle
) -> None:
    killed = run_window(
        isolated_home,
        "import os, signal; os.kill(os.getpid(), signal.SIGTERM)",
        bundle=tiny_bundle.path,
    )
    assert killed.returncode != 0
    second = run_window(isolated_home, OFFER, bundle=tiny_bundle.path)
    assert second.stdout == ""
    assert reports(isolated_home) == []
    assert left(isolated_home) == []


@pytest.mark.slow
def test_a_fault_before_there_is_a_window_ends_with_a_sentence(
    isolated_home: Path,
) -> None:
    program = (
        "import desktop.app.startup as s, desktop.__main__ as m\n"
        "s.QMessageBox = None\n"
        "import desktop.app.crash_hook as r\n"
        "r.QMessageBox.critical = lambda *words: print(words[-1])\n"
        "def fail(self):\n"
        f"    raise ValueError('{NAME}')\n"
        "s.Startup.open_window = fail\n"
        "s.Startup._is_accepted = lambda self: True\n"
        "raise SystemExit(m.main([]))\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
    )
    assert ended.returncode == 1
    assert "Hilum could not start because of a fault of its own." in ended.stderr
    assert "Hilum could not start" in ended.stdout
    (told,) = reports(isolated_home)
    assert_private(told)


# Files


def test_a_session_that_still_runs_is_left_alone(isolated_home: Path) -> None:
    program = (
        "import sys; from core.program.crash_reports import Session; s = Session({}); "
        "s.note_fatal('Qt, fatal: x'); print('ready', flush=True); sys.stdin.read(); "
        "s.end()"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    with child:
        assert child.stdout.readline() == "ready\n"
        crash_files.adopt_dead_sessions()
        assert len(left(isolated_home)) == 2
        child.stdin.close()
    assert left(isolated_home) == []
    assert reports(isolated_home) == []


def test_a_session_whose_number_another_process_has_by_now_is_dead(
    isolated_home: Path,
) -> None:
    folder = crash_files.crashes_dir()
    folder.mkdir(parents=True)
    stem = f"session-{os.getpid()}-{int(time.time()) - 10_000_000}"
    (folder / f"{stem}.fault").write_text("Fatal Python error: Aborted\n")
    crash_files.adopt_dead_sessions()
    (told,) = reports(isolated_home)
    assert "Aborted" in told


def test_only_so_many_reports_are_kept(isolated_home: Path) -> None:
    folder = crash_files.crashes_dir()
    folder.mkdir(parents=True)
    for number in range(crash_files.KEPT + 5):
        (folder / f"crash-2020-01-01-0000{number:02}-1-1.txt").write_text("old")
    session = crash_files.Session({})
    try:
        for number in range(crash_files.MAX_PER_SESSION + 3):
            session.report(type(f"Fault{number}", (Exception,), {})())
    finally:
        session.end()
    fresh = crash_files.take_new_reports()
    assert len(fresh) == crash_files.MAX_PER_SESSION
    assert crash_files.take_new_reports() == []
    session = crash_files.Session({})
    session.report(ValueError())
    session.end()
    assert len(list(folder.glob("crash-*.txt"))) == crash_files.KEPT


def test_a_session_works_where_nothing_may_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("HILUM_HOME", str(tmp_path / "file"))
    session = crash_files.Session({"Hilum": "1"})
    told, file = session.report(ValueError("x"))
    session.note_fatal("x")
    session.end()
    assert "ValueError" in told
    assert file is None


def test_the_lines_of_a_long_session_stay_few(isolated_home: Path) -> None:
    session = crash_files.Session({"Hilum": "1"})
    record = logging.LogRecord("core.x", logging.INFO, "", 0, "again", None, None)
    for _ in range(20_000):
        session.lines.emit(record)
    (notes,) = crash_files.crashes_dir().glob("*.notes")
    assert notes.stat().st_size < 100_000
    assert notes.read_text("utf-8").startswith("Hilum: 1\n")
    session.end()


# What is told


@pytest.mark.parametrize(
    "error",
    [
        FileNotFoundError(2, "No such file or directory", f"/home/anna/{NAME}"),
        OSError(f"{NAME} could not be read"),
        ValueError(f"invalid date 19600213 of {NAME!r}"),
        KeyError(NAME),
        ImageReadError(f'"{NAME}" is damaged.', hint=f"Look at {NAME}."),
        UnicodeEncodeError("ascii", NAME, 1, 2, "ordinal not in range"),
        subprocess.CalledProcessError(1, ["open", NAME], NAME, NAME),
    ],
)
def test_no_name_and_no_path_comes_into_a_report(
    error: Exception, isolated_home: Path
) -> None:
    error.add_note(f"while reading {NAME}")
    place = f"/films/{NAME}"  # not in the line that raises, which is told
    try:
        try:
            raise error
        except Exception as cause:
            raise RuntimeError(place) from cause
    except RuntimeError as found:
        caught = found
    session = crash_files.Session(crash_files.versions())
    logger = logging.getLogger("core.x")
    logger.addHandler(session.lines)
    try:
        logger.warning("a film was not read: %s", error)
        logging.getLogger("pydicom").addHandler(session.lines)
        logging.getLogger("pydicom").error("no value in %s", NAME)
        told, file = session.report(caught)
    finally:
        logger.removeHandler(session.lines)
        logging.getLogger("pydicom").removeHandler(session.lines)
        session.end()
    assert file is not None
    for text in (told, file.read_text("utf-8")):
        assert_private(text)
        for word in ("anna", "films/", "19600213", ".dcm", str(ROOT)):
            assert word not in text, text
    assert f"a film was not read: {type(error).__name__}" in told


def test_what_python_says_of_code_stays() -> None:
    for code, told in (
        ("None.shape", "'NoneType' object has no attribute 'shape'"),
        ("missing", "name 'missing' is not defined"),
    ):
        with pytest.raises((AttributeError, NameError)) as caught:
            eval(code)
        assert trace_of(caught.value).endswith(told)


def test_a_traceback_keeps_code_and_causes_and_loses_values() -> None:
    def read(name: str) -> None:
        try:
            {}[name]
        except KeyError as error:
            raise RuntimeError(f"the film {name} has no pixels left") from error

    with pytest.raises(RuntimeError) as caught:
        read(NAME)
    told = trace_of(caught.value)
    assert told.index("KeyError") < told.index("RuntimeError")
    assert 'raise RuntimeError(f"the film {name} has no pixels left")' in told
    assert 'File "tests/core/program/test_crash_reports.py"' in told
    assert_private(told)


def test_an_error_that_is_its_own_cause_is_told() -> None:
    error = ValueError("invalid value")
    error.__context__ = KeyError("x")
    error.__context__.__context__ = error
    assert trace_of(error).endswith("ValueError")


def test_lines_of_the_log_keep_the_program_s_words_only() -> None:
    def line(name: str, message: str, *values: object) -> str:
        record = logging.LogRecord(
            name, logging.WARNING, "", 0, message, values or None, None
        )
        return line_of(record)

    assert line("core.x", "read in %.2f s: %s", 0.25, OSError(NAME)) == (
        "WARNING core.x: read in 0.25 s: OSError"
    )
    assert line("pydicom", f"Invalid value {NAME}") == "WARNING pydicom"
    assert line("core.x", "100%% of %d", 3) == "WARNING core.x: 100% of 3"


def test_code_is_named_by_its_place_in_the_program() -> None:
    assert short_path(str(ROOT / "core" / "x.py")) == "core/x.py"
    assert short_path("/home/anna/elsewhere/tool.py") == "tool.py"
    assert short_path(logging.__file__) == "python/logging/__init__.py"
    assert short_path(pytest.__file__) == "site-packages/pytest/__init__.py"


#: What a line of the log may be told, but for an error, which becomes its type.
LOGGED = {
    "__version__",
    "status",
    "classifier.bundle.sha256",
    "error",
    "kind.__name__",
    "process_age()",
    "self._server.serverError()",
    "speaker",
    "type(error).__name__",
    "type(worker).__name__",
}


@pytest.mark.slow
def test_the_log_is_told_no_path_and_no_name() -> None:
    for path in (*(ROOT / "core").rglob("*.py"), *(ROOT / "desktop").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            is_call = isinstance(node, ast.Call) and isinstance(
                node.func, ast.Attribute
            )
            if not is_call or ast.unparse(node.func.value) != "logger":
                continue
            place = 1 if node.func.attr == "log" else 0
            assert isinstance(node.args[place], ast.Constant), (path.name, node.lineno)
            told = {ast.unparse(value) for value in node.args[place + 1 :]}
            if node.func.attr != "debug":  # which no file is written of
                assert told <= LOGGED, (path.name, node.lineno)
