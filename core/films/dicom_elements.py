"""All tags of a DICOM file as lines to read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from core.errors import ImageReadError
from core.films.dicom import read_dataset
from core.films.pixels import decoding
from core.films.radiograph import display_name, read_film_file

if TYPE_CHECKING:
    from pydicom.dataelem import DataElement
    from pydicom.dataset import Dataset
    from pydicom.tag import BaseTag

#: Characters of a value that are shown.
MAX_CHARACTERS = 300


class TagLine(NamedTuple):
    """A tag, or the head of an item of a sequence, in the order of the file.

    Attributes:
        depth: In how many sequences it lies.
        tag: "(0010,0010)"; empty for an item.
        name: Of the tag; of a private one, in brackets.
        vr: Value representation, "PN".
        value: On one line. What is long is cut, of bytes only the number is told.
    """

    depth: int
    tag: str
    name: str
    vr: str
    value: str


def read_tags(path: Path) -> list[TagLine] | None:
    """Every tag of a film; None if it is no DICOM file.

    Raises:
        ImageReadError: It cannot be read.
    """
    data, kind = read_film_file(path)
    if kind != "DICOM":
        return None
    name = display_name(path)
    dataset = read_dataset(data, name)
    with decoding(name):
        return [*_lines(dataset.file_meta, 0), *_lines(dataset, 0)]


def _lines(dataset: Dataset, depth: int) -> Iterator[TagLine]:
    for tag in sorted(dataset.keys()):
        try:
            with decoding(""):
                element = dataset[tag]
                line = _line(element, depth)
        except ImageReadError:  # one bad value must not hide the others
            yield TagLine(depth, _number(tag), "", "", "cannot be read")
            continue
        yield line
        if element.VR == "SQ":
            for place, item in enumerate(element.value, start=1):
                yield TagLine(depth + 1, "", f"Item {place}", "", "")
                yield from _lines(item, depth + 2)


def _line(element: DataElement, depth: int) -> TagLine:
    return TagLine(
        depth, _number(element.tag), element.name, element.VR, _value(element)
    )


def _number(tag: BaseTag | int) -> str:
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X})"


def _value(element: DataElement) -> str:
    value: Any = element.value
    if element.VR == "SQ":
        return "1 item" if len(value) == 1 else f"{len(value)} items"
    if isinstance(value, bytes):
        # Private tags often come without their VR, and are mere text.
        words = value.rstrip(b"\0 ").decode("ascii", "replace")
        if element.VR != "UN" or not words.isprintable() or "\ufffd" in words:
            return f"{len(value):,} bytes"
        value = words
    if value is None:
        return ""
    many = value if element.VM > 1 else (value,)
    words = "\\".join(map(str, many))
    if element.VR == "UI" and element.VM == 1 and element.value.name != words:
        words = f"{words} ({element.value.name})"
    line = " ".join("".join(c if c.isprintable() else " " for c in words).split())
    cut = f"{line[:MAX_CHARACTERS]}… ({len(line):,} characters)"
    return line if len(line) <= MAX_CHARACTERS else cut
