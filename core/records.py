"""Records that come from a file or another program: checked, or refused in words.

What a record may hold stands on its `msgspec.Struct`; here is the one place where
what msgspec says of a value that does not fit becomes a sentence of this program.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

import msgspec
from msgspec import Meta

T = TypeVar("T")

#: A finite number, of a size to be counted with.
Number = Annotated[float, Meta(ge=-1e300, le=1e300)]
#: A number of things.
Count = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Share = Annotated[float, Meta(ge=0, le=1)]
Pair = tuple[Number, Number]
#: Of text that can be written into a file: no half characters, as in file names.
TEXT: Final = r"\A[^\ud800-\udfff]*\Z"
Text = Annotated[str, Meta(pattern=TEXT)]

#: What msgspec calls a kind of value -> what people do.
_KINDS: Final = {
    "int": "a whole number",
    "float": "a number",
    "str": "text",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
    "NoneType": "null",
    "dict": "an object",
    "list": "a list",
    "datetime": "a date and time",
    "Path": "a path",
}
_PLACE: Final = re.compile(
    r"(?P<said>.*?)(?: - at `(?P<key>key in )?\$(?P<path>.*)`)?", re.S
)
_GOT: Final = re.compile(r"Expected `(?P<wanted>[^`]*)`, got `(?P<got>[^`]*)`")
_RANGE: Final = re.compile(r"Expected `(?P<wanted>\w+)` (?P<sign>[<>]=?) (?P<end>\S+)")
_LENGTH: Final = re.compile(r"Expected `\w+` of .*length (?P<length>.+)")
_FIELD: Final = re.compile(
    r"Object (?P<what>missing required|contains unknown) field `(?P<name>.*)`"
)
_VALUE: Final = re.compile(r"Invalid (?:enum )?value (?P<value>.*)", re.S)
_SIGNS: Final = {">=": "at least", ">": "more than", "<=": "at most", "<": "less than"}


class RecordError(ValueError):
    """A record lacks a field, or a field cannot be what it is.

    Attributes:
        field: Where it is: "operating_points[1].threshold"; empty for all of it.
        is_unknown: Whether there should be no such field at all.
        is_kind: Whether the value is of the right kind, and out of its range.
    """

    def __init__(
        self, field: str, said: str, *, is_unknown: bool = False, is_kind: bool = False
    ) -> None:
        super().__init__(f"'{field}' {said}" if field else f"it {said}")
        self.field = field
        self.is_unknown = is_unknown
        self.is_kind = is_kind


def convert(fields: Any, kind: type[T], *, strict: bool = True) -> T:
    """Make a record of JSON values.

    Args:
        fields: As `core.json_file` reads them.
        kind: A struct, or any other type that msgspec knows; paths may be in it.
        strict: Whether numbers may not be written as text.

    Raises:
        RecordError: They are no such record.
    """
    try:
        return msgspec.convert(fields, kind, dec_hook=_make, strict=strict)
    except msgspec.ValidationError as error:
        raise _in_words(str(error)) from error
    except UnicodeEncodeError as error:
        raise RecordError("", "holds a name that is no text") from error


def to_json(record: Any) -> Any:
    """A record as plain JSON values, with what numpy computed in it."""
    return msgspec.to_builtins(record, enc_hook=_plain)


def fits(value: Any, kind: Any) -> bool:
    """Whether a value is of a kind, as `convert` has it."""
    try:
        convert(value, kind)
    except RecordError:
        return False
    return True


def _make(kind: type, value: Any) -> Any:
    if kind is not Path or not isinstance(value, str):
        raise TypeError(f"Expected `{kind.__name__}`, got `{type(value).__name__}`")
    return Path(value)


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Path) else value.item()


def _in_words(message: str) -> RecordError:
    found = _PLACE.fullmatch(message)
    assert found is not None, message
    said, path = found["said"], (found["path"] or "").removeprefix(".")
    if field := _FIELD.fullmatch(said):
        whole = f"{path}.{field['name']}".removeprefix(".")
        if "unknown" in field["what"]:
            return RecordError(whole, "is not known", is_unknown=True)
        return RecordError(whole, "is missing")
    if got := _GOT.fullmatch(said):
        wanted = " or ".join(map(_kind, got["wanted"].split(" | ")))
        return RecordError(path, f"must be {wanted}, not {_kind(got['got'])}")
    if "out of range" in said:
        return RecordError(path, "must be a smaller number")
    return RecordError(path, _must(said), is_kind=True)


def _must(said: str) -> str:
    """What msgspec says of a value of the right kind, to follow the field's name."""
    if found := _RANGE.fullmatch(said):
        return f"must be {_SIGNS[found['sign']]} {float(found['end']):.10g}"
    if found := _LENGTH.fullmatch(said):
        return f"must be a list of {found['length'].replace(', got', ', not')}"
    if "regex" in said:
        return "must be other text"
    if said.startswith("Invalid RFC3339"):
        return "must be a date and time"
    if found := _VALUE.fullmatch(said):
        return f"cannot be {found['value']}"
    return f"cannot be as it is: {said}"


def _kind(name: str) -> str:
    return _KINDS.get(name, name)
