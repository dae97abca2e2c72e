"""The contrast of every text that a window paints, as it is painted.

The window is drawn once as pixels and once as SVG, which keeps each text with the
ink that it was written in: nothing is asked of palettes or style sheets, which may
say what nobody sees.
"""

from __future__ import annotations

import dataclasses
import unicodedata
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PyQt5.QtCore import QBuffer, QRect
from PyQt5.QtGui import QColor, QFont, QFontMetricsF, QImage, QTransform
from PyQt5.QtSvg import QSvgGenerator
from PyQt5.QtWidgets import QWidget

#: Least contrast of a text, and of one of 18 points, or 14 in bold (WCAG 2.1, 1.4.3).
LEAST, LEAST_OF_LARGE = 4.5, 3.0
_LARGE_PX, _LARGE_BOLD_PX = 24.0, 18.66
#: A letter that stands alone covers half of its place.
_BESIDE_PX = 5
#: Share of its place that a text covers at most.
_MOST_WRITTEN = 0.85
_SVG = "{http://www.w3.org/2000/svg}"


@dataclasses.dataclass(frozen=True)
class Text:
    """A text on screen.

    Attributes:
        ink: In which it is written.
        ground: The colour that most of its place has.
        place: In the window, logical pixels.
        is_large: By WCAG's measure.
    """

    words: str
    ink: QColor
    ground: QColor
    place: QRect
    is_large: bool

    @property
    def contrast(self) -> float:
        """Of ink on ground, 1 to 21."""
        return contrast(self.ink, self.ground)

    @property
    def is_readable(self) -> bool:
        """Whether it is as dark on light, or light on dark, as WCAG's AA asks."""
        return self.contrast >= (LEAST_OF_LARGE if self.is_large else LEAST)


def contrast(ink: QColor, ground: QColor) -> float:
    """Contrast ratio of WCAG 2.1, 1 to 21."""

    lighter, darker = sorted((lightness(ink), lightness(ground)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def lightness(colour: QColor) -> float:
    """Relative luminance of WCAG 2.1, 0 to 1."""
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in (colour.redF(), colour.greenF(), colour.blueF())
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def texts_of(window: QWidget) -> list[Text]:
    """All texts of enabled widgets that are in sight."""
    picture = window.grab().toImage()
    pixels = _pixels(picture)
    ratio = picture.devicePixelRatio()
    found = []
    for words, ink, font, place in _written(window):
        at = place.center()
        widget = window.childAt(at) or window
        is_icon = all(unicodedata.category(letter) == "Co" for letter in words.strip())
        if is_icon or not window.rect().contains(at) or not widget.isEnabled():
            continue
        ground = _ground(pixels, place, ratio, ink)
        size = font.pixelSize()
        is_large = size >= (_LARGE_BOLD_PX if font.bold() else _LARGE_PX)
        alpha = ink.alphaF()
        mixed = [
            round(alpha * a + (1 - alpha) * b)
            for a, b in zip(ink.getRgb()[:3], ground.getRgb()[:3], strict=True)
        ]
        found.append(Text(words, QColor(*mixed), ground, place, is_large))
    return found


def _written(window: QWidget) -> Iterator[tuple[str, QColor, QFont, QRect]]:
    """Each text with its ink, its font, and its place in the window."""
    buffer = QBuffer()
    drawing = QSvgGenerator()
    drawing.setOutputDevice(buffer)
    drawing.setResolution(window.logicalDpiX())
    drawing.setSize(window.size())
    drawing.setViewBox(window.rect())
    window.render(drawing)
    root = ET.fromstring(bytes(buffer.data()))
    parents = {child: parent for parent in root.iter() for child in parent}
    for text in root.iter(f"{_SVG}text"):
        font = QFont(text.get("font-family"))
        font.setPixelSize(max(1, round(float(text.get("font-size", "12")))))
        font.setBold(float(text.get("font-weight", "400")) > 500)
        ink = QColor(text.get("fill", "#000000"))
        ink.setAlphaF(float(text.get("fill-opacity", "1")))
        metrics = QFontMetricsF(font)
        words = text.text or ""
        x, y = float(text.get("x", "0")), float(text.get("y", "0"))
        box = metrics.boundingRect(words)
        transform = QTransform()
        node = text
        while (node := parents.get(node)) is not None:
            if "matrix" in node.get("transform", ""):
                numbers = node.get("transform", "")[7:-1].split(",")
                transform = transform * QTransform(*(float(n) for n in numbers))
        place = transform.mapRect(box.translated(x, y)).toAlignedRect()
        yield words, ink, font, place


def _pixels(picture: QImage) -> NDArray[np.uint32]:
    """(h, w) as `QImage.pixel` gives them, which one by one takes seconds."""
    argb = picture.convertToFormat(QImage.Format.Format_ARGB32)
    bits = argb.constBits()
    assert bits is not None
    bits.setsize(argb.sizeInBytes())
    rows = np.frombuffer(bits, np.uint32).reshape(argb.height(), -1)
    return rows[:, : argb.width()].copy()


def _ground(
    pixels: NDArray[np.uint32], place: QRect, ratio: float, ink: QColor
) -> QColor:
    """What a place, and what is just beside it, has of colours but for the ink.

    The one in the middle by lightness: letters have soft edges, and grounds are
    shaded. Where nearly all is of the ink's colour, it is the ground's as well.
    """
    place = place.adjusted(-_BESIDE_PX, 0, _BESIDE_PX, 0)
    inside = QRect(place.topLeft() * ratio, place.size() * ratio)
    top, left = max(0, inside.top()), max(0, inside.left())
    part = pixels[top : inside.bottom() + 1, left : inside.right() + 1]
    colours, times = np.unique(part, return_counts=True)
    counts = Counter(dict(zip(colours.tolist(), times.tolist(), strict=True)))
    written = counts.get(ink.rgb(), 0)
    if written < _MOST_WRITTEN * sum(counts.values()):
        del counts[ink.rgb()]
    half = sum(counts.values()) / 2
    for colour in sorted(map(QColor, counts), key=lightness):
        half -= counts[colour.rgb()]
        if half <= 0:
            break
    return colour
