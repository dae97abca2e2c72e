from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from PyQt5.QtGui import QGuiApplication
from PyQt5.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from core.errors import OutputError
from core.films.radiograph import FilmFacts, Radiograph
from core.model.bundle import ModelBundle
from core.model.classifier import Verdict
from core.model.gradcam import draw_contours, heatmap_from_evidence, overlay
from core.reports.statement import Statement
from desktop.diagnose.file_dialogs import suggested_name
from desktop.diagnose.output.report_dialog import ReportDialog
from desktop.diagnose.picture import PictureJob, compose, write_picture
from desktop.diagnose.saver import FilmSaver
from desktop.film.pyramid import build_pyramid
from desktop.settings import Settings


@pytest.fixture
def job() -> PictureJob:
    pixels = np.linspace(0, 4095, 600 * 500).astype(np.uint16).reshape(600, 500)
    facts = FilmFacts("PNG", 500, 600, 16, "grey", 1)
    film = Radiograph(pixels, 0.0, 4095.0, Path("/films/film.png"), facts)
    evidence = np.random.default_rng(0).normal(size=(7, 7)).astype(np.float32)
    return PictureJob(
        build_pyramid(film), film.path, 0.0, 4095.0, evidence=evidence, opacity=0.6
    )


def pixels_of(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as image:
        return np.asarray(image)


@pytest.fixture
def saver(qtbot: QtBot) -> Iterator[FilmSaver]:
    window = QWidget()
    qtbot.addWidget(window)
    saver = FilmSaver(Settings(), window)
    yield saver
    saver.shut_down()


def test_the_picture_is_the_film_at_full_size_under_the_core_s_overlay(
    job: PictureJob,
) -> None:
    plain = compose(dataclasses.replace(job, evidence=None))
    assert job.evidence is not None
    heat = heatmap_from_evidence(job.evidence, (600, 500))
    assert (compose(job) == overlay(plain, heat, 0.6)).all()


def test_the_picture_has_contours_where_the_screen_has(job: PictureJob) -> None:
    plain = compose(dataclasses.replace(job, evidence=None))
    assert job.evidence is not None
    strong = dataclasses.replace(job, evidence=4 * job.evidence, contour=True)
    heat = heatmap_from_evidence(4 * job.evidence, (600, 500))
    picture = compose(strong)
    assert (picture == draw_contours(plain, heat, 0.6)).all()
    assert 0 < (np.ptp(picture.astype(int), axis=2) > 0).mean() < 0.2


def test_the_picture_has_the_window_and_inversion_of_the_screen(
    job: PictureJob,
) -> None:
    shown = dataclasses.replace(job, evidence=None, low=2000, high=2001, inverted=True)
    picture = compose(shown)
    assert picture[0, 0] == 255
    assert picture[-1, -1] == 0


def test_the_picture_is_turned_as_the_screen_is(job: PictureJob) -> None:
    whole = compose(job)
    turned = compose(dataclasses.replace(job, quarters=1, is_flipped=True))
    assert turned.shape == (500, 600, 3)
    assert turned.flags.c_contiguous
    # Flipped first: the upper right corner goes to the left, and then up to the right.
    assert (turned[0, -1] == whole[0, -1]).all()
    assert (turned[0, 0] == whole[-1, -1]).all()
    assert (turned[-1, -1] == whole[0, 0]).all()


@pytest.mark.parametrize("suffix", [".png", ".tif", ".PNG"])
def test_lossless_formats_give_the_picture_back(
    job: PictureJob, tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"Bild ü{suffix}"
    write_picture(job, path)
    assert (pixels_of(path) == compose(job)).all()


def test_jpeg_comes_close(job: PictureJob, tmp_path: Path) -> None:
    write_picture(job, tmp_path / "a.jpg")
    saved = pixels_of(tmp_path / "a.jpg").astype(int)
    assert np.abs(saved - compose(job)).mean() < 3


def test_an_unknown_format_is_refused_by_name(job: PictureJob, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"\.xyz") as caught:
        write_picture(job, tmp_path / "a.xyz")
    assert ".png" in caught.value.hint
    assert not list(tmp_path.iterdir())


def test_the_film_itself_is_never_written_over(
    job: PictureJob, tmp_path: Path, film: Path
) -> None:
    before = film.read_bytes()
    with pytest.raises(OutputError, match="the film itself"):
        write_picture(dataclasses.replace(job, source=film), film)
    assert film.read_bytes() == before


def test_a_full_disk_leaves_the_old_file_and_nothing_half_written(
    job: PictureJob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(b"the old one")

    def fill_disk(partial: Path, data: bytes) -> int:
        with open(partial, "wb") as file:
            file.write(bytes(data)[:100])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", fill_disk)
    with pytest.raises(OutputError, match="no space left"):
        write_picture(job, path)
    assert [file.name for file in tmp_path.iterdir()] == ["picture.png"]
    assert path.read_bytes() == b"the old one"


def test_saving_reports_the_file_when_it_is_whole(
    saver: FilmSaver, job: PictureJob, qtbot: QtBot, tmp_path: Path
) -> None:
    with qtbot.waitSignals([saver.status_changed] * 2) as caught:
        saver.save(job, tmp_path / "a.png")
    said = [str(each.args[0]) for each in caught.all_signals_and_args]
    assert said == ["Saving a.png…", f"Saved {tmp_path / 'a.png'}"]
    assert pixels_of(tmp_path / "a.png").shape == (600, 500, 3)


def test_a_failure_to_save_is_told(
    saver: FilmSaver, job: PictureJob, qtbot: QtBot, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    with qtbot.waitSignal(saver.failed) as caught:
        saver.save(job, tmp_path / "file" / "a.png")
    assert isinstance(caught.args[0], OutputError)


def test_copying_puts_the_picture_into_the_clipboard(
    saver: FilmSaver, job: PictureJob, qtbot: QtBot
) -> None:
    with qtbot.waitSignals([saver.status_changed] * 2):
        saver.copy(job)
    image = QGuiApplication.clipboard().image()
    assert (image.width(), image.height()) == (500, 600)
    assert image.pixelColor(250, 300).getRgb()[:3] == tuple(compose(job)[300, 250])


def test_ending_waits_for_the_picture_in_hand(
    saver: FilmSaver, job: PictureJob, tmp_path: Path
) -> None:
    saver.save(job, tmp_path / "a.png")
    saver.shut_down()
    leftovers = [file.name for file in tmp_path.iterdir()]
    assert leftovers in ([], ["a.png"])


@pytest.mark.parametrize(
    ("film", "label", "name"),
    [
        ("a.png", "covid", "a-heat-map-covid.png"),
        ("a.dcm", None, "a-film.png"),
        ("1.2.840.113", None, "1.2.840.113-film.png"),
    ],
)
def test_the_suggested_name_is_never_the_film_s(
    film: str, label: str | None, name: str
) -> None:
    assert suggested_name(Path(film), label) == name


@pytest.fixture
def statement(tiny_bundle: ModelBundle) -> Statement:
    verdict = Verdict(probabilities={"covid": 0.7, "normal": 0.3}, finding="covid")
    return Statement(bundle=tiny_bundle, verdict=verdict, label="covid")


def test_the_words_stand_below_the_picture(
    job: PictureJob, statement: Statement
) -> None:
    said = compose(dataclasses.replace(job, said=statement))
    assert (said[:600] == compose(job)).all()
    below = said[600:]
    assert len(below) > 60
    assert 0.01 < (below < 100).mean() < 0.3


def test_copying_gives_the_verdict_as_text_too(
    saver: FilmSaver, job: PictureJob, statement: Statement, qtbot: QtBot
) -> None:
    with qtbot.waitSignals([saver.status_changed] * 2):
        saver.copy(dataclasses.replace(job, said=statement))
    both = QGuiApplication.clipboard().mimeData()
    assert both.text() == statement.text
    assert both.hasImage()
    with qtbot.waitSignals([saver.status_changed] * 2):
        saver.copy(job)
    assert not QGuiApplication.clipboard().mimeData().hasText()


def test_the_dialog_names_the_files_and_says_what_is_replaced(
    qtbot: QtBot, tmp_path: Path
) -> None:
    dialog = ReportDialog(Path("/films/film.png"), tmp_path, is_dicom=False)
    qtbot.addWidget(dialog)
    assert dialog.files == {"pdf": tmp_path / "film-report.pdf"}
    assert dialog.save_button.text() == "&Save"
    for kind in ("sc", "sr"):
        assert not dialog.kinds[kind].isEnabled()
    (tmp_path / "film-report.html").touch()
    dialog.kinds["html"].setChecked(True)
    assert dialog.save_button.text() == "&Save and replace"
    for box in dialog.kinds.values():
        box.setChecked(False)
    assert not dialog.save_button.isEnabled()


def test_of_a_refused_film_no_report_is_offered_that_is_not_made(
    qtbot: QtBot, tmp_path: Path
) -> None:
    film = Path("/films/film.dcm")
    dialog = ReportDialog(film, tmp_path, is_dicom=True, is_refused=True)
    qtbot.addWidget(dialog)
    for kind in ("sc", "sr"):
        assert not dialog.kinds[kind].isEnabled()
        assert dialog.kinds[kind].toolTip() == "The film on screen was refused"
    assert dialog.patient.isEnabled()
