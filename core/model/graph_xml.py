"""A look at a graph's XML before OpenVINO parses it: it may be a stranger's."""

from __future__ import annotations

from pathlib import Path
from xml.parsers import expat

from core.regular_file import open_regular

_CHUNK = 1 << 16


class UnsafeXmlError(Exception):
    """It cannot be parsed safely. The text says why, after "the file"."""


def refuse_unsafe_xml(xml: Path) -> None:
    """Read up to the root element, before which alone a document type may stand.

    A document type declares entities, which may lead to other files or grow
    without end; no exported graph has one.

    Raises:
        UnsafeXmlError: There is one, or no root element, or it cannot be read.
    """
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = _on_doctype
    parser.StartElementHandler = _on_root
    try:
        with open_regular(xml) as file:
            while chunk := file.read(_CHUNK):
                parser.Parse(chunk, False)
        parser.Parse(b"", True)
    except _RootReached:
        pass
    except expat.ExpatError as error:
        raise UnsafeXmlError(f"is no XML ({error})") from error
    except OSError as error:
        raise UnsafeXmlError(f"cannot be read ({error.strerror})") from error


class _RootReached(Exception):  # noqa: N818 - not an error
    pass


def _on_doctype(*about: object) -> None:
    raise UnsafeXmlError("declares a document type, which no graph has")


def _on_root(*about: object) -> None:
    raise _RootReached
