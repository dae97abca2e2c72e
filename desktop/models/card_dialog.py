"""The model card as people read it."""

from __future__ import annotations

from PyQt5.QtWidgets import QDialog, QTextBrowser, QWidget

from core.errors import BundleError
from core.model.bundle import ModelBundle
from core.reports.model_card import Section, card_sections
from core.reports.pages import page_text
from desktop.widgets.dialogs import close_buttons, resize_within_screen
from desktop.widgets.layouts import column


class ModelCardDialog(QDialog):
    """What the model is for, and how well it did where it was measured."""

    def __init__(self, bundle: ModelBundle, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"Model card: {bundle.card.name}")
        card = CardView(bundle, self)
        column((card, 1), close_buttons(self), of=self, margins=(10, 10, 10, 10))
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
    try:
        sections = card_sections(bundle)
    except BundleError as error:  # it can still be read, and refused
        sections = [Section("Card", (str(error), error.hint, bundle.card.limits))]
    return page_text("card.html", card=bundle.card, sections=sections)
