"""What the file says about itself."""

from __future__ import annotations

from PyQt5.QtCore import QLocale, Qt
from PyQt5.QtWidgets import QGridLayout, QWidget

from core.films.radiograph import FilmFacts, display_name
from desktop.diagnose.reading import DiagnosedFilm
from desktop.widgets.labels import Caption, ElidedLabel, printable


class FactsPanel(QWidget):
    """Rows of name and value; a value too long for its row is elided."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(3)
        self._grid.setColumnStretch(1, 1)
        self._rows: list[tuple[Caption, ElidedLabel]] = []
        self.setAccessibleName("Facts about the file")

    @property
    def rows(self) -> dict[str, str]:
        """What is shown."""
        return {
            name.text(): value.text
            for name, value in self._rows
            if name.isVisibleTo(self)
        }

    def show_film(self, film: DiagnosedFilm) -> None:
        """Show the facts of a film."""
        rows = facts_in_words(film.facts)
        place = printable(film.path) if film.facts.file_bytes else "pasted"
        self._set_rows([("Name", display_name(film.path), place)] + rows)

    def _set_rows(self, rows: list[tuple[str, str, str]]) -> None:
        while len(self._rows) < len(rows):
            self._add_row()
        for i, (name, value) in enumerate(self._rows):
            is_used = i < len(rows)
            name.setVisible(is_used)
            value.setVisible(is_used)
            if is_used:
                name.setText(rows[i][0])
                value.set_text(rows[i][1], rows[i][2])
                value.setAccessibleName(f"{rows[i][0]}: {rows[i][1]}")
        self.setAccessibleDescription(
            ", ".join(f"{name}: {value}" for name, value, _ in rows)
        )

    def _add_row(self) -> None:
        name, value = Caption("", self), ElidedLabel("", self)
        name.setWordWrap(False)
        row = len(self._rows)
        self._grid.addWidget(name, row, 0, Qt.AlignmentFlag.AlignLeft)
        self._grid.addWidget(value, row, 1)
        self._rows.append((name, value))


def facts_in_words(facts: FilmFacts) -> list[tuple[str, str, str]]:
    """(name, value, tip) for every fact that is known."""
    locale = QLocale.system()
    megapixels = facts.width * facts.height / 1e6
    kind = f"{facts.format}, {facts.colour}, {facts.bits} bit"
    pixels = f"{facts.width:,} × {facts.height:,}"
    rows = [
        ("Kind", kind, facts.transfer_syntax),
        ("Pixels", f"{pixels} ({megapixels:.1f} MP)", f"{megapixels:.2f} megapixels"),
    ]
    if facts.spacing is not None:
        down, across = facts.spacing.down, facts.spacing.across
        sides = f"{across:.3g}" if across == down else f"{across:.3g} × {down:.3g}"
        tag = "ImagerPixelSpacing" if facts.spacing.at_detector else "PixelSpacing"
        where = " at the detector" if facts.spacing.at_detector else ""
        rows.append(("Pixel size", f"{sides} mm{where}", f"As {tag} of the file says"))
    if facts.file_bytes:
        size = locale.formattedDataSize(facts.file_bytes, 1)
        rows.append(("Size", size, f"{facts.file_bytes:,} bytes"))
    if facts.view_position:
        rows.append(("View", facts.view_position, ""))
    if facts.body_part:
        rows.append(("Body part", facts.body_part.capitalize(), ""))
    if facts.transfer_syntax:
        rows.append(("Encoding", facts.transfer_syntax, ""))
    return rows
