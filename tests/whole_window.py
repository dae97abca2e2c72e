"""The window with something on every page, to look at all of them in turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from PyQt5 import sip
from PyQt5.QtWidgets import QDialog, QMessageBox, QScrollArea, QWidget
from pytestqt.qtbot import QtBot

from core.jobs.events import (
    DeviceFound,
    EpochEnded,
    Noted,
    Progressed,
    StageStarted,
)
from core.jobs.failures import Failure
from core.model.bundle import ModelBundle
from core.paths import sample_films
from core.reports.chart_style import load_matplotlib
from core.runs.config import TrainingConfig
from core.runs.progress import RunProgress
from core.runs.run import INTERRUPTED, RUNNING, Run, RunRecord
from core.runs.store import new_run
from core.scan.store import Scan
from desktop.app.about_dialog import AboutDialog
from desktop.app.disclaimer import DisclaimerDialog
from desktop.app.experiments_dialog import ExperimentsDialog
from desktop.app.keys_dialog import KeysDialog
from desktop.app.main_window import MainWindow
from desktop.app.self_test_dialog import SelfTestDialog
from desktop.diagnose.file.tags_dialog import TagsDialog
from desktop.models.card_dialog import ModelCardDialog
from desktop.models.export_dialog import ExportDialog
from desktop.models.file_dialogs import ImportDialog
from desktop.models.list_dialog import ModelsDialog
from desktop.models.local_card_dialog import LocalCardDialog
from desktop.retrain.runs.kind import RunRequest
from desktop.scan.dialogs import FilingDialog, ScanExportDialog
from desktop.scan.worklist import ALL, SELECTED, SHOWN, Choice
from desktop.settings import Settings
from desktop.widgets.chart_view import ChartView
from desktop.widgets.confirm import StoppingDialog
from desktop.widgets.disclosure import Disclosure
from desktop.widgets.notify import Notice
from tests.finished_run import FINDINGS, make_finished_run, write_films

_CAUSE = Failure("The disk is full.", "Make room, then resume.", "Traceback: …", None)


class WholeWindow:
    """A window, its pages, and its dialogs.

    Attributes:
        window: Open, with three films, a scan, two finished runs and one that waits.
    """

    def __init__(
        self, qtbot: QtBot, bundle: ModelBundle, folder: Path, scan: Scan
    ) -> None:
        self._bot, self._bundle, self._folder = qtbot, bundle, folder
        self._scan = scan
        # In a thread its own warnings of today's parts would end a test.
        load_matplotlib()
        self.window = MainWindow(Settings(), bundle.path)
        qtbot.addWidget(self.window)
        manifest = write_films(folder / "films")
        notes = ("The films of one hospital are of one label.", "Few films.")
        self._finished = [
            make_finished_run(bundle, manifest, name=name, notes=notes, findings=found)
            for name, found in (("Our films", FINDINGS), ("Second try", None))
        ]
        self._waiting = self._make_waiting(manifest)
        self.window.show()
        qtbot.waitUntil(lambda: self.window.model.bundle is not None)

    def pages(self) -> Iterator[str]:
        """Put each page on screen; names of them."""
        window, tabs = self.window, self.window._tabs
        diagnose, scan, retrain = window.diagnose, window.scan, window.retrain
        tabs.setCurrentWidget(diagnose)
        if not diagnose.session.films:
            yield self._at("Diagnose, empty")
            window.open_paths(sample_films()[:3])
            self._bot.waitUntil(lambda: not diagnose.session.is_reading)
        yield self._at("Diagnose")
        window.show_notice(Notice("A film is damaged.", "Ask for it again.", "..."))
        yield self._at("Diagnose, with a notice")
        window.diagnose.ui.banner.dismiss()
        tabs.setCurrentWidget(scan)
        scan._show_start()
        self._bot.waitUntil(lambda: bool(scan._listed))
        yield self._at("Scan, start")
        scan.take_folder(self._scan.record.folder)
        self._bot.waitUntil(lambda: scan.start_page.folder is not None)
        yield self._at("Scan, a folder chosen")
        scan._show_scan(self._scan)
        model = scan.scan_page.table.model
        self._bot.waitUntil(lambda: model.rowCount() == 5)
        for place in range(scan.scan_page.pages.count()):
            scan.scan_page.pages.setCurrentIndex(place)
            yield self._at(f"Scan, page {place + 1}")
        tabs.setCurrentWidget(retrain)
        yield from self._retrain_pages()

    def _retrain_pages(self) -> Iterator[str]:
        retrain = self.window.retrain
        retrain._stack.setCurrentWidget(retrain.intro)
        self._bot.waitUntil(lambda: len(retrain.panel.runs) == 3)
        yield self._at("Retrain, intro")
        retrain._on_new_asked()
        for step in range(3):
            retrain.new_page.go_to(step)
            yield self._at(f"Retrain, new run, step {step + 1}")
        config = TrainingConfig(name="Ours", epochs=8, patience=4)
        for state, failure in ((RUNNING, None), (INTERRUPTED, _CAUSE)):
            progress = _progress(config)
            retrain.run_page.show_run(self._waiting, progress, state, failure)
            retrain._stack.setCurrentWidget(retrain.run_page)
            yield self._at(f"Retrain, a run that is {state}")
        retrain.report_page.set_run(self._finished[0])
        retrain._stack.setCurrentWidget(retrain.report_page)
        body = retrain.report_page.body
        self._bot.waitUntil(lambda: body.isVisible() and not body.mistakes.is_reading)
        retrain.report_page.candidate.stop()
        yield self._at("Retrain, report")
        retrain._on_compare_asked(self._finished)
        yield self._at("Retrain, comparison")
        files = [self._folder / name for name in ("split.csv", "audit.json")]
        for file in files:
            file.touch()
        request = RunRequest(config, "default", self._folder, *files, "tensorflow")
        retrain._on_search_asked(request)
        yield self._at("Retrain, new search")
        retrain._on_searches_asked()
        yield self._at("Retrain, searches")
        retrain._on_new_asked()

    def dialogs(self) -> Iterator[QDialog]:
        """Open each dialog; it is closed afterwards."""
        window, bundle = self.window, self._bundle
        scan_page = self.window.scan.scan_page
        scan_page.show_scan(self._scan)
        model = scan_page.table.model
        self._bot.waitUntil(lambda: model.rowCount() == 5)
        kinds = (SELECTED, SHOWN, ALL)
        choices = [Choice(which, None, {"covid": 2}) for which in kinds]
        makers: list[Callable[[], QDialog]] = [
            partial(AboutDialog, bundle, window),
            partial(DisclaimerDialog, window),
            partial(ExperimentsDialog, window),
            partial(SelfTestDialog, window.model, window),
            partial(ModelCardDialog, bundle, window),
            partial(ExportDialog, bundle, window),
            partial(ImportDialog, bundle, window),
            partial(ModelsDialog, window),
            partial(LocalCardDialog, window.model, window),
            partial(KeysDialog, window, {"Diagnose": window.diagnose}),
            partial(_tags, window),
            partial(ScanExportDialog, self._scan, choices, self._folder, window),
            partial(FilingDialog, self._scan, choices, window, move=True),
            partial(StoppingDialog, "Stopping; what was done is kept.", window),
            partial(_box, window),
        ]
        for make in makers:
            dialog = make()
            dialog.show()
            self._bot.wait(150)
            try:
                yield dialog
            finally:
                if isinstance(dialog, TagsDialog):
                    dialog.shut_down()
                dialog.reject()
                if not sip.isdeleted(dialog):
                    dialog.deleteLater()

    def _at(self, name: str) -> str:
        """Unfold what is folded and wait for what is drawn."""
        shown = [each for each in self.window.findChildren(Disclosure)]
        for each in shown:
            if each.isVisible():
                each.set_open(True)
        self._bot.wait(60)
        charts = self.window.findChildren(ChartView)
        self._bot.waitUntil(lambda: all(c.is_drawn for c in charts if _is_due(c)))
        return name

    def _make_waiting(self, manifest: Path) -> Run:
        noon = datetime(2026, 3, 14, 12, tzinfo=UTC)
        config = TrainingConfig(name="Ours", epochs=8, patience=4)
        record = RunRecord("Ours", "default", manifest.parent, noon, config, "")
        return new_run(record, split=manifest, audit=None)


def _tags(window: QWidget) -> TagsDialog:
    dialog = TagsDialog(window)
    dialog.show_film(None)
    return dialog


def _box(window: QWidget) -> QMessageBox:
    box = QMessageBox(window)
    box.setText("Delete Ours?")
    box.setInformativeText("Its model, report and checkpoints are deleted with it.")
    box.addButton("&Delete", QMessageBox.ButtonRole.AcceptRole)
    return box


def _is_due(chart: ChartView) -> bool:
    return chart.isVisible() and chart._draw is not None


def _progress(config: TrainingConfig) -> RunProgress:
    progress = RunProgress(config)
    for event in (
        DeviceFound("Processor, 2 cores", "There is no graphics card.", "tensorflow"),
        StageStarted("head"),
        EpochEnded("head", 1, 10, 0.9, 0.8, 0.7, 0.6, best=True, seconds=2.0),
        StageStarted("fine-tuning"),
        EpochEnded("fine-tuning", 1, 8, 0.7, 0.6, 0.8, 0.7, best=True, seconds=60.0),
        Noted("Left out: 3 films, which cannot be read."),
        Progressed("fine-tuning", 1200, 6400, 12.5),
    ):
        progress.add(event)
    return progress


def unrolled(window: QWidget) -> None:
    """Make a window so high that its pages need not scroll."""
    areas = [x for x in window.findChildren(QScrollArea) if x.isVisible()]
    more = max(
        (x.widget().sizeHint().height() - x.viewport().height() for x in areas),
        default=0,
    )
    window.resize(window.width(), window.height() + max(0, more))
