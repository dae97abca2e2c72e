"""Reports on a film: pages for people, and DICOM read back by other programs' rules."""

from __future__ import annotations

import dataclasses
import functools
import importlib.resources
import io
import json
import re
import shutil
import subprocess
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import highdicom
import numpy as np
import pydicom
import pytest

from core.errors import OutputError
from core.films.deidentify import deidentify
from core.films.film_warning import FilmWarning
from core.films.patient_id import installation_salt
from core.films.radiograph import read_film_file, read_radiograph
from core.model.bundle import ModelBundle
from core.model.classifier import Classifier, decide, evidence_of
from core.reports.dicom_objects import capture, structured_report
from core.reports.film_files import KINDS, write_reports
from core.reports.film_page import film_html, film_pdf
from core.reports.film_report import FilmReport
from core.reports.margin import with_margin
from core.reports.statement import DISCLAIMER
from tests.dicom_files import dicom_dataset
from tests.phantoms import draw_phantom

STUDY = "1.2.276.0.7230010.3.77"  # no beginning of UIDs that libraries make up
WHOSE = {
    "PatientName": "Müller^Jörg",
    "PatientID": "4711-0815",
    "PatientBirthDate": "19600229",
    "StudyDate": "20240131",
    "InstitutionName": "Ward Seven",
}
#: As a file may hold them.
SECRETS = ("Müller", "4711-0815", "19600229", "1960-02-29", "20240131", "2024-01-31")


@pytest.fixture
def report_with(tiny_bundle: ModelBundle, tmp_path: Path) -> Callable[..., FilmReport]:
    """Makes a report on a film with tags of its own."""

    def make(**tags: Any) -> FilmReport:
        values = draw_phantom("covid", 10, 256).astype(np.uint16) * 16
        dataset = dicom_dataset(
            values,
            **{**WHOSE, "SpecificCharacterSet": "ISO_IR 100", "BitsStored": 12},
            StudyInstanceUID=STUDY,
        )
        with pydicom.config.disable_value_validation():
            for keyword, value in tags.items():
                dataset.pop(keyword, None)  # whose checks would stay
                setattr(dataset, keyword, value)
            path = tmp_path / "mueller.dcm"
            dataset.save_as(path, enforce_file_format=False)
        return report_on(path, tiny_bundle)

    return make


@pytest.fixture
def report(report_with: Callable[..., FilmReport]) -> FilmReport:
    return report_with()


def report_on(path: Path, bundle: ModelBundle) -> FilmReport:
    film = read_radiograph(path)
    prediction = Classifier(bundle).predict(film)
    verdict = decide(prediction, bundle.card, film)
    label = max(verdict.probabilities, key=verdict.probabilities.__getitem__)
    evidence = evidence_of(prediction, bundle.card, label)
    content = read_film_file(path)[0]
    return FilmReport(
        film=film,
        content=content,
        bundle=bundle,
        verdict=verdict,
        label=label,
        evidence=evidence,
    )


def opened(content: bytes) -> Any:
    """Read by pydicom, which then refuses whatever breaks its rules."""
    settings = pydicom.config.settings
    before, settings.reading_validation_mode = (
        settings.reading_validation_mode,
        pydicom.config.RAISE,
    )
    try:
        dataset = pydicom.dcmread(io.BytesIO(content))
        for element in dataset.iterall():
            assert element.value is not element  # each is decoded, and checked
    finally:
        settings.reading_validation_mode = before
    return dataset


@functools.cache
def standard(name: str) -> Any:
    """A table of the standard, which takes a quarter of a second to read."""
    path = importlib.resources.files(highdicom) / "_standard" / f"{name}_map.json"
    return json.loads(path.read_text("utf-8"))


def missing(dataset: Any) -> list[str]:
    """What the standard's tables require of such an object and it does not have."""
    of_class, of_kind = standard("sop_class_iod"), standard("iod_module")
    of_module = standard("module_attribute")
    lacking = []
    for module in of_kind[of_class[dataset.SOPClassUID]]:
        if module["key"] == "sr-document-content":  # depends on the kind of each item
            continue
        for each in of_module[module["key"]] if module["usage"] == "M" else ():
            keyword, kind = each["keyword"], each["type"]
            if each["path"] or kind not in ("1", "2"):
                continue
            if keyword not in dataset or kind == "1" and dataset[keyword].is_empty:
                lacking.append(keyword)
    return lacking


