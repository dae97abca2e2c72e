"""What the file says about itself."""

from __future__ import annotations

from PyQt5.QtCore import QLocale
from PyQt5.QtWidgets import QFormLayout, QWidget

from core.films.radiograph import FilmFacts, display_name
from desktop.diagnose.reading import DiagnosedFilm
from desktop.widgets.labels import Caption, ElidedLabel, printable


class FactsPanel(QWidget):
    """Rows of name and value; a value too long for its row is elided."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._form = QFormLayout(self)
        self._form.setContentsMargins(0, 0, 0, 0)
        self._form.setHorizontalSpacing(12)
        self._form.setVerticalSpacing(3)
        self.setAccessibleName("Facts about the file")

    def show_film(self, film: DiagnosedFilm) -> None:
        """Show the facts of a film."""
        place = printable(film.path) if film.facts.file_bytes else "pasted"
        rows = [("Name", display_name(film.path), place), *facts_in_words(film.facts)]
        while self._form.rowCount():
            self._form.removeRow(0)
        for name, value, tip in rows:
            title, words = Caption(name, self), ElidedLabel("", self)
            title.setWordWrap(False)
            words.set_text(value, tip)
            words.setAccessibleName(f"{name}: {value}")
            self._form.addRow(title, words)
        self.setAccessibleDescription(
            ", ".join(f"{name}: {value}" for name, value, _ in rows)
        )


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
