"""The side panel: verdict, probabilities, heat map, facts."""

from __future__ import annotations

from PyQt5.QtCore import QSize, Qt
from PyQt5.QtWidgets import QVBoxLayout, QWidget

from core.model.bundle import provenance
from core.model.card import HEALTHY
from core.model.lungs import HALF
from core.model.wording import DOUBT, scope_note
from core.words import percent
from desktop.diagnose.empty_state import KeyHelp
from desktop.diagnose.facts_panel import FactsPanel
from desktop.diagnose.film_warnings import FilmWarnings
from desktop.diagnose.finding_set import FindingSet
from desktop.diagnose.heat_controls import HeatControls
from desktop.diagnose.probability_bars import BarRow, ProbabilityBars
from desktop.diagnose.reading import DiagnosedFilm, Reading
from desktop.widgets.labels import Caption, Headline, Rule, SectionTitle
from desktop.widgets.layouts import PageScroll, column
from desktop.widgets.message_card import MessageCard

_EMPTY = (
    "Open a film and its verdict appears here, with the probability of each finding "
    "and a heat map of the evidence for it."
)
_REFUSED = "Hilum knows frontal chest films. Of anything else it says nothing."
_NO_MODEL = "No verdict: there is no model to ask."


class VerdictPanel(PageScroll):
    """Everything that is said about the film on screen.

    Attributes:
        headline, warnings, model: The verdict, why to doubt it, and who gave it.
        lungs: How much of the evidence lies in the lungs; hidden where unknown.
        facts: The rows about the file.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("verdictPanel")
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAccessibleName("Verdict")
        self._page = QWidget(self)
        self._page.setObjectName("verdictPage")
        self.headline = Headline(self._page)
        self.headline.setObjectName("verdictSentence")
        self._scope = Caption("", self._page)
        self.lungs = Caption("", self._page)
        self._note = Caption("", self._page)
        self.warnings = FilmWarnings(self._page)
        self.refusal = MessageCard("note", self._page, "Refused")
        self.model = Caption("", self._page)
        self.model.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._computed = Caption("", self._page)
        self.bars = ProbabilityBars(self._page)
        self.sets = FindingSet(self._page)
        self.heat = HeatControls(self._page)
        self.facts = FactsPanel(self._page)
        self._empty_parts: list[QWidget] = []
        self._reading_parts: list[QWidget] = []
        self._film_parts: list[QWidget] = []
        self._lay_out()
        self.setWidget(self._page)
        self.show_nothing()

    def show_nothing(self) -> None:
        """No film is open."""
        self.headline.set_sentence("No film yet")
        self._note.setText(_EMPTY)
        self._note.show()
        self.refusal.hide()
        self.lungs.hide()
        self.warnings.set_sentences(())
        for part in self._empty_parts:
            part.show()
        for part in (*self._reading_parts, *self._film_parts):
            part.hide()

    def show_film(self, film: DiagnosedFilm, chosen: str | None) -> None:
        """Show what is known of a film.

        Args:
            film: The film.
            chosen: Label whose heat map is shown.
        """
        for part in self._empty_parts:
            part.hide()
        for part in self._film_parts:
            part.show()
        refused = film.reading.verdict.refused if film.reading is not None else None
        for part in self._reading_parts:
            part.setVisible(film.reading is not None and refused is None)
        self._note.setVisible(refused is None)
        self.refusal.setVisible(refused is not None)
        self.warnings.set_sentences(film.warnings)
        self.facts.show_film(film)
        self._show_lungs(film.reading)
        if film.reading is None:
            self.headline.set_sentence("No verdict")
            self._note.setText(_NO_MODEL)
            return
        self.headline.set_sentence(film.reading.headline)
        self._scope.setText(scope_note(film.reading.card.names))
        self._show_model(film.reading)
        if refused is not None:
            self.refusal.set_words(refused, _REFUSED)
            return
        self._note.setText(_note(film.reading))
        self.sets.show_reading(film.reading)
        self.bars.set_rows(bar_rows(film.reading), chosen)
        if chosen is not None:
            self.choose(film.reading, chosen)

    def choose(self, reading: Reading, label: str) -> None:
        """Mark the finding whose heat map is shown."""
        self.bars.choose(label)
        self.heat.set_subject(
            reading.bundle.card.display_name(label),
            float(reading.heatmaps[label].max()),
        )

    def _show_lungs(self, reading: Reading | None) -> None:
        """Say how much of the evidence lies in the lungs, where that is known."""
        heat = reading.verdict.heat_in_lungs if reading is not None else None
        self.lungs.setVisible(reading is not None and heat is not None)
        if reading is None or heat is None:
            return
        name = reading.card.display_name(reading.likeliest)
        words = f"Heat in lungs: {percent(heat, HALF)} of the evidence for {name}"
        self.lungs.setText(words.replace(" %", "\u00a0%"))
        tip = f"How much of what speaks for {name} lies where lungs are; L shows them."
        if reading.likeliest == HEALTHY:
            tip += " That signs are absent has no place: it need not lie in the lungs."
        self.lungs.setToolTip(tip)

    def _show_model(self, reading: Reading) -> None:
        card, sha256 = reading.bundle.card, reading.bundle.sha256
        said = f"Read by {card.name} ({sha256[:8]})"
        if reading.local is not None:
            said += f"\n{reading.local.in_words()}"
        self.model.show()
        self.model.setText(said)
        self.model.setToolTip(f"SHA-256 {sha256}")
        named = provenance(card, sha256)
        self._computed.setText(
            f"{named['model']}, SHA-256 {sha256[:16]}…, preprocessing "
            f"{named['preprocessing']}, temperature {named['temperature']:.3f}, "
            f"{named['precision']}, Hilum {named['version']}"
        )
        self._computed.setToolTip(reading.provenance)

    def _lay_out(self) -> None:
        self._reading_parts += [self._scope, self.sets, self.model]
        keys = KeyHelp(self._page)
        column(
            *(self.warnings, self.headline, self._scope, self.sets, self.lungs),
            *(self._note, self.refusal, self.model),
            self._part("On the film", keys, self._empty_parts),
            self._part("Probabilities", self.bars, self._reading_parts),
            self._part("Heat map", self.heat, self._reading_parts),
            self._part("Film", self.facts, self._film_parts),
            self._part("Model", self._computed, self._reading_parts),
            None,
            of=self._page,
            margins=(18, 16, 18, 16),
        )

    def _part(self, title: str, body: QWidget, parts: list[QWidget]) -> QVBoxLayout:
        widgets = (Rule(self._page), SectionTitle(title, self._page), body)
        parts += widgets
        return column(*widgets, margins=(0, 4, 0, 0))

    # Qt overrides

    def sizeHint(self) -> QSize:
        return QSize(400, 600)

    def minimumSizeHint(self) -> QSize:
        return QSize(258, 120)


def bar_rows(reading: Reading) -> list[BarRow]:
    """Rows for the bars, in the card's order."""
    card, verdict = reading.card, reading.verdict
    return [
        BarRow(
            label=name,
            display_name=card.display_name(name),
            probability=verdict.probabilities[name],
            threshold=card.threshold(name),
            stated=name == verdict.finding,
        )
        for name in card.label_names
    ]


def _note(reading: Reading) -> str:
    if reading.verdict.is_doubtful:
        return DOUBT
    if reading.verdict.finding is None:
        return (
            "No finding reaches its operating point, the mark on its bar, so none is "
            "stated."
        )
    return (
        "The mark on each bar is its operating point: from there on, "
        "the finding is stated."
    )
