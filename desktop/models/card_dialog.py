"""The model card as people read it."""

from __future__ import annotations

import io
from concurrent.futures import Future
from functools import partial

from PyQt5.QtCore import QUrl, pyqtSlot
from PyQt5.QtGui import QImage, QTextDocument, QTextOption
from PyQt5.QtWidgets import QDialog, QTextBrowser, QWidget

from core.errors import BundleError
from core.model.bundle import ModelBundle
from core.reports.chart_style import DPI, ChartColours
from core.reports.model_card import Section, card_sections, charts_of
from core.reports.pages import CHART, page_text
from desktop.widgets.chart_view import Draw, Made, chart_colours
from desktop.widgets.dialogs import close_buttons, resize_within_screen
from desktop.widgets.layouts import column


class ModelCardDialog(QDialog):
    """What the model is for, and how well it did where it was measured."""

    def __init__(self, bundle: ModelBundle, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"Model card: {bundle.card.name}")
        card = CardView(bundle, self)
        column((card, 1), close_buttons(self), of=self, margins=(10, 10, 10, 10))
        resize_within_screen(self, 980, 760)


class CardView(QTextBrowser):
    """A model card to read: words and tables, and charts once they are drawn.

    Attributes:
        drawn: How many charts stand in it.
    """

    def __init__(self, bundle: ModelBundle, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("modelCard")
        self.setOpenLinks(False)
        self.setAccessibleName("Model card")
        self.setWordWrapMode(QTextOption.WrapMode.WordWrap)
        self.drawn = 0
        self._made = Made()
        self._made.figure.connect(self._show_chart)
        sections = _sections(bundle)
        self.setHtml(_html(bundle, sections))
        charted = (section.charted for section in sections if section.charted)
        draws = [
            draw
            for result in charted
            for draw in charts_of(result, bundle.card.names).values()
        ]
        look = (chart_colours(self.palette()), self.devicePixelRatioF())
        for number, draw in enumerate(draws):
            self._made.submit(number, partial(_png, draw, *look))

    @pyqtSlot(int, object)
    def _show_chart(self, number: int, future: Future[bytes]) -> None:
        image = QImage.fromData(future.result())
        image.setDevicePixelRatio(image.width() / CHART[0])
        url = QUrl(_CHART.format(number))
        document = self.document()
        document.addResource(QTextDocument.ResourceType.ImageResource, url, image)
        document.markContentsDirty(0, document.characterCount())
        self.drawn += 1


_CHART = "chart:{}"


def card_html(bundle: ModelBundle) -> str:
    """A model card as rich text, with room for its charts."""
    return _html(bundle, _sections(bundle))


def _sections(bundle: ModelBundle) -> list[Section]:
    try:
        return card_sections(bundle)
    except BundleError as error:  # it can still be read, and refused
        return [Section("Card", (str(error), error.hint, bundle.card.limits))]


def _html(bundle: ModelBundle, sections: list[Section]) -> str:
    charts, number = {}, 0
    for section in sections:
        titles = (
            charts_of(section.charted, bundle.card.names) if section.charted else ()
        )
        charts[section.title] = [
            (_CHART.format(place), title) for place, title in enumerate(titles, number)
        ]
        number += len(titles)
    return page_text(
        "card.html", name=bundle.card.name, sections=sections, charts=charts, size=CHART
    )


def _png(draw: Draw, colours: ChartColours, ratio: float) -> bytes:
    file = io.BytesIO()
    draw(size=CHART, colours=colours).savefig(file, format="png", dpi=DPI * ratio)
    return file.getvalue()
