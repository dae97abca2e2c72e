"""Whether a JSON value from elsewhere has the shape that is read of it."""

from __future__ import annotations

from typing import Any

#: In a shape that is a dict: every value must have this one's shape.
EACH = "*"
#: Largest number; what is not a number is not below it, and no float is far above.
_MOST = 1e300


def fits(value: Any, shape: Any) -> bool:
    """Whether a value has a shape.

    Args:
        shape: `str`, `int`, `bool`, `dict` or `list`: exactly that; `float`: a
            finite number; None: null; a list of one shape: a list of such values;
            a tuple: any of these; a dict: an object with these fields, of which
            one that ends in "?" may be missing, or with `EACH` for all of them;
            a function: what it says of the value.
    """
    if isinstance(shape, dict):
        return isinstance(value, dict) and all(
            _has_field(value, name, wanted) for name, wanted in shape.items()
        )
    if isinstance(shape, list):
        return isinstance(value, list) and all(fits(each, shape[0]) for each in value)
    if isinstance(shape, tuple):
        return any(fits(value, each) for each in shape)
    if shape is None:
        return value is None
    if shape is float:
        return is_number(value)
    if isinstance(shape, type):
        return type(value) is shape
    return bool(shape(value))


def is_number(value: Any) -> bool:
    """Whether it is a finite number, of a size to be counted with."""
    return type(value) in (int, float) and abs(value) <= _MOST


def is_count(value: Any) -> bool:
    """Whether it is a number of things."""
    return type(value) is int and 0 <= value <= _MOST


def is_pair(value: Any) -> bool:
    """Whether it is an interval: two numbers."""
    return isinstance(value, list) and len(value) == 2 and all(map(is_number, value))


def _has_field(value: dict[str, Any], name: str, shape: Any) -> bool:
    if name == EACH:
        return all(fits(each, shape) for each in value.values())
    if name.endswith("?"):
        name = name.removesuffix("?")
        return name not in value or fits(value[name], shape)
    return name in value and fits(value[name], shape)
