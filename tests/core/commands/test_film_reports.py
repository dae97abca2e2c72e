"""`predict --report`: which files are written, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.commands.films.reports import stems
from core.commands.parser import parser
from core.errors import CoreError, OutputError
from core.model.bundle import ModelBundle
from tests.dicom_files import dicom_bytes, dicom_dataset
from tests.phantoms import draw_phantom


def predict(bundle: ModelBundle, *words: object) -> int:
    given = ["predict", *map(str, words), "--model", str(bundle.path)]
    arguments = parser(given).parse_args(given)
    return int(arguments.run(arguments))


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.mark.slow
def test_each_film_gets_its_reports(
    tiny_bundle: ModelBundle,
    film: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "other").mkdir()
    dicom = tmp_path / "other" / "film.dcm"  # the same stem
    dicom.write_bytes(dicom_bytes(dicom_dataset(draw_phantom("normal", 3, 128))))
    out = tmp_path / "reports"
    assert predict(tiny_bundle, film, dicom, "--report", out) == 0
    made = {"film-report.pdf", "film-report.html"}
    made |= {"film-2-report.pdf", "film-2-report.html"}
    assert names(out) == made
    kinds = ["--report-format", "sc,sr"]
    assert predict(tiny_bundle, film, dicom, "--report", out, *kinds) == 0
    assert names(out) - made == {"film-2-heat-map.dcm", "film-2-report.dcm"}
    assert "film.png: No sc: the film is not DICOM." in capsys.readouterr().err


def test_what_is_there_is_replaced_only_when_told_to(
    tiny_bundle: ModelBundle, film: Path, tmp_path: Path
) -> None:
    page = tmp_path / "film-report.html"
    page.write_text("mine")
    words = [film, "--report", tmp_path, "--report-format", "html"]
    with pytest.raises(OutputError, match="exists"):
        predict(tiny_bundle, *words)
    assert page.read_text() == "mine"
    assert predict(tiny_bundle, *words, "--overwrite") == 0
    assert page.read_text().startswith("<!doctype html>")


def test_words_without_a_report_and_unknown_kinds_are_refused(
    tiny_bundle: ModelBundle, film: Path, tmp_path: Path
) -> None:
    for words in (["--with-patient"], ["--report-format", "pdf"]):
        with pytest.raises(CoreError, match="none is to be written") as caught:
            predict(tiny_bundle, film, *words)
        assert "--report DIR" in caught.value.hint
    with pytest.raises(SystemExit):
        predict(tiny_bundle, film, "--report", tmp_path, "--report-format", "docx")


def test_a_report_can_have_the_heat_map_of_a_chosen_label(
    tiny_bundle: ModelBundle, film: Path, tmp_path: Path
) -> None:
    words = ["--report", tmp_path / "r", "--report-format", "html"]
    assert predict(tiny_bundle, film, *words, "--label", "pneumonia") == 0
    page = (tmp_path / "r" / "film-report.html").read_text("utf-8")
    assert "Heat map: evidence for Pneumonia." in page


def test_names_differ_where_capitals_do_not_count() -> None:
    films = [Path("Film.dcm"), Path("film.png"), Path("other.png")]
    assert list(stems(films)) == ["Film", "film-2", "other"]
