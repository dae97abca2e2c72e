"""Fixtures of all tests: no display, no real home, nothing left running."""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import itertools
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from _pytest.faulthandler import fault_handler_stderr_fd_key
from numpy.typing import NDArray
from PIL import Image

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
# One list of fonts for all tests, which takes a second to make.
os.environ.setdefault("MPLCONFIGDIR", f"{tempfile.gettempdir()}/hilum-tests-fonts")
# Tests run beside each other, on all cores; what one computes stays on its own.
os.environ.setdefault("OMP_NUM_THREADS", "1")


from PyQt5 import sip
from PyQt5.QtCore import QThread
from PyQt5.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

# Before OpenVINO, which some tests load by themselves: this keeps its converter
# from reporting each use, for which it would fork this process.
import core.model.graph  # noqa: F401
from core.model.bundle import ModelBundle
from tests.phantoms import draw_phantom, write_phantom_set
from tests.small_disk import keep_mounts_private
from tests.small_network import small_vgg16
from tests.tiny_bundle import write_tiny_bundle
from tests.training_child import Child, write_job

#: Files of tests that take long, the longest first.
LONGEST = """
    test_killed test_resume test_tab test_search test_on_cluster test_network
    test_phases test_heat_sanity test_rate_finder test_add test_backbones test_page
    test_contrast test_candidate_panel test_export test_train test_work test_actions
    test_scanner test_run test_fit test_command_line test_weights test_jobs
    test_gate_fit test_checks test_crash_probe test_reporters test_layer_maps
""".split()
#: What `run.py test --fast` runs, and the line of files that are of training alone.
FAST = "not slow and not training"
#: Milliseconds that a wait may take on a busy machine: it ends with what it is for.
PATIENCE_MS = 180_000
_QT_FIXTURES = {"qtbot", "qapp"}
LOADS_KERAS = '\nkeras = pytest.importorskip("keras")\n'


def pytest_configure() -> None:
    """Before the first test starts a thread; until then there is no garbage."""
    keep_mounts_private()
    gc.disable()


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores, as tests wait for children a quarter of the time.

    But not so many that memory is short.
    """
    return min(4, 1 + (os.cpu_count() or 2))


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Give each process whole files, whose fixtures are then made once.

    One that dies ends the run: pytest-xdist may wait for ever for its successor.
    """
    config.option.maxworkerrestart = "0"
    if config.getoption("numprocesses", None) and config.option.dist == "no":
        config.option.dist = "loadfile"
        config.option.loadscopereorder = False


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Do not load Keras for tests that would be left out, which takes seconds."""
    if config.option.markexpr != FAST or collection_path.suffix != ".py":
        return None
    return LOADS_KERAS in collection_path.read_text("utf-8") or None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Free widgets in this thread alone, as the program does; say where one dies.

    A thread of a later test would crash on what an earlier one left to be freed.
    """
    # A test of crash reports may have taken that over.
    faulthandler.enable(item.config.stash[fault_handler_stderr_fd_key])
    if not _QT_FIXTURES & set(getattr(item, "fixturenames", ())):
        return (yield)
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest, so that none of them is left alone."""
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.stem, len(places)))


def pytest_collection_finish() -> None:
    """Spare the collector of garbage what all tests share: Keras alone is seconds."""
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Places for homes; `mktemp` would look through all former ones for each."""
    folder = tmp_path_factory.mktemp("homes")
    return (folder / str(number) for number in itertools.count())


