"""The model card as people read it."""

from __future__ import annotations

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QDialog, QLabel, QWidget

from core.errors import BundleError
from core.model.bundle import ModelBundle
from core.reports.model_card import Section, card_sections
from core.reports.pages import page_text
from desktop.widgets.dialogs import close_buttons, dialog_title, resize_within_screen
from desktop.widgets.layouts import PageScroll, column
from desktop.widgets.result_charts import ReportCharts


class ModelCardDialog(QDialog):
    """What the model is for, and how well it did where it was measured."""

    def __init__(self, bundle: ModelBundle, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"Model card: {bundle.card.name}")
        card = CardView(bundle, self)
        column((card, 1), close_buttons(self), of=self, margins=(10, 10, 10, 10))
        resize_within_screen(self, 900, 760)


class CardView(PageScroll):
    """A model card to read: words, tables and charts, one below the other."""

    def __init__(self, bundle: ModelBundle, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("modelCard")
        self.setAccessibleName("Model card")
        page = QWidget(self)
        parts: list[QWidget] = [dialog_title(bundle.card.name, page)]
        for section in _sections(bundle):
            parts.append(_label(section, page))
            if section.charted:
                charts = ReportCharts(page)
                charts.set_result(section.charted, bundle.card.names)
                parts.append(charts)
        column(*parts, None, of=page, gap=4, margins=(16, 10, 16, 10))
        self.setWidget(page)


def card_html(bundle: ModelBundle) -> str:
    """A model card as rich text, without its charts."""
    return "".join(_html(section) for section in _sections(bundle))


def _sections(bundle: ModelBundle) -> list[Section]:
    try:
        return card_sections(bundle)
    except BundleError as error:  # it can still be read, and refused
        return [Section("Card", (str(error), error.hint, bundle.card.limits))]


def _html(section: Section) -> str:
    return page_text("card.html", section=section)


def _label(section: Section, parent: QWidget) -> QLabel:
    label = QLabel(_html(section), parent)
    label.setTextFormat(Qt.TextFormat.RichText)
    label.setWordWrap(True)
    label.setTextInteractionFlags(
        Qt.TextInteractionFlag.TextSelectableByMouse
        | Qt.TextInteractionFlag.TextSelectableByKeyboard
    )
    label.setAccessibleName(section.title)
    return label
