"""Failures that a user can act on."""

from __future__ import annotations

import pickle

import pytest

from core import errors
from core.errors import CoreError

KINDS = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, Exception)
]


@pytest.mark.parametrize("kind", KINDS)
def test_every_failure_is_a_core_error(kind: type[Exception]) -> None:
    assert issubclass(kind, CoreError)


@pytest.mark.parametrize("kind", KINDS)
def test_text_is_the_sentence_alone_and_the_hint_stands_beside_it(
    kind: type[CoreError],
) -> None:
    error = kind("The disk is full.", hint="Free some space.")
    assert str(error) == "The disk is full."
    assert error.hint == "Free some space."


def test_hint_is_empty_unless_given() -> None:
    assert CoreError("The disk is full.").hint == ""


def test_hint_cannot_be_given_by_position() -> None:
    with pytest.raises(TypeError):
        CoreError("The disk is full.", "Free some space.")  # type: ignore[misc]


def test_error_survives_the_way_between_processes() -> None:
    error = pickle.loads(pickle.dumps(CoreError("Full.", hint="Free some.")))
    assert (str(error), error.hint) == ("Full.", "Free some.")
