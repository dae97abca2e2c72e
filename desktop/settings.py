"""What the window remembers between two starts."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, Generic, TypeVar

from PyQt5.QtCore import QByteArray, QSettings

from core import paths
from core.errors import CoreError

#: Raised when the meaning of a key changes; `_upgrade` then knows the older one.
FORMAT_VERSION: Final = 1

APPEARANCES: Final = ("system", "light", "dark")


Value = TypeVar("Value")


class _Setting(Generic[Value]):
    """A value of the file, of the type of its default.

    What the file has of another type, or makes no sense, is answered with the default.
    """

    def __init__(
        self,
        key: str,
        default: Value,
        makes_sense: Callable[[Value], bool] = lambda value: True,
    ) -> None:
        self._key = key
        self._default = default
        self._makes_sense = makes_sense

    def __get__(self, settings: Settings, owner: type[Settings]) -> Value:
        kind = type(self._default)
        try:
            value = settings._store.value(self._key, self._default, type=kind)
            value = value if isinstance(value, kind) else kind(value)
            return value if self._makes_sense(value) else self._default
        except (TypeError, ValueError):  # the file was edited by hand
            return self._default

    def __set__(self, settings: Settings, value: Value) -> None:
        if not self._makes_sense(value):
            raise ValueError(f"{self._key} cannot be this. Received: {value!r}")
        settings._store.setValue(self._key, value)


class Settings:
    """Typed access to one INI file; every read names its type and default.

    An INI file gives back strings, so nothing is read without `type=`. A value
    that makes no sense is answered with the default, never with an error: a
    damaged settings file must not keep the program from starting. Keys that are
    not known here, as a newer Hilum may have written, are kept.

    Attributes:
        problem: What the user should know of the file; None if all is well.
        disclaimer_accepted: Version of the first-start notice that was accepted; 0
            for none.
        appearance: One of `APPEARANCES`.
        heatmap_opacity: Of the heat map, 0 to 1.
        heatmap_shown: Whether a film opens with its heat map.
        heatmap_contour: Whether it is drawn as lines.
        lungs_shown: Whether a film opens with the outline of its lungs.
        identity_shown: Whether a DICOM film says whom it is of.
        recent_films: Files that were opened, the last one first, as JSON.
        coverage: Share of sets of findings that hold the true one.
        last_folder, save_folder: Folder a film was last opened from, and a picture
            last saved to; empty at first.
        scan_splitter: Width of the film beside the table of a scan, likewise.
        scan_preview, scan_heatmap: Whether there is one, and its heat map.
        scan_hidden: Titles of the table's columns that are hidden, one a line.
        training_folder: Folder films were last chosen from to train on.
        splitter_state: Width of the side panel, as Qt saves it; may be empty.
        window_geometry, window_state: Place and size of the window, and its docks
            and bars, likewise.
    """

    disclaimer_accepted = _Setting("disclaimer_accepted", 0)
    heatmap_shown = _Setting("diagnose/heatmap_shown", False)
    heatmap_contour = _Setting("diagnose/heatmap_contour", False)
    lungs_shown = _Setting("diagnose/lungs_shown", False)
    identity_shown = _Setting("diagnose/identity_shown", True)
    recent_films = _Setting("diagnose/recent_films", "[]")
    last_folder = _Setting("diagnose/last_folder", "")
    save_folder = _Setting("diagnose/save_folder", "")
    scan_splitter = _Setting("scan/splitter", QByteArray())
    scan_preview = _Setting("scan/preview", True)
    scan_heatmap = _Setting("scan/heatmap", False)
    scan_hidden = _Setting("scan/hidden_columns", "Verdict")
    training_folder = _Setting("retrain/training_folder", "")
    splitter_state = _Setting("diagnose/splitter", QByteArray())
    window_geometry = _Setting("window/geometry", QByteArray())
    window_state = _Setting("window/state", QByteArray())
    _version = _Setting("version", 0)
    appearance = _Setting("appearance", "dark", APPEARANCES.__contains__)
    coverage = _Setting("diagnose/coverage", 0.9)
    heatmap_opacity = _Setting("diagnose/heatmap_opacity", 0.5, lambda x: 0 <= x <= 1)

    def __init__(self, path: Path | None = None) -> None:
        """Open the file, which need not exist.

        Args:
            path: The INI file; `settings.ini` in the user's configuration
                folder when not given.
        """
        where = path or paths.user_config_dir() / "settings.ini"
        self.problem: CoreError | None = None
        self._store = QSettings(str(where), QSettings.Format.IniFormat)
        if self._is_unreadable(where):
            self._set_aside(where)
        # That of a newer Hilum stays: what it means by a key is its own affair, and
        # values that make no sense here are answered with the default.
        if self._version < FORMAT_VERSION:
            self._version = FORMAT_VERSION

    def save(self) -> bool:
        """Write now; False when the file cannot be written."""
        self._store.sync()
        return self._store.status() == QSettings.Status.NoError

    def _is_unreadable(self, where: Path) -> bool:
        """Whether there is something that is no settings file of ours."""
        if self._store.status() != QSettings.Status.NoError:
            return True
        with contextlib.suppress(OSError):
            return where.stat().st_size > 0 and not self._store.contains("version")
        return False

    def _set_aside(self, where: Path) -> None:
        """Keep the file under another name and begin with the defaults."""
        aside = where.with_name(f"{where.stem}-unreadable{where.suffix}")
        hint = f"It is kept as {aside.name} in {where.parent}."
        try:
            os.replace(where, aside)
        except OSError:
            hint = f"It cannot be moved either: {where}."
        self.problem = CoreError(
            "The settings could not be read: Hilum starts with its own.", hint=hint
        )
        self._store = QSettings(str(where), QSettings.Format.IniFormat)
        # The file that was read a moment ago is remembered under this name.
        self._store.clear()
