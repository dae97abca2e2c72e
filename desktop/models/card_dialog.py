"""The model card as people read it."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

from PyQt5.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from core.evaluation.findings import cautions_about, notes_about
from core.model.bundle import ModelBundle, ModelCard
from core.model.classifier import percent
from core.model.normal import names_of, normal_note
from desktop.widgets.dialogs import resize_within_screen


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
    card = bundle.card
    names = ", ".join(html.escape(label.display_name) for label in card.labels)
    parts = [
        f"<h2>{html.escape(card.name)}</h2>",
        f"<p>Findings: {names}<br>Input: {card.preprocess.size} × "
        f"{card.preprocess.size} pixels, grey<br>Temperature: "
        f"{card.temperature:.3f}<br>SHA-256: <code>{bundle.sha256}</code></p>",
        f"<h3>Intended use</h3><p>{html.escape(card.intended_use)}</p>",
        f"<h3>Limits</h3><p>{html.escape(card.limits)}</p>",
        _operating_points_html(card),
        f"<p>{html.escape(normal_note(names_of(card)))}</p>",
    ]
    for title, values in (
        ("Measurements", card.metrics),
        ("Films", _films(card)),
        ("Training", card.training),
    ):
        if values:
            parts.append(f"<h3>{title}</h3>{_mapping_html(values)}")
    return "".join(parts)


def _films(card: ModelCard) -> dict[str, Any]:
    """The card's `data`, what the check of the films found in sentences."""
    names = {label.name: label.display_name for label in card.labels}
    found = [*cautions_about(card.data, names), *notes_about(card.data, names)]
    fields = {name: value for name, value in card.data.items() if name != "findings"}
    return {**fields, "What their check found": found} if found else fields


def _operating_points_html(card: ModelCard) -> str:
    head = "".join(
        f"<th align='left'>{title}</th>"
        for title in (
            "Finding",
            "Stated from",
            "Precision",
            "Sensitivity",
            "Specificity",
            "Chosen on",
        )
    )
    rows = "".join(
        "<tr>"
        f"<td>{html.escape(card.display_name(point.label))}</td>"
        f"<td>{percent(point.threshold)}</td>"
        f"<td>{percent(point.precision)}</td>"
        f"<td>{percent(point.sensitivity)}</td>"
        f"<td>{percent(point.specificity)}</td>"
        f"<td>{html.escape(point.chosen_on)}</td>"
        "</tr>"
        for point in card.operating_points
    )
    table = f"<table cellpadding='4'><tr>{head}</tr>{rows}</table>"
    return f"<h3>Operating points</h3>{table}"


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