@pytest.fixture(autouse=True)
def isolated_home(
    homes: Iterator[Path], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """An empty home for settings, models and logs."""
    home = next(homes)
    home.mkdir()
    monkeypatch.setenv("HILUM_HOME", str(home))
    yield home
    with contextlib.suppress(OSError):  # what a test left there is kept
        home.rmdir()


@pytest.fixture(autouse=True)
def nothing_left(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Fail a Qt test that leaves a running thread or a visible window."""
    if not _QT_FIXTURES & set(request.fixturenames):
        yield
        return
    started: list[QThread] = []
    start = QThread.start

    def start_noted(thread: QThread) -> None:
        started.append(thread)
        start(thread)

    monkeypatch.setattr(QThread, "start", start_noted)
    yield
    running = [thread.objectName() for thread in started if not _has_ended(thread)]
    visible = [
        type(w).__name__ for w in QApplication.topLevelWidgets() if w.isVisible()
    ]
    assert not running, f"threads still running: {running}"
    assert not visible, f"windows still visible: {visible}"


class PatientBot(QtBot):
    """Gives nothing up that is only slow to come."""

    def waitUntil(self, *waited_for: Any, **options: Any) -> Any:
        return super().waitUntil(*waited_for, **_patient(options))

    def waitSignal(self, *waited_for: Any, **options: Any) -> Any:
        return super().waitSignal(*waited_for, **_patient(options))

    def waitSignals(self, *waited_for: Any, **options: Any) -> Any:
        return super().waitSignals(*waited_for, **_patient(options))

    def waitExposed(self, *waited_for: Any, **options: Any) -> Any:
        return super().waitExposed(*waited_for, **_patient(options))


def _patient(options: dict[str, Any]) -> dict[str, Any]:
    if not options.get("raising", True):  # what should not come is not waited for
        return options
    return options | {"timeout": max(options.get("timeout", 0), PATIENCE_MS)}


@pytest.fixture
def qtbot(qapp: QApplication, request: pytest.FixtureRequest) -> QtBot:
    """Of pytest-qt, but patient."""
    return PatientBot(request)


@pytest.fixture
def own_widgets(qapp: QApplication) -> QApplication:
    """No widget but the test's own: a style sheet reaches what others left behind."""
    for left in qapp.topLevelWidgets():
        # What has a parent goes with it, or is still in use by it.
        if not sip.isdeleted(left) and left.parent() is None:
            sip.delete(left)
    return qapp


def _has_ended(thread: QThread) -> bool:
    try:
        return not thread.isRunning()
    except RuntimeError:  # deleted with its parent, which Qt allows only when ended
        return True


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory: pytest.TempPathFactory) -> ModelBundle:
    """A real bundle: bright films are COVID-19 to it, dark ones normal."""
    return write_tiny_bundle(tmp_path_factory.mktemp("bundle") / "tiny")


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """A phantom as a PNG file."""
    path = tmp_path / "film.png"
    Image.fromarray(draw_phantom("covid", seed=1, size=256)).save(path)
    return path


@pytest.fixture
def make_film(tmp_path: Path) -> Callable[..., Path]:
    """Writes films of even brightness, or of given pixels, by name."""

    def make(name: str, pixels: int | NDArray[np.generic], size: int = 96) -> Path:
        if isinstance(pixels, int):
            # A gradient on one edge: an even film would be warned about.
            shade = np.full((size, size), pixels, np.uint8)
            shade[:4] = np.linspace(0, 255, size).astype(np.uint8)
            pixels = shade
        path = tmp_path / name
        Image.fromarray(pixels).save(path)
        return path

    return make


@pytest.fixture(scope="session")
def phantoms(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A manifest of 30 drawn films of three labels, with splits."""
    return write_phantom_set(tmp_path_factory.mktemp("films"), per_label=10, size=96)


@pytest.fixture(scope="session")
def job(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Settings of a job that takes seconds."""
    return write_job(tmp_path_factory.mktemp("job") / "job.json")


@pytest.fixture
def small_backbone(monkeypatch: pytest.MonkeyPatch) -> None:
    """VGG16 is a small network in this process, as it is in those of `start`."""
    keras = pytest.importorskip("keras")
    monkeypatch.setattr(keras.applications, "VGG16", small_vgg16)


@pytest.fixture
def start() -> Iterator[Callable[..., Child]]:
    """Starts commands as children and sees to their end."""
    children: list[Child] = []

    def begin(*arguments: str | Path, **options: object) -> Child:
        children.append(Child(*arguments, **options))  # type: ignore[arg-type]
        return children[-1]

    yield begin
    for child in children:
        child.close()
