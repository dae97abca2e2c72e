"""Signs for what was found in a film: shape and colour, beside the word."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from PyQt5.QtGui import QColor, QGuiApplication, QIcon, QPalette

from core.model.card import HEALTHY
from desktop.style.glyphs import glyph_icon
from desktop.style.severity import severity_icon
from desktop.style.theme import is_dark

#: Ink of each disease on a light ground, and on a dark one: told apart with any
#: colour blindness, and at least 3 : 1.
_INKS: Final = (
    ("#b8430b", "#ff9a5c"),
    ("#1f5fa8", "#7ab8f5"),
    ("#8a3b8f", "#dda3e2"),
    ("#6d5600", "#e6c754"),
)
_HEALTHY_INK: Final = ("#00695c", "#5fcfb4")
#: A diamond, a triangle, a square, a star, a drop: with four inks twenty signs.
_SHAPES: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("checkbox-blank-fill", {"rotated": 45, "scale_factor": 0.8}),
    ("play-fill", {"rotated": 270, "scale_factor": 1.4}),
    ("checkbox-blank-fill", {}),
    ("star-fill", {}),
    ("drop-fill", {}),
)


def finding_icons(labels: Sequence[str]) -> list[QIcon]:
    """A sign for each label, for a film uncertain, refused, and not read."""
    diseases = [name for name in labels if name != HEALTHY]
    healthy = glyph_icon("checkbox-blank-circle-line", partial(_ink, _HEALTHY_INK))
    signs = [
        _sign(diseases.index(name)) if name in diseases else healthy for name in labels
    ]
    unsure = glyph_icon("question-line", _text_ink)
    return [*signs, unsure, severity_icon("note"), severity_icon("stop")]


def _sign(which: int) -> QIcon:
    glyph, how = _SHAPES[which % len(_SHAPES)]
    return glyph_icon(glyph, partial(_ink, _INKS[which % len(_INKS)]), **how)


def _ink(inks: tuple[str, str], mode: QIcon.Mode) -> QColor:
    light, dark = inks
    return QColor(dark if is_dark(QGuiApplication.palette()) else light)


def _text_ink(mode: QIcon.Mode) -> QColor:
    return QGuiApplication.palette().color(QPalette.ColorRole.Text)
