"""Records from elsewhere: what fits, and what is said of what does not."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
import pytest
from msgspec import Meta, UnsetType

from core.records import (
    Count,
    Number,
    Pair,
    RecordError,
    Share,
    Text,
    convert,
    fits,
    to_json,
)


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    a: int
    b: str | UnsetType = msgspec.UNSET


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        (1, int, True),
        (True, int, False),
        (1, Number, True),
        (True, Number, False),
        (float("nan"), Number, False),
        (float("inf"), Number, False),
        (10**400, Number, False),
        (10**400, Count, False),
        (-1, Count, False),
        ([0.1, 0.2], Pair, True),
        ([0.1], Pair, False),
        (1.01, Share, False),
        (None, Number | None, True),
        ([1, "a"], list[int], False),
        ({"a": 1}, Part, True),
        ({"a": 1, "b": 2}, Part, False),
        ({}, Part, False),
        ({"x": 1, "y": "2"}, dict[str, int], False),
        ([], dict[str, int], False),
        ("ü\n", Text, True),
        ("\ud800", Text, False),
        ({"\ud800": 1}, Part, False),
        (3, Path, False),
    ],
)
def test_a_value_is_of_a_kind_or_not(value: Any, kind: Any, expected: bool) -> None:
    assert fits(value, kind) is expected


class Whole(msgspec.Struct):
    parts: list[Part] = []
    share: Annotated[float, Meta(gt=0, le=1)] = 0.5
    pair: Pair = (0, 1)
    kind: Literal["one", "two"] = "one"
    name: Text = ""
    many: dict[str, Count] = {}
    folder: Path = Path()

    def __post_init__(self) -> None:
        if self.name == "none":
            raise ValueError("there is no such name")


@pytest.mark.parametrize(
    ("fields", "said", "field"),
    [
        ({"parts": [{"a": 1}, {"a": "1"}]}, "a whole number, not text", "parts[1].a"),
        ({"parts": [{}]}, "'parts[0].a' is missing", "parts[0].a"),
        ({"parts": [{"a": 1, "c": 2}]}, "'parts[0].c' is not known", "parts[0].c"),
        ({"parts": 3}, "'parts' must be a list, not a whole number", "parts"),
        ({"share": 0}, "'share' must be more than 0", "share"),
        ({"share": float("nan")}, "'share' must be more than 0", "share"),
        ({"share": 2}, "'share' must be at most 1", "share"),
        ({"share": 10**400}, "'share' must be a smaller number", "share"),
        ({"pair": [1]}, "'pair' must be a list of 2, not 1", "pair"),
        ({"kind": "three"}, "'kind' cannot be 'three'", "kind"),
        ({"name": "\ud800"}, "'name' must be other text", "name"),
        ({"name": "none"}, "there is no such name", ""),
        ({"many": {"x": -1}}, "must be at least 0", "many[...]"),
        ({"folder": []}, "'folder' must be a path, not a list", "folder"),
        ([], "it must be an object, not a list", ""),
    ],
)
def test_what_does_not_fit_is_said_with_its_field(
    fields: Any, said: str, field: str
) -> None:
    with pytest.raises(RecordError) as caught:
        convert(fields, Whole)
    assert said in str(caught.value)
    assert caught.value.field == field
    assert "`" not in str(caught.value)


def test_unknown_fields_are_told_apart_from_wrong_ones() -> None:
    with pytest.raises(RecordError) as caught:
        convert({"a": 1, "c": 1}, Part)
    assert caught.value.is_unknown
    with pytest.raises(RecordError) as caught:
        convert({"a": None}, Part)
    assert not caught.value.is_unknown


def test_a_record_becomes_plain_json_values() -> None:
    whole = Whole(share=np.float64(0.25), folder=Path("x"))  # type: ignore[arg-type]
    fields = to_json(whole)
    assert (fields["share"], fields["folder"]) == (0.25, "x")
    assert type(fields["share"]) is float
    assert convert(fields, Whole) == Whole(share=0.25, folder=Path("x"))
