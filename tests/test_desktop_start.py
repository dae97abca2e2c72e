from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PyQt5.QtWidgets import QDialog
from pytestqt.qtbot import QtBot

from core import __version__
from core.bundle import ModelBundle
from desktop.app_icon import SIZES, app_icon
from desktop.application import FileInbox
from desktop.dialogs import (
    AboutDialog,
    DisclaimerDialog,
    ModelCardDialog,
    about_text,
    card_html,
)

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted((ROOT / "desktop").glob("*.py"))

START = """
import sys
from PyQt5.QtCore import QTimer
from PyQt5.QtWidgets import QApplication, QDialog, QMainWindow
import desktop.__main__ as program

def look():
    for widget in QApplication.topLevelWidgets():
        if isinstance(widget, QDialog) and widget.isVisible():
            ANSWER
        elif isinstance(widget, QMainWindow) and widget.isVisible():
            session = widget.diagnose.session
            has_failed = widget.diagnose.ui.banner.isVisible()
            if not session.is_reading and (session.shown or has_failed):
                print(widget.diagnose.ui.panel.sentence)
                print(widget.diagnose.ui.banner.notice.text)
                widget.close()
                return
    QTimer.singleShot(20, look)

original = program.MainWindow
def make(*args):
    window = original(*args)
    QTimer.singleShot(20, look)
    return window
program.MainWindow = make
show = QDialog.exec
def ask(dialog):
    QTimer.singleShot(20, dialog.ANSWER)
    return show(dialog)
QDialog.exec = ask
program.paths.default_bundle_dir = lambda: __import__("pathlib").Path(sys.argv[1])
sys.exit(program.main(sys.argv[2:]))
"""


def start(
    home: Path, answer: str, *arguments: object
) -> subprocess.CompletedProcess[str]:
    program = START.replace("            ANSWER\n", "            pass\n")
    program = program.replace("ANSWER", answer)
    return subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "HILUM_HOME": str(home), "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_the_program_starts_reads_a_film_and_ends(
    isolated_home: Path, tiny_bundle: ModelBundle, film: Path
) -> None:
    first = start(isolated_home, "accept", tiny_bundle.path, film)
    assert first.returncode == 0, first.stderr
    assert first.stdout.splitlines()[0].startswith(("Looks like", "Uncertain"))
    assert (isolated_home / "log" / "hilum.log").exists()
    # Accepted once, not asked again: declining would end it without a verdict.
    second = start(isolated_home, "reject", tiny_bundle.path, film)
    assert second.stdout == first.stdout


def test_declining_the_notice_closes_the_program(
    isolated_home: Path, tiny_bundle: ModelBundle, film: Path
) -> None:
    ended = start(isolated_home, "reject", tiny_bundle.path, film)
    assert (ended.returncode, ended.stdout) == (0, "")


def test_a_file_of_the_command_line_that_cannot_be_read_raises_the_banner(
    isolated_home: Path, tiny_bundle: ModelBundle, tmp_path: Path
) -> None:
    ended = start(isolated_home, "accept", tiny_bundle.path, tmp_path / "missing.png")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines()[1] == 'There is no file "missing.png".'


def test_a_home_that_may_not_be_written_to_does_not_keep_the_program_from_starting(
    tiny_bundle: ModelBundle, film: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.write_text("a file where the folder should be")
    ended = start(home, "accept", tiny_bundle.path, film)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith(("Looks like", "Uncertain"))


def test_the_version_is_printed_without_a_window() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "desktop", "--version"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, "QT_QPA_PLATFORM": "nonsense"},
    )
    assert (ended.returncode, ended.stdout) == (0, f"Hilum {__version__}\n")


def test_opening_the_window_s_code_loads_no_network_code() -> None:
    program = (
        "import sys, desktop.main_window; "
        "print(sorted({'tensorflow', 'keras', 'openvino', 'torch', 'pydicom'} "
        "& set(sys.modules)))"
    )
    child = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True
    )
    assert child.stdout.strip() == "[]", child.stderr


def test_files_opened_by_the_system_before_the_window_are_kept_for_it(
    qapp: object,
) -> None:
    inbox, opened = FileInbox(), []
    inbox.file_opened.connect(opened.append)
    inbox.add("/films/a.dcm")
    assert opened == []
    inbox.deliver()
    inbox.add("/films/b.dcm")
    assert opened == ["/films/a.dcm", "/films/b.dcm"]


def test_the_notice_must_be_accepted_and_says_what_hilum_is_not(qtbot: QtBot) -> None:
    dialog = DisclaimerDialog()
    qtbot.addWidget(dialog)
    dialog.show()
    dialog.decline_button.click()
    assert dialog.result() == QDialog.DialogCode.Rejected
    dialog.show()
    dialog.accept_button.click()
    assert dialog.result() == QDialog.DialogCode.Accepted


def test_about_names_model_licence_and_versions(
    qtbot: QtBot, tiny_bundle: ModelBundle
) -> None:
    text = about_text(tiny_bundle)
    for part in (
        __version__,
        "not a medical device",
        "General Public License",
        "OpenVINO 2",
        tiny_bundle.card.name,
        tiny_bundle.sha256[:16],
    ):
        assert part in text
    dialog = AboutDialog(None)
    qtbot.addWidget(dialog)


def test_the_model_card_shows_limits_and_measurements(
    qtbot: QtBot, tiny_bundle: ModelBundle
) -> None:
    text = card_html(tiny_bundle)
    for part in (tiny_bundle.sha256, tiny_bundle.card.limits, "accuracy", "0.75, 0.97"):
        assert part in text
    dialog = ModelCardDialog(tiny_bundle)
    qtbot.addWidget(dialog)


def test_the_icon_has_every_size(qtbot: QtBot) -> None:
    sizes = sorted(size.width() for size in app_icon().availableSizes())
    assert sizes == list(SIZES)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_sources_keep_the_house_rules(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for forbidden in (
        r"processEvents",
        r"\.terminate\(",
        r"connect\(\s*lambda",
        r"sleep\(",
    ):
        assert not re.search(forbidden, text), forbidden
    if path.name != "workers.py":
        assert "Classifier" not in text
    if path.name not in ("app_icon.py", "film_image.py", "intake.py"):
        assert "QImage(" not in text
    # The type of an enum, in a signature, is not one of its values.
    unscoped = re.search(r"(?<!: )\bQt\.\w+\b(?!\.)", text)
    assert not unscoped, "enums are fully scoped"
