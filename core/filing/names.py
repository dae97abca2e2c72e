"""Names that a file or folder can have on every system."""

from __future__ import annotations

import os
import unicodedata

#: What Windows and the file systems of memory sticks do not take.
_FORBIDDEN = frozenset('<>:"/\\|?*')
#: Names of devices on Windows, with any suffix.
_DEVICES = frozenset(
    ["con", "prn", "aux", "nul", "conin$", "conout$"]
    + [f"{kind}{number}" for kind in ("com", "lpt") for number in "123456789¹²³"]
)
#: Of a name with its number: what every file system takes, in bytes and letters.
_LONGEST = 240
_LONGEST_SUFFIX = 24


def portable_name(name: str, *, instead: str = "film") -> str:
    """A name as near to this one as all systems allow.

    Args:
        name: Of a file or folder, without its place.
        instead: What to call it where nothing is left.
    """
    kept = "".join(
        "_" if c in _FORBIDDEN or not c.isprintable() else c
        for c in unicodedata.normalize("NFC", name)
    )
    # Windows takes such an end off, and then does not find the file.
    kept = kept.rstrip(" .").lstrip(" ") or instead
    if kept.partition(".")[0].rstrip().casefold() in _DEVICES:
        kept = f"_{kept}"
    return _shortened(kept, _LONGEST)


def numbered_name(name: str, number: int) -> str:
    """A name's further forms: "a.png", "a (2).png", "a (3).png"."""
    if number == 1:
        return name
    stem, suffix = _parts(name)
    sign = f" ({number})"
    return _cut(stem, _LONGEST - _size(suffix) - len(sign)) + sign + suffix


def _shortened(name: str, longest: int) -> str:
    stem, suffix = _parts(name)
    return _cut(stem, longest - _size(suffix)) + suffix


def _parts(name: str) -> tuple[str, str]:
    stem, suffix = os.path.splitext(name)
    return (stem, suffix) if _size(suffix) <= _LONGEST_SUFFIX else (name, "")


def _cut(text: str, longest: int) -> str:
    while _size(text) > longest:
        text = text[:-1]
    return text


def _size(text: str) -> int:
    return len(text.encode("utf-8"))
