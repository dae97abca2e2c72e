"""What the check of a model's films found, in sentences."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from core.audit.sentences import sentences
from core.evaluation.findings import (
    GIVEN,
    LEAKING,
    MADE,
    REGROUPED,
    cautions_about,
    findings_of,
    notes_about,
    patients_sentence,
    shortcut_rows,
    split_sentence,
)
from tests.finished_run import FINDINGS

NAMES = {"covid": "COVID-19", "normal": "Normal", "pneumonia": "Pneumonia"}


def data(**changes: Any) -> dict[str, Any]:
    return {"findings": {**copy.deepcopy(FINDINGS), **changes}}


def test_a_shortcut_is_told_with_its_figures() -> None:
    assert cautions_about(data(), NAMES) == [
        "In the films of the training a program that sees the size and kind of the "
        "file alone tells COVID-19 from Normal with an AUC of 1.00, all labels with "
        "0.97 (0.50 is chance): figures on such films may measure that and not lungs."
    ]
    weak, copies, split = notes_about(data(), NAMES)
    assert "partly tells COVID-19 from Pneumonia with an AUC of 0.66" in weak
    assert copies == "4 films show what another shows already."
    assert split == (
        "The films were split by patient where one is known (120 of 300 films) and "
        "likeness."
    )
    assert [row[-1] for row in shortcut_rows(data(), NAMES)] == ["1.000", "0.660"]


def test_pictures_under_two_labels_are_told() -> None:
    (_, said) = cautions_about(data(conflicts=2), NAMES)
    assert "2 pictures are there under different labels" in said


def test_what_was_not_measured_is_said_so() -> None:
    nothing = {"metadata": None, "frame": None}
    assert cautions_about(data(shortcuts=nothing), NAMES) == []
    first, *_ = notes_about(data(shortcuts=nothing), NAMES)
    assert "could not be measured" in first
    some = notes_about(data(measured=100), NAMES)
    assert "This was measured on 100 films of 300." in some


@pytest.mark.parametrize(
    "damaged",
    [None, 3, [], {}, {"films": "many"}, {**FINDINGS, "shortcuts": [1, 2]}],
)
def test_a_card_by_another_hand_has_no_findings(damaged: object) -> None:
    assert findings_of({"findings": damaged}) is None
    assert cautions_about({"findings": damaged}, NAMES) == []
    assert notes_about({"findings": damaged}, NAMES) == []
    assert shortcut_rows({"findings": damaged}, NAMES) == []


@pytest.mark.parametrize(
    ("origin", "patients", "grouped", "words"),
    [
        (MADE, 0, 0, "were split by likeness alone, since no patient is known"),
        (MADE, 9, 0, "were split by patient and likeness"),
        (MADE, 4, 0, "by patient where one is known (4 of 9 films) and likeness"),
        (MADE, 0, 4, "were split by group and likeness"),
        (GIVEN, 9, 0, "list of films states; checked by patient and likeness"),
        (GIVEN, 0, 0, "checked by likeness alone, since no patient is known"),
        (REGROUPED, 0, 0, "by likeness alone"),
        (LEAKING, 9, 0, "belong together are in several parts of it"),
    ],
)
def test_split_is_told_as_it_was_made(
    origin: str, patients: int, grouped: int, words: str
) -> None:
    assert words in split_sentence(origin, 9, patients, grouped)


@pytest.mark.parametrize("origin", [MADE, GIVEN, REGROUPED])
def test_a_check_never_says_patient_where_none_is_known(origin: str) -> None:
    shares = {"covid": 30, "normal": 30}
    found = {
        "films": 180,
        "labels": {"covid": 90, "normal": 90},
        "sources": {"": {"covid": 90, "normal": 90}},
        "children": {},
        "unreadable": {},
        "left_out": {},
        "identical": [],
        "similar": [],
        "conflicts": [],
        "patients": {"known": 0, "patients": 0, "origin": "", "grouped": 0},
        "independent": {"covid": 90, "normal": 90},
        "leaks": [],
        "sizes": {"width": [9, 9], "height": [9, 9], "commonest": []},
        "views": {},
        "formats": {"PNG": 180},
        "imbalance": 1.0,
        "shortcuts": {"metadata": None, "frame": None},
        "comparable": {},
        "split": {
            "origin": origin,
            "summary": {"train": shares, "val": shares, "test": shares},
        },
    }
    texts = [sentence["text"] for sentence in sentences(found, None)]
    assert any(text.startswith("No patient is known") for text in texts)
    assert not any("by patient" in text for text in texts)
    assert any("likeness alone" in text for text in texts)


def test_patients_are_counted() -> None:
    assert patients_sentence(9, 9) == "The patient of every film is known."
    assert patients_sentence(9, 8).startswith("The patient of 1 film of 9 is not known")
