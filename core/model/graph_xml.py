"""A look at a graph's XML before OpenVINO parses it: it may be a stranger's."""

from __future__ import annotations

from pathlib import Path
from xml.parsers import expat

from core.regular_file import open_regular

_CHUNK = 1 << 16


class _Told(Exception):  # noqa: N818 - not an error
    """Ends the parsing: what is wrong, or nothing, is known."""


def unsafe_xml(xml: Path) -> str:
    """Read up to the root element, before which alone a document type may stand.

    A document type declares entities, which may lead to other files or grow
    without end; no exported graph has one.

    Returns:
        Why it cannot be parsed safely, after "the file"; empty if it can.
    """
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = _on_doctype
    parser.StartElementHandler = _on_root
    try:
        with open_regular(xml) as file:
            while chunk := file.read(_CHUNK):
                parser.Parse(chunk, False)
        parser.Parse(b"", True)
    except _Told as told:
        return str(told)
    except expat.ExpatError as error:
        return f"is no XML ({error})"
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    return ""


def _on_doctype(*about: object) -> None:
    raise _Told("declares a document type, which no graph has")


def _on_root(*about: object) -> None:
    raise _Told
