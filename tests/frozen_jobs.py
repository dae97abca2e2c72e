"""The packaged window scans, trains and takes models: by drag and by keyboard."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from core import paths
from core.jobs.events import STOP, EpochEnded
from core.model import in_use as model_store
from core.model.bundle import ModelBundle, read_bundle
from core.runs import store as runs
from core.runs.run import INTERRUPTED, Run
from core.scan import store as scans
from core.scan.record import FINISHED
from core.scan.results import read_labels, read_rows
from tests.packed_app import PackedApp, Screen, drop, open_window, wait_until

pytest_plugins = ("tests.packed_fixtures",)

#: TensorFlow takes a while to load, and longer on a busy machine.
_TIMEOUT_S = 240.0
#: Until the window shows what a step has come to, which nothing outside it tells.
_SHOWN_S = 3.0
#: Where the button to the next step is, from the lower right corner.
_NEXT = (86, 52)


def has_ended_an_epoch(run: Run) -> bool:
    """Whether a training has told of an epoch's end."""
    events, _ = run.channel.read(0)
    return any(isinstance(event, EpochEnded) for event in events)


def test_a_folder_dropped_on_the_scan_tab_is_scanned(
    app: PackedApp, screen: Screen, phantoms: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "Filme ü"
    shutil.copytree(phantoms.parent, folder)
    with open_window(app, screen):
        wait_until(lambda: screen.window_called("Hilum"))
        window = screen.window_called("Hilum")
        screen.press(window, "alt+2")
        drop(screen, folder, window)
        # The folder was looked at, which takes the focus to the button Scan.
        screen.press(window, "space")
        wait_until(scans.list_scans)
        (scan,) = scans.list_scans()
        wait_until(lambda: scans.read_scan(scan.path).record.status == FINISHED)
    rows = list(read_rows(scan.results, read_labels(scan.results)))
    assert len(rows) == 30
    assert not [row for row in rows if row.error]


def test_a_model_file_that_is_opened_is_put_to_use_after_a_yes(
    app: PackedApp, screen: Screen, tiny_bundle: ModelBundle, tmp_path: Path
) -> None:
    file = tmp_path / "Modell ü.hilum"
    app.run("export", tiny_bundle.path, "--format", "hilum", "--out", file)
    with open_window(app, screen, file):
        wait_until(lambda: screen.window_called("Import model"))
        assert paths.models_dir() not in model_store.recorded().parents
        screen.press(screen.window_called("Import model"), "Return")
        wait_until(lambda: paths.models_dir() in model_store.recorded().parents)
    assert read_bundle(model_store.recorded()).sha256 == tiny_bundle.sha256


def test_a_training_is_started_followed_and_stopped(
    app: PackedApp, screen: Screen, phantoms: Path
) -> None:
    if app.is_reader:
        pytest.skip("the reader edition does not train")
    with open_window(app, screen):
        wait_until(lambda: screen.window_called("Hilum"))
        window = screen.window_called("Hilum")
        screen.press(window, "alt+3")
        drop(screen, phantoms, window)
        # The check of so few films may be over before the drag is.
        wait_until(lambda: [*paths.checks_dir().glob("*/audit.json")], _TIMEOUT_S)
        time.sleep(_SHOWN_S)
        screen.click_lower_right(window, *_NEXT)
        # The focus goes along: to the next step's button, and to that which starts.
        for _ in range(2):
            time.sleep(_SHOWN_S)
            screen.press(window, "space")
        wait_until(runs.list_runs)
        (run,) = runs.list_runs()
        wait_until(lambda: has_ended_an_epoch(run), _TIMEOUT_S)
        run.channel.request(STOP)
        wait_until(lambda: run.state() == INTERRUPTED, _TIMEOUT_S)
    assert run.can_resume()
