"""The model card as people read it."""

from __future__ import annotations

from PyQt5.QtWidgets import QDialog, QDialogButtonBox, QTextBrowser, QWidget

from core.evaluation.findings import cautions_about, notes_about
from core.model.bundle import ModelBundle
from core.model.classifier import percent
from core.model.normal import normal_note
from core.reports.pages import page_text
from desktop.widgets.dialogs import resize_within_screen
from desktop.widgets.layouts import column


class ModelCardDialog(QDialog):
    """What the model is for, and how well it did where it was measured."""

    def __init__(self, bundle: ModelBundle, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"Model card: {bundle.card.name}")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        buttons.rejected.connect(self.reject)
        card = CardView(bundle, self)
        column((card, 1), buttons, of=self, margins=(10, 10, 10, 10))
        resize_within_screen(self, 680, 640)


class CardView(QTextBrowser):
    """A model card to read."""

    def __init__(self, bundle: ModelBundle, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("modelCard")
        self.setOpenLinks(False)
        self.setAccessibleName("Model card")
        self.setHtml(card_html(bundle))


def card_html(bundle: ModelBundle) -> str:
    """A model card as rich text."""
    card = bundle.card
    names = {label.name: label.display_name for label in card.labels}
    films = {name: value for name, value in card.data.items() if name != "findings"}
    # What the check of the films found is said in sentences.
    found = [*cautions_about(card.data, names), *notes_about(card.data, names)]
    if found:
        films["What their check found"] = found
    return page_text(
        "card.html",
        card=card,
        sha256=bundle.sha256,
        films=films,
        percent=percent,
        normal_note=normal_note(names),
    )
