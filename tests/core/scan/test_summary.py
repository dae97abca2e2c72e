"""A finished scan in figures."""

from __future__ import annotations

import dataclasses

import msgspec
import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, f1_score

from core.evaluation.intervals import interval
from core.scan.labels import labels_by_folder
from core.scan.row import ScanRow
from core.scan.summary import (
    FolderCounts,
    ScanSummary,
    label_sentence,
    shares_of,
    summary_text,
)
from core.scan.triage import (
    FINDING,
    NO_SIGN,
    disease_probability,
    doubt,
    group_of,
    triage_key,
    why_here,
)
from tests.core.scan.test_row import FAILED, REFUSED, ROW
from tests.tiny_bundle import make_card

CARD = make_card()


def row(file: str, finding: str | None, *shares: float) -> ScanRow:
    probabilities = dict(zip(CARD.label_names, shares, strict=True))
    return dataclasses.replace(
        ROW, file=file, finding=finding, probabilities=probabilities, warnings=()
    )


def test_the_interval_of_a_share_is_wilsons() -> None:
    # Worked by hand for 8 of 10, and at both ends.
    assert interval(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert interval(0, 10) == pytest.approx((0.0, 0.2775), abs=1e-4)
    assert interval(10, 10) == pytest.approx((0.7225, 1.0), abs=1e-4)


def test_rows_are_counted_by_finding() -> None:
    summary = ScanSummary(CARD)
    summary.add(row("a", "covid", 0.9, 0.05, 0.05))
    summary.add(row("b", None, 0.4, 0.3, 0.3))
    summary.add(FAILED)
    summary.add(REFUSED)
    summary.add(REFUSED)
    assert summary.total.predicted == {"covid": 1, None: 1}
    assert (summary.total.read, summary.total.not_read) == (2, 1)
    assert (summary.total.refused, summary.total.films) == (2, 5)
    assert "Films: 5, with a verdict: 2" in summary_text(summary)
    assert "  refused               2\n" in summary_text(summary)
    assert "“Normal” means: No sign of" in summary_text(summary)
    assert summary.evaluation() is None
    assert "uncertain             1   50 % (9 to 91)" in summary_text(summary)


def test_shares_of_a_label_tell_what_was_ruled_out() -> None:
    counts = FolderCounts()
    counts.predicted.update({"normal": 68, "covid": 15, "pneumonia": 16, None: 1})
    shares = shares_of(counts, "normal", CARD)
    words = {each.words: each.to_json()["share"] for each in shares}
    assert words == {
        "Normal": 0.68,
        "COVID-19": 0.15,
        "Pneumonia": 0.16,
        "uncertain": 0.01,
        "not COVID-19": 0.85,
        "not Pneumonia": 0.84,
    }
    said = label_sentence("normal", counts, CARD)
    assert said.startswith("Normal films (100 read) called Normal 68 % (58 to 76), ")


def test_no_films_of_a_label_have_no_shares() -> None:
    assert shares_of(FolderCounts(), "covid", CARD) == []
    failed = FolderCounts(not_read=2)
    said = label_sentence("covid", failed, CARD)
    assert said == "COVID-19 films (0 read, 2 not read)."


def test_the_measurement_is_scikit_learns() -> None:
    rng = np.random.default_rng(3)
    summary = ScanSummary(CARD, labels_by_folder(CARD.labels))
    truth, predicted = [], []
    for number in range(300):
        label = CARD.label_names[number % 3]
        shares = rng.dirichlet(np.ones(3)) + 0.5 * (np.arange(3) == number % 3)
        shares /= shares.sum()
        summary.add(row(f"{label}/{number}", None, *map(float, shares)))
        truth.append(label)
        predicted.append(CARD.label_names[int(shares.argmax())])
    result = summary.evaluation()
    assert result is not None
    names = list(CARD.label_names)
    expected = confusion_matrix(truth, predicted, labels=names)
    assert result["confusion_matrix"] == expected.tolist()
    assert result["macro_f1"] == pytest.approx(
        f1_score(truth, predicted, average="macro"), abs=1e-4
    )
    low, high = result["accuracy_ci"]
    assert low < result["accuracy"] < high
    assert result["resamples"] == 1000


def test_calibration_before_temperature_is_found_again() -> None:
    card = msgspec.structs.replace(CARD, temperature=2.0)
    summary = ScanSummary(card, labels_by_folder(card.labels))
    for number in range(50):  # sure after calibration, surer before, half wrong
        label = "covid" if number % 2 else "normal"
        summary.add(row(f"{label}/{number}", None, 0.8, 0.1, 0.1))
    result = summary.evaluation()
    assert result is not None
    raw = 0.8**2 / (0.8**2 + 2 * 0.1**2)
    assert result["ece"] == pytest.approx(0.8 - 0.5, abs=1e-4)
    assert result["ece_uncalibrated"] == pytest.approx(raw - 0.5, abs=1e-4)


def test_a_scan_of_one_class_averages_over_that_class_and_says_so() -> None:
    summary = ScanSummary(CARD, labels_by_folder(CARD.labels))
    for number in range(8):
        summary.add(row(f"covid/{number}", "covid", 0.8, 0.1, 0.1))
    summary.add(row("covid/8", "normal", 0.1, 0.1, 0.8))
    result = summary.evaluation()
    assert result is not None
    assert result["macro_f1"] == pytest.approx(16 / 17, abs=1e-4)
    said = summary_text(summary)
    assert "(mean over the 1 of 3 labels that have films)" in said
    lines = [line.split() for line in said.splitlines() if line.startswith("Normal ")]
    assert lines[0][1:4] == ["0", "0.000", "–"], "no recall without films"


def test_films_outside_the_labels_folders_are_not_measured() -> None:
    label_of = labels_by_folder(CARD.labels)
    files = ["a", "covid/a", "COVID-19/a", "x/Normal/a", "covid/normal/a", "xcovid/a"]
    expected = [None, "covid", "covid", "normal", "normal", None]
    assert [label_of(file) for file in files] == expected


def test_groups_come_one_after_the_other_and_likely_disease_first_in_each() -> None:
    house = dataclasses.replace(
        FAILED, file="house", error="", reason="A house. Not a film."
    )
    expected = {
        "sure": "COVID-19 90 %, above its mark",
        "likely": "COVID-19 70 %, above its mark",
        "vague": "uncertain: COVID-19 64 %, below its mark",
        "torn": "uncertain: COVID-19 and Normal close",
        "cut": "warning: the lungs are cut off at the left edge and 1 more",
        "well": "no sign: Normal 90 %, above its mark",
        "house": "refused: a house",
        FAILED.file: "not read: no",
    }
    warned = ("The lungs are cut off at the left edge.", "Small.")
    rows = [
        house,
        FAILED,
        row("well", "normal", 0.05, 0.05, 0.9),
        dataclasses.replace(row("cut", "normal", 0.02, 0.02, 0.96), warnings=warned),
        row("vague", None, 0.64, 0.0, 0.36),
        row("torn", None, 0.5, 0.02, 0.48),
        dataclasses.replace(row("likely", "covid", 0.7, 0.0, 0.3), warnings=warned),
        row("sure", "covid", 0.9, 0.08, 0.02),
    ]
    rows.sort(key=triage_key)
    said = [(each.file, why_here(each, CARD.names)) for each in rows]
    assert said == list(expected.items())


def test_a_model_without_normal_takes_its_first_label_for_the_disease() -> None:
    sick, clear = (
        dataclasses.replace(
            row(name, "covid", 0, 0, 0),
            finding=name,
            probabilities={"tb": p, "clear": 1 - p},
        )
        for name, p in (("tb", 0.7), ("clear", 0.1))
    )
    assert (group_of(sick), group_of(clear)) == (FINDING, NO_SIGN)


def test_disease_is_what_is_not_normal() -> None:
    assert disease_probability({"covid": 0.2, "normal": 0.7, "other": 0.1}) == (
        pytest.approx(0.3)
    )
    assert disease_probability({"tb": 0.2, "clear": 0.8}) == 0.2
    assert doubt({"tb": 0.5, "clear": 0.5}) == 1.0
