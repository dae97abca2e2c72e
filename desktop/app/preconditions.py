"""What must be there before Qt is loaded, which would end the process without it.

Imports nothing that could be missing.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from core import paths

#: Library -> the Debian package that brings it. Debian 13 and Ubuntu 24.04 renamed
#: libglib2.0-0, and still answer to that name.
NEEDED: Final = {
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libGL.so.1": "libgl1",
    "libfontconfig.so.1": "libfontconfig1",
    "libgssapi_krb5.so.2": "libgssapi-krb5-2",
}
NEEDED_WITH_X11: Final = {
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-xinerama.so.0": "libxcb-xinerama0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libdbus-1.so.3": "libdbus-1-3",
}


def obstacle() -> str:
    """Why no window can be opened: a sentence and a hint; empty if one can."""
    if sys.platform != "linux":
        return ""
    platform = os.environ.get("QT_QPA_PLATFORM", "")
    has_x11 = bool(os.environ.get("DISPLAY"))
    if not (platform or has_x11 or os.environ.get("WAYLAND_DISPLAY")):
        return (
            "There is no display to open a window on.\n"
            "Hint: Start Hilum in a desktop session, or judge films from the "
            f"terminal: {paths.command_name()} predict FILM"
        )
    is_x11 = has_x11 and platform.split(":")[0] in ("", "xcb")
    missing = _missing(NEEDED) + (_missing(NEEDED_WITH_X11) if is_x11 else [])
    if missing:
        return (
            "Hilum needs system libraries that are missing.\n"
            "Hint: On Debian and Ubuntu run: sudo apt-get install "
            f"--no-install-recommends {' '.join(missing)}"
        )
    if is_x11 and not _can_connect():
        return (
            f"The display {os.environ['DISPLAY']} does not answer.\n"
            "Hint: Start Hilum in a desktop session, or check the DISPLAY variable "
            "and who may use that display."
        )
    return ""


def tell(words: str) -> None:
    """Say it in the terminal, and on the screen where there is a way to."""
    if sys.stderr is not None:
        sys.stderr.write(words + "\n")
    if not os.environ.get("DISPLAY") or (sys.stderr and sys.stderr.isatty()):
        return
    for command in (
        ["zenity", "--error", "--no-markup", "--title=Hilum", f"--text={words}"],
        ["kdialog", "--title", "Hilum", "--error", words],
        ["xmessage", "-center", words],
    ):
        if shutil.which(command[0]):
            # Not waited for: whoever started this is told by the exit status.
            nothing = subprocess.DEVNULL
            subprocess.Popen(
                command, stdout=nothing, stderr=nothing, start_new_session=True
            )
            return


def _missing(libraries: dict[str, str]) -> list[str]:
    # A packaged build brings most of them in its own folder.
    own = getattr(sys, "_MEIPASS", "")
    return [
        package
        for name, package in libraries.items()
        if not (own and Path(own, name).exists()) and not _loads(name)
    ]


def _loads(name: str) -> bool:
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


def _can_connect() -> bool:
    """Whether the X server answers; Qt would abort where it does not."""
    try:
        xcb = ctypes.CDLL("libxcb.so.1")
    except OSError:  # Qt's own copy may still do
        return True
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connect.argtypes = [ctypes.c_char_p, ctypes.c_void_p]
    xcb.xcb_connection_has_error.argtypes = [ctypes.c_void_p]
    xcb.xcb_disconnect.argtypes = [ctypes.c_void_p]
    connection = xcb.xcb_connect(None, None)
    has_failed = bool(xcb.xcb_connection_has_error(connection))
    xcb.xcb_disconnect(connection)
    return not has_failed