def test_a_page_says_all_that_is_known_of_a_verdict(report: FilmReport) -> None:
    page = film_html(report).decode()
    row = next(row for row in report.rows if row.label == report.label)
    for said in (
        *(report.headline, row.share, row.stated_from, report.heat_title),
        *(report.bundle.sha256, report.card.name, DISCLAIMER, "Three answers only"),
        *report.verdict.warnings,
    ):
        assert said in page
    assert page.count("<img") == 3  # film, heat map, legend
    assert "<svg" in page
    assert "http" not in page.replace("http-equiv", "")


@pytest.mark.slow
def test_a_pdf_is_one_page_of_a4(report: FilmReport) -> None:
    content = film_pdf(report)
    assert content.startswith(b"%PDF")
    assert content.count(b"/Type /Page ") == 1
    assert b"/MediaBox [ 0 0 595.44 841.68 ]" in content
    assert b"CreationDate" not in content


def lowest_line(pdf: bytes) -> float:
    """Of all texts of a page, points above its lower edge."""
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL)
    # The last byte of a stream may look like the end of a line, and be missing here.
    packed = (each for each in streams if each[:1] == b"x")
    page = b"".join(zlib.decompressobj().decompress(each) for each in packed)
    places = re.findall(rb"([-\d.]+) cm\s+BT", page)
    return min(float(place) for place in places)


@pytest.mark.slow
def test_a_page_has_room_for_every_warning(report: FilmReport) -> None:
    warnings = tuple(f"Reason {i} to doubt this verdict. " * 4 for i in range(8))
    verdict = dataclasses.replace(report.verdict, warnings=warnings)
    said_much = dataclasses.replace(report, verdict=verdict, with_patient=True)
    assert lowest_line(film_pdf(report)) == lowest_line(film_pdf(said_much))


@pytest.mark.slow
def test_names_and_dates_are_told_only_when_that_is_asked_for(
    report: FilmReport,
) -> None:
    with_patient = dataclasses.replace(report, with_patient=True)
    page = film_html(report).decode()
    assert not any(secret in page for secret in (*SECRETS, "mueller"))
    page = film_html(with_patient).decode()
    for said in (
        "Müller, Jörg",
        "4711-0815",
        "1960-02-29",
        "2024-01-31",
        "mueller.dcm",
    ):
        assert said in page
    for make in (capture, structured_report):
        words = make(report).decode("utf-8", "replace")
        assert not any(secret in words for secret in (*SECRETS, STUDY, "Ward Seven"))
        told = opened(make(with_patient))
        assert str(told.PatientName) == "Müller^Jörg"
        assert (told.PatientID, told.StudyInstanceUID) == ("4711-0815", STUDY)


def test_the_patient_s_hash_is_that_of_copies_without_patients(
    report: FilmReport,
) -> None:
    copy = opened(deidentify(report.film.path, installation_salt()).content)
    made = [opened(capture(report)), opened(structured_report(report))]
    for each in made:
        assert each.PatientID == copy.PatientID != ""
        assert each.StudyInstanceUID == copy.StudyInstanceUID
        assert each.PatientIdentityRemoved == "YES"
    assert copy.PatientID in film_html(report).decode()


@pytest.mark.slow
@pytest.mark.parametrize("with_patient", [False, True])
@pytest.mark.parametrize("make", [capture, structured_report])
def test_dicom_has_all_that_the_standard_asks_for(
    report: FilmReport, tmp_path: Path, make: Any, with_patient: bool
) -> None:
    content = make(dataclasses.replace(report, with_patient=with_patient))
    assert missing(opened(content)) == []
    checker = shutil.which("dciodvfy")
    if checker is not None:
        path = tmp_path / "made.dcm"
        path.write_bytes(content)
        said = subprocess.run([checker, path], capture_output=True, text=True)
        assert "Error" not in said.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    "tags",
    [
        {"PatientName": "Doe"},
        {"PatientBirthDate": "1950"},
        {"StudyDate": "31.01.2024", "StudyTime": "noon"},
        {"SOPClassUID": "", "SOPInstanceUID": ""},
        {"PatientOrientation": ["L", "FP"]},
        {"PatientOrientation": "L"},
        {"PatientOrientation": ["", ""]},
    ],
)
@pytest.mark.parametrize("with_patient", [False, True])
def test_a_film_with_odd_tags_gets_its_report(
    report_with: Callable[..., FilmReport], tags: dict[str, Any], with_patient: bool
) -> None:
    report = dataclasses.replace(report_with(**tags), with_patient=with_patient)
    for make in (capture, structured_report):
        assert missing(pydicom.dcmread(io.BytesIO(make(report)))) == []


def test_the_capture_says_where_left_is_only_where_that_is_known(
    report_with: Callable[..., FilmReport],
) -> None:
    report = report_with(PatientOrientation=["R", "F"])
    assert list(opened(capture(report)).PatientOrientation) == ["R", "F"]
    inverted = dataclasses.replace(report, mends=("invert",))
    assert list(opened(capture(inverted)).PatientOrientation) == ["R", "F"]
    turned = dataclasses.replace(report, mends=("rotate 180",))
    assert opened(capture(turned))["PatientOrientation"].is_empty


