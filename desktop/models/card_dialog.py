"""The model card as people read it."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any, Final

from PyQt5.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from core.errors import BundleError
from core.model.bundle import ModelBundle
from core.reports.model_card import Section, card_sections
from desktop.widgets.dialogs import resize_within_screen

#: The families of Windows, macOS and Linux in which columns stand below each other.
_FIXED: Final = "Consolas, Menlo, 'DejaVu Sans Mono', 'Courier New'"


class ModelCardDialog(QDialog):
    """What the model is for, and how well it did where it was measured."""

    def __init__(self, bundle: ModelBundle, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"Model card: {bundle.card.name}")
        browser = QTextBrowser(self)
        browser.setObjectName("modelCard")
        browser.setOpenLinks(False)
        browser.setAccessibleName("Model card")
        browser.setHtml(card_html(bundle))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        buttons.rejected.connect(self.reject)
        page = QVBoxLayout(self)
        page.addWidget(browser, 1)
        page.addWidget(buttons)
        resize_within_screen(self, 680, 640)


def card_html(bundle: ModelBundle) -> str:
    """A model card as rich text."""
    parts = [f"<h2>{html.escape(bundle.card.name)}</h2>"]
    try:
        sections = card_sections(bundle)
    except BundleError as error:  # it can still be read, and refused
        sections = [Section("Card", (str(error), error.hint, bundle.card.limits))]
    for section in sections:
        parts.append(f"<h3>{html.escape(section.title)}</h3>")
        parts += [f"<p>{html.escape(words)}</p>" for words in section.words]
        if section.table:
            table = html.escape(section.table)
            parts.append(f'<pre style="font-family: {_FIXED}">{table}</pre>')
    settings = {"Figures": bundle.card.metrics, "Training": bundle.card.training}
    for title, values in settings.items():
        if values:
            parts.append(f"<h3>{title}, in full</h3>{_mapping_html(values)}")
    return "".join(parts)


def _mapping_html(values: Mapping[str, Any]) -> str:
    items = "".join(
        f"<li>{html.escape(str(key).replace('_', ' '))}: {_value_html(value)}</li>"
        for key, value in values.items()
    )
    return f"<ul>{items}</ul>"


def _value_html(value: object) -> str:
    if isinstance(value, Mapping):
        return _mapping_html(value)
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list | tuple):
        if any(isinstance(item, Mapping) for item in value):
            return "".join(_value_html(item) for item in value)
        return ", ".join(_value_html(item) for item in value)
    return html.escape(str(value))
