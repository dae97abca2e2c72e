"""Write the program's icon files: `python -m desktop.style.app_icon`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from PIL import Image
from PyQt5.QtCore import Qt
from PyQt5.QtGui import QGuiApplication, QIcon, QImage, QPainter

from core import paths
from desktop.style.icons import draw_app_icon

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


def _file(folder: Path, size: int) -> Path:
    return folder / f"hilum-{size}.png"


if __name__ == "__main__":
    application = QGuiApplication([sys.argv[0], "-platform", "offscreen"])
    write_icons(paths.resources_dir() / "icons")
