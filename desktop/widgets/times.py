"""Dates and durations in words."""

from __future__ import annotations

from datetime import datetime

from PyQt5.QtCore import QDateTime, QLocale


def when_in_words(when: datetime) -> str:
    """Date and time in the user's own way of writing, as short as it gets."""
    moment = QDateTime.fromSecsSinceEpoch(int(when.timestamp()))
    return QLocale.system().toString(moment, QLocale.FormatType.ShortFormat)


def short_when(when: datetime) -> str:
    """ "20 Nov, 16:38", or of another year "20 Nov 2025"."""
    locale, moment = (
        QLocale.system(),
        QDateTime.fromSecsSinceEpoch(int(when.timestamp())),
    )
    if moment.date().year() != QDateTime.currentDateTime().date().year():
        return locale.toString(moment, "d MMM yyyy")
    return locale.toString(moment, "d MMM, hh:mm")


def time_in_words(seconds: float) -> str:
    """ "1 h 05 min", "12 min", "40 s"; empty for nothing."""
    if seconds < 1:
        return ""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60:02d} min"
