from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
_TELL = """
import sys
from PyQt5.QtWidgets import QApplication, QWidget
application = QApplication([])
from desktop.jobs.notice import tell_desktop
window = QWidget()
tell_desktop(window, "Training", "Ours has been trained.")
window.show()
window.activateWindow()
application.processEvents()
assert window.isActiveWindow()
tell_desktop(window, "Training", "Nobody need be told.")
"""


@pytest.mark.slow
@pytest.mark.skipif(
    sys.platform != "linux" or not shutil.which("dbus-monitor"), reason="Linux's bus"
)
def test_the_desktop_is_told_unless_the_window_is_in_front() -> None:
    script = (
        'dbus-monitor "interface=org.freedesktop.Notifications" & '
        f"sleep 1; {sys.executable} -c '{_TELL}'; sleep 1; kill $!"
    )
    done = subprocess.run(
        ["dbus-run-session", "--", "bash", "-c", script],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "member=Notify" in done.stdout, done.stderr
    assert 'string "Ours has been trained."' in done.stdout
    assert "Nobody need be told" not in done.stdout


def test_without_a_desktop_nothing_fails() -> None:
    subprocess.run(
        [sys.executable, "-c", _TELL],
        cwd=ROOT,
        env={"QT_QPA_PLATFORM": "offscreen", "PATH": "/nowhere"},
        check=True,
        timeout=120,
    )
