"""Write the program's icon files: `python -m desktop.style.app_icon`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from PIL import Image
from PyQt5.QtCore import QPointF, QRectF, Qt
from PyQt5.QtGui import (
    QColor,
    QGuiApplication,
    QIcon,
    QImage,
    QLinearGradient,
    QPainter,
    QPainterPath,
    QPen,
    QPolygonF,
)

from core import paths

SIZES: Final = (16, 24, 32, 48, 64, 128, 256, 512)


def app_icon() -> QIcon:
    """The icon of windows and of the task bar, from the shipped files."""
    found = QIcon()
    for size in SIZES:
        found.addFile(str(_file(paths.resources_dir() / "icons", size)))
    return found


def write_icons(folder: Path) -> None:
    """Draw every size into `folder`, and one .ico that holds them."""
    folder.mkdir(parents=True, exist_ok=True)
    for size in SIZES:
        # Drawn large and averaged down: finer edges than drawing small.
        image = QImage(4 * size, 4 * size, QImage.Format.Format_ARGB32_Premultiplied)
        image.fill(Qt.GlobalColor.transparent)
        painter = QPainter(image)
        painter.scale(4, 4)
        draw_app_icon(painter, size)
        painter.end()
        small = image.scaled(
            size,
            size,
            Qt.AspectRatioMode.IgnoreAspectRatio,
            Qt.TransformationMode.SmoothTransformation,
        )
        small.save(str(_file(folder, size)))
    frames = [Image.open(_file(folder, size)) for size in SIZES if size <= 256]
    frames[-1].save(
        folder / "hilum.ico",
        sizes=[frame.size for frame in frames],
        append_images=frames[:-1],
    )


def draw_app_icon(painter: QPainter, side: float) -> None:
    """Draw the program's icon: two lungs, the airway, and the hilum lit.

    Args:
        painter: Where to draw, at its origin.
        side: Width and height, in the painter's units. The finest branches are
            left out where they would only blur.
    """
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.scale(side, side)
    ground = QLinearGradient(0, 0, 0, 1)
    ground.setColorAt(0, QColor(32, 58, 92))
    ground.setColorAt(1, QColor(12, 22, 40))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ground)
    painter.drawRoundedRect(QRectF(0.02, 0.02, 0.96, 0.96), 0.2, 0.2)
    painter.setBrush(QColor(214, 230, 246))
    for path in _lung_paths(QRectF(0.12, 0.16, 0.76, 0.72)):
        painter.drawPath(path)
    fine = side >= 40
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(_pen(QColor(214, 230, 246), 0.055))
    _lines(painter, 0.5, 0.12, 0.5, 0.36)
    painter.setPen(_pen(QColor(30, 64, 104), 0.03 if fine else 0.05))
    for sign in (-1, 1):
        _draw_airway(painter, sign, fine=fine)
    painter.setPen(Qt.PenStyle.NoPen)
    for x in (0.395, 0.605):
        painter.setBrush(QColor(255, 176, 46))
        painter.drawEllipse(QPointF(x, 0.465), 0.058, 0.058)
    painter.restore()


def _draw_airway(painter: QPainter, sign: int, *, fine: bool) -> None:
    def branch(*points: float) -> None:
        flipped = [
            0.5 + sign * value if i % 2 == 0 else value
            for i, value in enumerate(points)
        ]
        _lines(painter, *flipped)

    branch(0.105, 0.465, 0.20, 0.58)
    branch(0.105, 0.465, 0.19, 0.40)
    if fine:
        branch(0.20, 0.58, 0.27, 0.62)
        branch(0.20, 0.58, 0.21, 0.70)
        branch(0.19, 0.40, 0.20, 0.31)


def _lung_paths(box: QRectF) -> tuple[QPainterPath, QPainterPath]:
    """Outlines of the two lungs, filling a box; the left one has its notch."""
    right = QPainterPath(QPointF(0.40, 0.06))
    right.cubicTo(0.22, 0.08, 0.06, 0.42, 0.04, 0.80)
    right.cubicTo(0.03, 0.96, 0.10, 0.99, 0.18, 0.94)
    right.cubicTo(0.26, 0.89, 0.34, 0.88, 0.41, 0.88)
    right.cubicTo(0.45, 0.66, 0.45, 0.40, 0.44, 0.14)
    right.cubicTo(0.44, 0.08, 0.43, 0.06, 0.40, 0.06)
    left = QPainterPath(QPointF(0.60, 0.06))
    left.cubicTo(0.78, 0.08, 0.94, 0.42, 0.96, 0.80)
    left.cubicTo(0.97, 0.96, 0.90, 0.99, 0.82, 0.94)
    left.cubicTo(0.77, 0.91, 0.75, 0.90, 0.72, 0.89)
    left.cubicTo(0.74, 0.76, 0.66, 0.66, 0.57, 0.62)
    left.cubicTo(0.55, 0.46, 0.55, 0.28, 0.56, 0.14)
    left.cubicTo(0.56, 0.08, 0.57, 0.06, 0.60, 0.06)
    return _placed(right, box), _placed(left, box)


def _placed(path: QPainterPath, box: QRectF) -> QPainterPath:
    placed = QPainterPath()
    for i in range(path.elementCount()):
        element = path.elementAt(i)
        path.setElementPositionAt(
            i,
            box.x() + element.x * box.width(),
            box.y() + element.y * box.height(),
        )
    placed.addPath(path)
    return placed


def _pen(ink: QColor, width: float) -> QPen:
    """A pen whose lines end and meet roundly."""
    pen = QPen(ink, width)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    return pen


def _lines(painter: QPainter, *points: float) -> None:
    pairs = [QPointF(x, y) for x, y in zip(points[::2], points[1::2], strict=True)]
    painter.drawPolyline(QPolygonF(pairs))


def _file(folder: Path, size: int) -> Path:
    return folder / f"hilum-{size}.png"


if __name__ == "__main__":
    application = QGuiApplication([sys.argv[0], "-platform", "offscreen"])
    write_icons(paths.resources_dir() / "icons")
