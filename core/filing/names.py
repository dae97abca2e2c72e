"""Names that a file or folder can have on every system."""

from __future__ import annotations

import os
import unicodedata

#: Bytes of a name with its number: what every file system takes.
_LONGEST = 240
_LONGEST_SUFFIX = 24


def portable_name(name: str, *, instead: str = "film") -> str:
    """A name as near to this one as all systems allow; `instead` if nothing is left."""
    from pathvalidate import sanitize_filename
    from pathvalidate.handler import ReservedNameHandler

    # Surrogates stand for bytes that are no text, which few systems take.
    text = unicodedata.normalize("NFC", name).encode("utf-8", "replace").decode()
    stem, suffix = _parts(text)
    text = _cut(stem, _LONGEST - len(suffix.encode())) + suffix
    # To Windows "com1 .png" is a device as well.
    first, dot, rest = text.partition(".")
    kept = sanitize_filename(
        first.rstrip(" ") + dot + rest,
        replacement_text="_",
        platform="universal",
        fs_encoding="utf-8",
        reserved_name_handler=ReservedNameHandler.add_leading_underscore,
        additional_reserved_names=["CONIN$", "CONOUT$"],
    )
    return kept.rstrip(" .") or instead


def numbered_name(name: str, number: int) -> str:
    """A name's further forms: "a.png", "a (2).png", "a (3).png"."""
    if number == 1:
        return name
    stem, suffix = _parts(name)
    end = f" ({number}){suffix}"
    return _cut(stem, _LONGEST - len(end.encode())) + end


def _parts(name: str) -> tuple[str, str]:
    stem, suffix = os.path.splitext(name)
    return (stem, suffix) if len(suffix.encode()) <= _LONGEST_SUFFIX else (name, "")


def _cut(text: str, longest: int) -> str:
    return text.encode()[:longest].decode("utf-8", "ignore")