@pytest.mark.slow
@pytest.mark.parametrize("said", [None, "NO", "YES"])
def test_the_capture_says_no_more_of_burnt_in_text_than_the_film(
    report_with: Callable[..., FilmReport], said: str | None
) -> None:
    report = report_with(**({} if said is None else {"BurnedInAnnotation": said}))
    assert opened(capture(report)).get("BurnedInAnnotation") == said


def test_the_capture_is_the_picture_with_its_words(report: FilmReport) -> None:
    dataset = opened(capture(report))
    expected = with_margin(report.picture(), report)
    np.testing.assert_array_equal(dataset.pixel_array, expected)
    assert expected.shape[0] > report.film.pixels.shape[0]
    assert (expected[-40:] < 128).any()  # words on white
    assert (expected[-1] == 255).all()


def test_the_structured_report_is_read_back_with_its_numbers(
    report: FilmReport,
) -> None:
    content = structured_report(report)
    read = highdicom.sr.srread(io.BytesIO(content))
    groups = read.content.get_image_measurement_groups()
    assert len(groups) == len(report.rows)
    for group, row in zip(groups, report.rows, strict=True):
        probability, point = group.get_measurements()
        assert probability.value == pytest.approx(row.probability, abs=1e-6)
        assert point.value == row.point
        (stated,) = group.get_qualitative_evaluations()
        assert stated.value.meaning == ("Yes" if row.stated else "No")
    said = content.decode("utf-8", "replace")
    assert report.headline in said
    assert DISCLAIMER in said


@pytest.mark.slow
def test_a_picture_has_pages_and_no_dicom(
    film: Path, tiny_bundle: ModelBundle, tmp_path: Path
) -> None:
    report = report_on(film, tiny_bundle)
    files = {kind: tmp_path / f"a{ending}" for kind, ending in KINDS.items()}
    said = list(write_reports(report, files))
    assert said == [f"No {kind}: the film is not DICOM." for kind in ("sc", "sr")]
    made = {path.name for path in tmp_path.iterdir()} - {film.name}
    assert made == {"a-report.pdf", "a-report.html"}
    with pytest.raises(OutputError, match="no DICOM file"):
        capture(report)


def test_a_refused_film_has_a_page_with_the_reason_and_no_number(
    report: FilmReport, tmp_path: Path
) -> None:
    verdict = dataclasses.replace(
        report.verdict, finding=None, probabilities={}, refused="It is a CT slice."
    )
    refused = dataclasses.replace(report, verdict=verdict, label="", evidence=None)
    page = film_html(refused).decode()
    assert "It is a CT slice." in page
    assert "Probabilities" not in page
    assert film_pdf(refused).startswith(b"%PDF")
    files = {kind: tmp_path / kind for kind in ("sc", "sr")}
    assert len(list(write_reports(refused, files))) == 2
    assert not any(path.exists() for path in files.values())


def test_the_text_for_the_clipboard_has_verdict_model_and_disclaimer(
    report: FilmReport,
) -> None:
    said = report.text.splitlines()
    assert said[0] == report.headline
    assert report.heat_title in said
    assert said[-1] == DISCLAIMER
    assert report.bundle.sha256 in said[-2]


def test_heat_that_lies_outside_the_lungs_is_never_said_to_be_half_inside(
    report: FilmReport,
) -> None:
    for heat, said in ((0.498, "49.8 %"), (0.5, "50 %"), (0.61, "61 %")):
        verdict = dataclasses.replace(report.verdict, heat_in_lungs=heat)
        lines = dataclasses.replace(report, verdict=verdict).lines
        assert f"Heat in lungs: {said}." in lines


def test_a_report_says_why_no_finding_is_stated_though_one_reaches_its_point(
    report: FilmReport,
) -> None:
    warning = FilmWarning("The film seems to be inverted.")
    doubtful = dataclasses.replace(report.verdict, finding=None, warnings=(warning,))
    *_, why, warned = dataclasses.replace(report, verdict=doubtful).lines
    assert why.startswith("Because of what is warned of, no finding is stated")
    assert warned == f"Warning: {warning}"
    assert why not in report.lines


def test_a_small_picture_gets_room_for_its_words(report: FilmReport) -> None:
    small = np.full((40, 30), 90, np.uint8)
    picture = with_margin(small, report)
    assert picture.shape[1] > 400
    assert (picture[:40] != 255).any(axis=2).sum() == small.size
