"""What the window remembers between two starts."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Final

from PyQt5.QtCore import QByteArray, QSettings

from core import paths
from core.errors import CoreError

#: Raised when the meaning of a key changes; `_upgrade` then knows the older one.
FORMAT_VERSION: Final = 1

APPEARANCES: Final = ("system", "light", "dark")


class Settings:
    """Typed access to one INI file; every read names its type and default.

    An INI file gives back strings, so nothing is read without `type=`. A value
    that makes no sense is answered with the default, never with an error: a
    damaged settings file must not keep the program from starting. Keys that are
    not known here, as a newer Hilum may have written, are kept.

    Attributes:
        problem: What the user should know of the file; None if all is well.
    """

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
        if self._number("version", 0) < FORMAT_VERSION:
            self._store.setValue("version", FORMAT_VERSION)

    def save(self) -> bool:
        """Write now; False when the file cannot be written."""
        self._store.sync()
        return self._store.status() == QSettings.Status.NoError

    @property
    def disclaimer_accepted(self) -> int:
        """Version of the first-start notice that was accepted; 0 for none."""
        return self._number("disclaimer_accepted", 0)

    @disclaimer_accepted.setter
    def disclaimer_accepted(self, version: int) -> None:
        self._store.setValue("disclaimer_accepted", version)

    @property
    def appearance(self) -> str:
        """One of `APPEARANCES`."""
        name = self._text("appearance", "system")
        return name if name in APPEARANCES else "system"

    @appearance.setter
    def appearance(self, name: str) -> None:
        if name not in APPEARANCES:
            raise ValueError(f"expected one of {APPEARANCES}. Received: {name!r}")
        self._store.setValue("appearance", name)

    @property
    def heatmap_shown(self) -> bool:
        """Whether a film opens with its heat map."""
        return bool(self._typed("diagnose/heatmap_shown", True, bool))

    @heatmap_shown.setter
    def heatmap_shown(self, shown: bool) -> None:
        self._store.setValue("diagnose/heatmap_shown", shown)

    @property
    def heatmap_opacity(self) -> float:
        """Opacity of the heat map, 0 to 1."""
        value = float(str(self._typed("diagnose/heatmap_opacity", 0.5, float)))
        return value if 0.0 <= value <= 1.0 else 0.5

    @heatmap_opacity.setter
    def heatmap_opacity(self, opacity: float) -> None:
        self._store.setValue("diagnose/heatmap_opacity", float(opacity))

    @property
    def last_folder(self) -> str:
        """Folder a file was last opened from; empty when there was none."""
        return self._text("diagnose/last_folder", "")

    @last_folder.setter
    def last_folder(self, folder: str) -> None:
        self._store.setValue("diagnose/last_folder", folder)

    @property
    def save_folder(self) -> str:
        """Folder a picture was last saved to; empty when there was none."""
        return self._text("diagnose/save_folder", "")

    @save_folder.setter
    def save_folder(self, folder: str) -> None:
        self._store.setValue("diagnose/save_folder", folder)

    @property
    def training_folder(self) -> str:
        """Folder films were last chosen from to train on; empty at first."""
        return self._text("retrain/training_folder", "")

    @training_folder.setter
    def training_folder(self, folder: str) -> None:
        self._store.setValue("retrain/training_folder", folder)

    @property
    def splitter_state(self) -> QByteArray:
        """Width of the side panel, as Qt saves it; may be empty."""
        return self._bytes("diagnose/splitter")

    @splitter_state.setter
    def splitter_state(self, state: QByteArray) -> None:
        self._store.setValue("diagnose/splitter", state)

    @property
    def window_geometry(self) -> QByteArray:
        """Place and size of the window, as Qt saves it; may be empty."""
        return self._bytes("window/geometry")

    @window_geometry.setter
    def window_geometry(self, geometry: QByteArray) -> None:
        self._store.setValue("window/geometry", geometry)

    @property
    def window_state(self) -> QByteArray:
        """Docks and bars of the window, as Qt saves it; may be empty."""
        return self._bytes("window/state")

    @window_state.setter
    def window_state(self, state: QByteArray) -> None:
        self._store.setValue("window/state", state)

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

    def _typed(self, key: str, default: object, kind: type) -> object:
        try:
            return self._store.value(key, default, type=kind)
        except (TypeError, ValueError):  # the file was edited by hand
            return default

    def _number(self, key: str, default: int) -> int:
        return int(str(self._typed(key, default, int)))

    def _text(self, key: str, default: str) -> str:
        return str(self._typed(key, default, str))

    def _bytes(self, key: str) -> QByteArray:
        value = self._typed(key, QByteArray(), QByteArray)
        return value if isinstance(value, QByteArray) else QByteArray()
