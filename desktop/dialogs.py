"""What Hilum is and is not: first-start notice, About, model card."""

from __future__ import annotations

import html
import platform
from collections.abc import Mapping
from importlib import metadata
from typing import Any, Final

from PyQt5.QtCore import PYQT_VERSION_STR, QT_VERSION_STR, QSize, Qt
from PyQt5.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from core import __version__
from core.bundle import ModelBundle, ModelCard
from core.predict import percent
from desktop.app_icon import app_icon

#: Raised when the text changes in substance; it is then shown again.
DISCLAIMER_VERSION: Final = 1

RESEARCH_LINE: Final = "Research and teaching tool, not a medical device."

_DISCLAIMER: Final = (
    "Hilum is a tool for <b>research and teaching</b>. It is <b>not a medical "
    "device</b>: no authority has cleared it, and nobody has shown that it helps "
    "patients.",
    "Do not diagnose, treat, or withhold treatment because of what it says. Its "
    "verdicts are statistics learned from a few thousand films, and they can be "
    "wrong with great confidence, above all on films unlike those.",
    "Films you open stay on this computer. Take care of what your law and your "
    "patients ask of you when you handle them.",
)


class DisclaimerDialog(QDialog):
    """Shown before the first film; declining it closes the program."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Before you start")
        self.setWindowIcon(app_icon())
        title = QLabel("Hilum is not a medical device", self)
        title.setObjectName("dialogTitle")
        title.setWordWrap(True)
        words = QLabel("".join(f"<p>{text}</p>" for text in _DISCLAIMER), self)
        words.setWordWrap(True)
        words.setTextFormat(Qt.TextFormat.RichText)
        words.setMinimumWidth(440)
        self.accept_button = QPushButton("I &understand", self)
        self.decline_button = QPushButton("&Close Hilum", self)
        buttons = QDialogButtonBox(self)
        buttons.addButton(self.decline_button, QDialogButtonBox.ButtonRole.RejectRole)
        buttons.addButton(self.accept_button, QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self.accept_button.setDefault(True)
        body = QVBoxLayout()
        body.setSpacing(6)
        body.addWidget(title)
        body.addWidget(words)
        body.addStretch(1)
        body.addSpacing(10)
        body.addWidget(buttons)
        page = QHBoxLayout(self)
        page.setContentsMargins(24, 22, 24, 20)
        page.setSpacing(20)
        page.addWidget(_icon_label(self, 72), 0, Qt.AlignmentFlag.AlignTop)
        page.addLayout(body, 1)
        self.setAccessibleDescription(RESEARCH_LINE)


class AboutDialog(QDialog):
    """Versions, model and licence."""

    def __init__(
        self, bundle: ModelBundle | None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("About Hilum")
        words = QLabel(about_text(bundle), self)
        words.setObjectName("aboutText")
        words.setTextFormat(Qt.TextFormat.RichText)
        words.setWordWrap(True)
        words.setMinimumWidth(420)
        words.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        buttons.rejected.connect(self.reject)
        body = QVBoxLayout()
        body.addWidget(words, 1)
        body.addWidget(buttons)
        page = QHBoxLayout(self)
        page.setContentsMargins(24, 22, 24, 20)
        page.setSpacing(20)
        page.addWidget(_icon_label(self, 96), 0, Qt.AlignmentFlag.AlignTop)
        page.addLayout(body, 1)


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

    # Qt overrides

    def sizeHint(self) -> QSize:
        return QSize(680, 640)


def about_text(bundle: ModelBundle | None) -> str:
    """The About text as rich text."""
    versions = [
        f"Python {platform.python_version()}",
        f"Qt {QT_VERSION_STR}",
        f"PyQt {PYQT_VERSION_STR}",
        *(
            f"{title} {_version(package)}"
            for title, package in (("OpenVINO", "openvino"), ("NumPy", "numpy"))
        ),
    ]
    model = "No model is loaded."
    if bundle is not None:
        name = html.escape(bundle.card.name)
        model = f"Model: <b>{name}</b><br>SHA-256 <code>{bundle.sha256[:16]}…</code>"
    return (
        f"<h2>Hilum {html.escape(__version__)}</h2>"
        "<p>Reads chest X-rays: a verdict with calibrated probabilities and a heat "
        "map, on your own computer.</p>"
        f"<p><b>{RESEARCH_LINE}</b></p>"
        f"<p>{model}</p>"
        f"<p>{' · '.join(versions)}</p>"
        "<p>Free software under the GNU General Public License, version 3 or later. "
        "It comes with no warranty.</p>"
    )


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
    ]
    for title, values in (
        ("Measurements", card.metrics),
        ("Films", card.data),
        ("Training", card.training),
    ):
        if values:
            parts.append(f"<h3>{title}</h3>{_mapping_html(values)}")
    return "".join(parts)


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


def _icon_label(parent: QWidget, side: int) -> QLabel:
    label = QLabel(parent)
    label.setPixmap(app_icon().pixmap(QSize(side, side)))
    return label


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:  # a packaged build may leave it out
        return "(version unknown)"
