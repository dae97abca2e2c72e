"""The film of a scan that the keyboard is on, beside the table."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Final

from PyQt5.QtCore import QSize, Qt, QTimer, pyqtSlot
from PyQt5.QtGui import QHideEvent, QShowEvent
from PyQt5.QtWidgets import QCheckBox, QFrame, QMenu, QPushButton, QWidget

from core.errors import CoreError
from core.films.radiograph import display_name
from core.model.gradcam import colour_table
from desktop.diagnose.reading import DiagnosedFilm, diagnose
from desktop.film.pyramid import heat_image
from desktop.film.view import FilmView
from desktop.models.in_use import ModelInUse
from desktop.widgets.labels import ElidedLabel, PlainText, printable
from desktop.widgets.layouts import PageScroll, column, row
from desktop.work.background import Background

#: Films that are passed more quickly than this are not read.
_AFTER_MS: Final = 60
_ARROW_PX: Final = 14
#: Lines of text below the film; more of them scroll.
_LINES: Final = 4
#: Of the film in a low window.
_LEAST_PX: Final = 80
_EMPTY: Final = "Select a film to see it here; j and k go down and up."
_HEAT_TIP: Final = "Show where the evidence for the finding lies"
_OTHER_MODEL: Final = "Another model made this scan; put it to use to see its heat maps"


class FilmPreview(QFrame):
    """Shows a film, what the scan says of it, and its heat map if that is wanted.

    Args:
        model: Computes heat maps.
        labels: Corrects the label of the film.

    Attributes:
        view: The film.
        words: What is said of it.
        heat_box: Checked while heat maps are wanted.
        open_button: Wants the film to be opened in the Diagnose tab.
    """

    def __init__(
        self, model: ModelInUse, labels: QMenu, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("filmPreview")
        self._model = model
        self._path: Path | None = None
        self._sha256 = ""
        self._has_heat = False
        #: Counts what was asked for: only the last answer is shown.
        self._number = 0
        self._files = Background(self, "film beside the table")
        self._timer = QTimer(
            self, singleShot=True, interval=_AFTER_MS, timeout=self._read
        )
        self._name = ElidedLabel("", self)
        self.view = FilmView(self)
        self.view.setMinimumHeight(_LEAST_PX)
        self.words = PlainText(_EMPTY, self, is_selectable=True)
        self.words.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.heat_box = QCheckBox("Heat map", self)
        self.heat_box.toggled.connect(self._on_heat_toggled)
        self.view.set_heatmap_shown(False)
        self.label_button = QPushButton("Correct label", self)
        self.label_button.setMenu(labels)
        # Which the style leaves no room for its arrow.
        least = self.label_button.sizeHint().width() + _ARROW_PX
        self.label_button.setMinimumWidth(least)
        self.open_button = QPushButton("Open", self)
        self.open_button.setToolTip("Open the film in Diagnose (Enter)")
        scroll = PageScroll(self)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(self.words)
        # Of one height: the film must not jump from one to the next.
        scroll.setFixedHeight(_LINES * self.fontMetrics().lineSpacing() + 4)
        buttons = row(self.heat_box, None, self.label_button, self.open_button)
        parts = (self._name, (self.view, 1), scroll, buttons)
        column(*parts, of=self, gap=6, margins=(10, 6, 0, 2))
        self.show_film(None)

    def show_film(
        self, film: Path | None, words: str = _EMPTY, *, model_sha256: str = ""
    ) -> None:
        """Show a film, or with None no film.

        Args:
            words: What is said of it.
            model_sha256: Of the model that said so; another has other heat maps.
        """
        self._sha256 = model_sha256
        self.words.setText(words)
        for button in (self.label_button, self.open_button):
            button.setEnabled(film is not None)
        bundle = self._model.bundle
        has_model = bundle is not None and bundle.sha256 == model_sha256
        self.heat_box.setEnabled(film is not None and has_model)
        is_other = bundle is not None and film is not None and not has_model
        self.heat_box.setToolTip(_OTHER_MODEL if is_other else _HEAT_TIP)
        if film == self._path:
            return
        self._path, self._has_heat = film, False
        self._number += 1
        self._files.forget()
        self.view.set_film(None)
        name = printable(film) if film is not None else ""
        self._name.set_text(display_name(film) if film is not None else "", name)
        self.view.setAccessibleDescription(f"{name}. {words}")
        self._ask()

    def shut_down(self) -> None:
        """End the thread that reads."""
        self._timer.stop()
        self._files.shut_down()

    def _ask(self) -> None:
        if self._path is not None and self.isVisible():
            self._timer.start()

    @pyqtSlot()
    def _read(self) -> None:
        path, self._number = self._path, self._number + 1
        if path is None:
            return
        then = partial(self._on_read, self._number)
        otherwise = partial(self._on_failed, self._number)
        task = partial(diagnose, path, None, ())
        if self.heat_box.isChecked() and self.heat_box.isEnabled():
            self._model.ask(task, then, otherwise)
        else:
            self._files.ask(partial(task, None), then, otherwise)

    def _on_read(self, number: int, found: DiagnosedFilm) -> None:
        if number != self._number:
            return
        is_same = self.view.film is not None
        self.view.set_film(found.pyramid, keep_view=is_same)
        reading = found.reading
        if reading is not None and reading.bundle.sha256 != self._sha256:
            reading = None  # another model came into use meanwhile
        heat = reading.heatmaps.get(reading.likeliest) if reading is not None else None
        self._has_heat = reading is not None
        if heat is not None:
            self.view.set_heatmap(heat_image(heat, colour_table()))

    def _on_failed(self, number: int, error: CoreError) -> None:
        if number == self._number:
            self.words.setText(f"{error} {error.hint}".strip())

    @pyqtSlot(bool)
    def _on_heat_toggled(self, is_shown: bool) -> None:
        self.view.set_heatmap_shown(is_shown)
        if is_shown and not self._has_heat:
            self._ask()

    # Qt overrides

    def sizeHint(self) -> QSize:
        # No higher than need be: the page around it would scroll.
        return QSize(350, self.minimumSizeHint().height())

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self.view.film is None:
            self._ask()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._timer.stop()
