"""Make the program's icon files out of their drawing.

Type in the folder above: PYTHONPATH=. python packaging/icons.py
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from PIL import Image
from PyQt5.QtCore import QByteArray, Qt
from PyQt5.QtGui import QGuiApplication, QImage, QPainter
from PyQt5.QtSvg import QSvgRenderer

from desktop.style.icons import APP_SIZES

ICONS = Path(__file__).resolve().parent.parent / "resources/icons"


def write_icons(folder: Path) -> None:
    """Draw every size into `folder`, and one .ico that holds them."""
    drawing = (ICONS / "hilum.svg").read_text("utf-8")
    coarse = drawing.replace('class="fine"', 'display="none"')
    coarse = coarse.replace('stroke-width="3"', 'stroke-width="5"')
    for size in APP_SIZES:
        # Drawn large and averaged down: finer edges than drawing small.
        image = QImage(4 * size, 4 * size, QImage.Format.Format_ARGB32_Premultiplied)
        image.fill(Qt.GlobalColor.transparent)
        painter = QPainter(image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        text = drawing if size >= 40 else coarse
        QSvgRenderer(QByteArray(text.encode())).render(painter)
        painter.end()
        smooth = Qt.TransformationMode.SmoothTransformation
        ratio = Qt.AspectRatioMode.IgnoreAspectRatio
        small = image.scaled(size, size, ratio, smooth)
        small.save(str(folder / f"hilum-{size}.png"))
    frames = [
        Image.open(folder / f"hilum-{size}.png") for size in APP_SIZES if size <= 256
    ]
    frames[-1].save(
        folder / "hilum.ico",
        sizes=[frame.size for frame in frames],
        append_images=frames[:-1],
    )


if __name__ == "__main__":
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    application = QGuiApplication(sys.argv)
    write_icons(ICONS)
