"""The Diagnose tab: a film in, a verdict out."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PyQt5.QtCore import QMimeData, pyqtSignal, pyqtSlot
from PyQt5.QtGui import QGuiApplication, QResizeEvent
from PyQt5.QtWidgets import QWidget

from core.films.radiograph import display_name
from core.model.archive import is_model_file
from core.model.bundle import ModelBundle, ModelCard
from core.paths import sample_films
from desktop.diagnose import file_dialogs as film_dialogs
from desktop.diagnose.actions import DiagnoseActions
from desktop.diagnose.comparison import Comparison
from desktop.diagnose.file.film_file import FilmFile
from desktop.diagnose.file.label import FilmLabel
from desktop.diagnose.films import OpenFilm
from desktop.diagnose.heatmap import HeatMap, LungOutline
from desktop.diagnose.layout import DiagnoseLayout
from desktop.diagnose.output.outputs import FilmOutputs
from desktop.diagnose.reading import DiagnosedFilm
from desktop.diagnose.saver import FilmSaver
from desktop.diagnose.session import FilmSession
from desktop.film.corrections import LabelCorrections
from desktop.film.incoming import DropHighlight, films_in, image_pixels
from desktop.models.in_use import ModelInUse
from desktop.settings import Settings
from desktop.widgets.notify import Notice


class DiagnoseTab(QWidget):
    """Takes films, shows them and what the model says of them.

    A film, its verdict and its heat map appear together, so that a verdict
    never stands beside another film.

    Attributes:
        session: The films that are open.
        label: What the film on screen really shows, as the user says.
        saver: The thread that draws pictures to save and copy.
        commands: The actions.
        ui: The widgets.
        heatmap: Which finding's evidence lies over the film.
        lungs: Whether the outline of the lungs does.
        outputs: Pictures and reports of what is on screen.
        comparison: The film beside it.
        file: What is known and done of its file.

    Signals:
        status_changed: str. What is going on, for the status line.
        film_changed: str. Name of the film on screen; empty for none.
        models_given: list[Path]. Packed models came in place of films.
    """

    status_changed = pyqtSignal(str)
    film_changed = pyqtSignal(str)
    models_given = pyqtSignal(object)

    def __init__(
        self,
        settings: Settings,
        model: ModelInUse,
        corrections: LabelCorrections,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._settings = settings
        self._model = model
        self._card: ModelCard | None = None
        self._read_by: ModelBundle | None = None
        self.session = FilmSession(model, self)
        self.saver = FilmSaver(settings, self)
        self.label = FilmLabel(self.session, model, corrections, self)
        self.commands = DiagnoseActions(self, sample_films(), self.label.menu)
        self.ui = DiagnoseLayout(self, self.session.films, self.commands)
        self.show_notice = self.ui.banner.show_notice
        self.heatmap = HeatMap(self.session, model, self.ui, self.commands)
        self.lungs = LungOutline(self.session, self.ui, self.commands)
        self.outputs = FilmOutputs(
            *(self.session, self.ui, self.heatmap, self.lungs, self.commands),
            *(self.saver, settings),
        )
        self.comparison = Comparison(self.session, self.ui, self.commands)
        self.file = FilmFile(self.session, self.ui, self.commands, settings)
        self._highlight = DropHighlight(self)
        self._connect_session()
        self._connect_widgets()
        self._connect_actions()
        self._restore_settings()

    # What the window asks for

    def start(self) -> None:
        """Begin to read films; called when the window is on screen."""
        self.session.start()

    def shut_down(self) -> None:
        """Remember the settings and end the thread; the picture in hand is saved."""
        self.heatmap.keep(self._settings)
        self.lungs.keep(self._settings)
        self._settings.coverage = self.ui.panel.sets.coverage
        self._settings.splitter_state = self.ui.splitter.saveState()
        self.saver.shut_down()
        self.file.shut_down()

    def open_paths(self, paths: Sequence[Path], shown: Path | None = None) -> None:
        """Read films, show the first, or another, and keep all in the strip.

        Packed models among them are passed on.
        """
        films = [path for path in paths if not is_model_file(path)]
        if films:
            self.ui.banner.dismiss()
            self.session.open_paths(films, shown)
        if len(films) < len(paths):
            self.models_given.emit([path for path in paths if is_model_file(path)])

    def take_mime(self, mime: QMimeData | None) -> None:
        """Open what was dropped or pasted."""
        dropped = films_in(mime)
        if dropped.paths:
            self.open_paths(dropped.paths)
        elif dropped.picture is not None:
            self.ui.banner.dismiss()
            self.session.open_picture(image_pixels(dropped.picture))
        elif dropped.elsewhere:
            text = "Only films on this computer can be opened."
            hint = "Save the picture to a file first, then open the file."
            self.show_notice(Notice(text, hint))
        else:
            text = "There is no film in what was pasted."
            hint = "Copy a film file, or a picture of a film, and paste again."
            self.show_notice(Notice(text, hint))

    def show_drop(self, mime: QMimeData | None) -> None:
        """Show, or with None stop showing, that films may be let go here."""
        if mime is None:
            self._highlight.hide()
        else:
            self._highlight.show_for(len(mime.urls()))

    # The film on screen

    @pyqtSlot(object)
    def _on_film_shown(self, film: OpenFilm) -> None:
        assert film.found is not None
        self.ui.view.set_film(film.found.pyramid)
        self._show_reading(film, film.found)
        self.ui.show_film()
        self.ui.strip.show_current(film)
        self.film_changed.emit(display_name(film.path))

    def _show_reading(self, film: OpenFilm, found: DiagnosedFilm) -> None:
        """Show what a model says of the film on screen."""
        reading = found.reading
        self._read_by = reading.bundle if reading is not None else None
        if reading is not None:
            self._show_card(reading.bundle.card)
            if film.label not in reading.heatmaps:
                film.label = reading.likeliest
        self.ui.panel.show_film(found, self.heatmap.label)
        is_read = reading is not None and reading.verdict.refused is None
        has_lungs = reading is not None and bool(reading.outline)
        self.commands.set_film_open(is_open=True, is_read=is_read, has_lungs=has_lungs)
        self.heatmap.refresh()
        self.lungs.refresh()
        said = reading.sentence if reading is not None else "No verdict."
        if not self.ui.panel.lungs.isHidden():
            said = f"{said} {self.ui.panel.lungs.text()}."
        name = display_name(film.path)
        self.ui.view.setAccessibleDescription(f"{name}. {said}")

    def _show_card(self, card: ModelCard) -> None:
        """Offer the findings that the film on screen has been read for."""
        if card is not self._card:
            self._card = card
            self.commands.set_card(card)

    @pyqtSlot(object)
    def _on_film_refined(self, film: OpenFilm) -> None:
        found = film.found
        assert found is not None
        self.ui.view.set_film(found.pyramid, keep_view=True)
        if found.reading is None or found.reading.bundle is not self._read_by:
            film.label = ""
        # Even of the same model: the file may have changed since.
        self._show_reading(film, found)

    @pyqtSlot()
    def _on_emptied(self) -> None:
        self.ui.view.set_film(None)
        self.ui.panel.show_nothing()
        self.ui.show_empty(has_strip=len(self.session.films) > 0)
        self.commands.set_film_open(is_open=False, is_read=False)
        self.film_changed.emit("")

    @pyqtSlot(object)
    def _on_model_changed(self, bundle: ModelBundle) -> None:
        film = self.session.shown_film
        if film is None or film.reading is None:
            self._show_card(bundle.card)

    @pyqtSlot(str, bool)
    def _on_progress_changed(self, text: str, is_wanted: bool) -> None:
        self.ui.show_progress(text, is_wanted)
        self.status_changed.emit(text)
        if self.session.shown is not None:  # a failed film was current, briefly
            self.comparison.mark_current()

    # Actions

    @pyqtSlot()
    def _on_open_triggered(self) -> None:
        folder = self._settings.last_folder
        if paths := film_dialogs.ask_for_films(self, folder, self.saver.previews):
            self._settings.last_folder = str(paths[0].parent)
            self.open_paths(paths)

    @pyqtSlot()
    def _on_any_sample_asked(self) -> None:
        self.open_paths(sample_films()[:1])

    @pyqtSlot(object)
    def _on_path_asked(self, path: Path) -> None:
        self.open_paths([path])

    @pyqtSlot()
    def _on_paste_triggered(self) -> None:
        self.take_mime(QGuiApplication.clipboard().mimeData())

    # Wiring

    def _connect_session(self) -> None:
        self.session.film_shown.connect(self._on_film_shown)
        self.session.film_refined.connect(self._on_film_refined)
        self.session.emptied.connect(self._on_emptied)
        self.session.progress_changed.connect(self._on_progress_changed)
        self.session.notice_raised.connect(self.show_notice)
        self.label.notice_raised.connect(self.show_notice)
        self._model.changed.connect(self._on_model_changed)
        self._model.notice_raised.connect(self.show_notice)
        self.saver.failed.connect(self.ui.banner.show_error)
        self.saver.status_changed.connect(self.status_changed)
        self.file.status_changed.connect(self.status_changed)
        self.file.recent.film_asked.connect(self._on_path_asked)

    def _connect_widgets(self) -> None:
        ui = self.ui
        ui.strip.film_chosen.connect(self.comparison.choose)
        ui.pair.measured.connect(self.status_changed)
        ui.pair.active_changed.connect(self.label.refresh)
        ui.strip.removal_asked.connect(self.session.close)
        ui.panel.warnings.mend_asked.connect(self.session.mend)
        ui.empty.open_button.clicked.connect(self._on_open_triggered)
        ui.empty.sample_button.clicked.connect(self._on_any_sample_asked)

    def _connect_actions(self) -> None:
        commands = self.commands
        commands.open.triggered.connect(self._on_open_triggered)
        commands.paste.triggered.connect(self._on_paste_triggered)
        commands.next.triggered.connect(partial(self.comparison.step, 1))
        commands.previous.triggered.connect(partial(self.comparison.step, -1))
        commands.sample_asked.connect(self._on_path_asked)

    def _restore_settings(self) -> None:
        self.heatmap.restore(self._settings)
        self.lungs.restore(self._settings)
        self.ui.panel.sets.set_coverage(self._settings.coverage)
        if not self._settings.splitter_state.isEmpty():
            self.ui.splitter.restoreState(self._settings.splitter_state)

    # Qt overrides

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._highlight.setGeometry(self.rect())
