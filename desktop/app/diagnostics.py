"""What a maintainer asks for first, without a name in it."""

from __future__ import annotations

import logging
from typing import Final

from PyQt5.QtCore import PYQT_VERSION_STR, QT_VERSION_STR
from PyQt5.QtGui import QGuiApplication

from core.model.bundle import ModelBundle
from core.program.crash_reports import SafeLines, versions
from desktop.style.theme import is_dark

_GIB: Final = 1 << 30


def diagnostics(bundle: ModelBundle | None) -> str:
    """Versions, machine, model, screens, memory and the last lines of the log."""
    facts = versions({"Qt": QT_VERSION_STR, "PyQt": PYQT_VERSION_STR})
    facts["Model"] = "none"
    if bundle is not None:
        facts["Model"] = f"{bundle.card.name}, SHA-256 {bundle.sha256}"
    facts["Screens"] = "; ".join(
        f"{screen.size().width()} x {screen.size().height()} at "
        f"{screen.devicePixelRatio():g}, {screen.logicalDotsPerInch():.0f} dpi"
        for screen in QGuiApplication.screens()
    )
    shade = "dark" if is_dark(QGuiApplication.palette()) else "light"
    facts["Window system"] = f"{QGuiApplication.platformName()}, {shade}"
    facts["Memory"] = _memory()
    lines = [f"{title}: {value}" for title, value in facts.items()]
    return "\n".join([*lines, "", "Last lines of the log", *_last_lines(), ""])


def _memory() -> str:
    import psutil

    whole = psutil.virtual_memory()
    own = psutil.Process().memory_info().rss
    return (
        f"{own / _GIB:.2f} GB used by Hilum, {whole.available / _GIB:.1f} of "
        f"{whole.total / _GIB:.1f} GB free"
    )


def _last_lines() -> list[str]:
    for handler in logging.getLogger().handlers:
        if isinstance(handler, SafeLines):
            return list(handler.lines)
    return []
