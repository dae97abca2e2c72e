"""Small pictures of films, made as they are wanted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PyQt5.QtGui import QImage
from pytestqt.qtbot import QtBot

from desktop.film.thumbnails import PictureRequest, Thumbnails


def write_film(path: Path, level: int = 128) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    shades = np.full((90, 120), level, np.uint8)
    shades[:30] = np.linspace(0, 255, 120).astype(np.uint8)
    Image.fromarray(shades).save(path)
    return path


@pytest.fixture
def thumbnails(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Iterator[Thumbnails]:
    monkeypatch.setattr("desktop.film.thumbnails.KEPT_BYTES", 3 * 40 * 32)
    thumbnails = Thumbnails()
    thumbnails.set_side(40)
    yield thumbnails
    thumbnails.shut_down()


def write_big_film(path: Path) -> Path:
    Image.fromarray(np.zeros((6000, 6000), np.uint8)).save(path)
    return path


def requests(folder: Path, count: int) -> list[PictureRequest]:
    return [
        PictureRequest(key, write_film(folder / f"{key}.png")) for key in range(count)
    ]


def made(thumbnails: Thumbnails, qtbot: QtBot, request: PictureRequest) -> QImage:
    thumbnails.want([request])
    qtbot.waitUntil(lambda: thumbnails.picture(request.key) is not None)
    picture = thumbnails.picture(request.key)
    assert picture is not None
    return picture


def test_a_picture_has_the_side_that_the_screen_needs(
    thumbnails: Thumbnails, qtbot: QtBot, tmp_path: Path
) -> None:
    (request,) = requests(tmp_path, 1)
    assert made(thumbnails, qtbot, request).width() == 40
    thumbnails.set_side(80)
    assert made(thumbnails, qtbot, request).width() == 80


def test_the_pictures_seen_longest_ago_are_let_go(
    thumbnails: Thumbnails, qtbot: QtBot, tmp_path: Path
) -> None:
    films = requests(tmp_path, 5)
    for request in films:
        made(thumbnails, qtbot, request)
        thumbnails.picture(0)  # looked at all the time
    assert thumbnails.picture(0) is not None
    assert thumbnails.picture(1) is None
    assert thumbnails.picture(4) is not None
    kept = (thumbnails.picture(request.key) for request in films)
    assert sum(each.sizeInBytes() for each in kept if each) <= 3 * 40 * 32


@pytest.mark.slow
def test_what_was_scrolled_away_is_not_read(
    thumbnails: Thumbnails, qtbot: QtBot, tmp_path: Path
) -> None:
    films = requests(tmp_path, 40)
    big = write_big_film(tmp_path / "big.png")
    read: list[int] = []
    thumbnails.made.connect(read.append)
    thumbnails.want([PictureRequest(100, big), PictureRequest(101, big), *films[:-1]])
    thumbnails.want(films[-1:])
    qtbot.waitUntil(lambda: 39 in read and not thumbnails.is_reading)
    assert set(read) <= {39, 100, 101}  # two may have been in hand


def test_a_film_that_cannot_be_read_is_marked_once(
    thumbnails: Thumbnails, qtbot: QtBot, tmp_path: Path
) -> None:
    gone = PictureRequest(7, tmp_path / "gone.png")
    with qtbot.waitSignals([thumbnails.missed, thumbnails.made], order="strict"):
        thumbnails.want([gone])
    assert thumbnails.is_broken(7)
    thumbnails.want([gone])
    assert not thumbnails.is_reading


def test_a_torn_film_is_not_missed(
    thumbnails: Thumbnails, qtbot: QtBot, tmp_path: Path
) -> None:
    torn = tmp_path / "torn.png"
    torn.write_bytes(b"\x89PNG")
    with qtbot.assertNotEmitted(thumbnails.missed), qtbot.waitSignal(thumbnails.made):
        thumbnails.want([PictureRequest(1, torn)])


def test_a_film_that_blocks_does_not_hold_up_the_others(
    thumbnails: Thumbnails, qtbot: QtBot, tmp_path: Path
) -> None:
    big = write_big_film(tmp_path / "big.png")
    first, second = requests(tmp_path, 2)
    thumbnails.want([PictureRequest(9, big), first])
    qtbot.waitUntil(lambda: thumbnails.picture(0) is not None)
    assert made(thumbnails, qtbot, second).width() == 40


def test_pictures_of_another_scan_are_not_mixed_up(
    thumbnails: Thumbnails, qtbot: QtBot, tmp_path: Path
) -> None:
    (request,) = requests(tmp_path, 1)
    thumbnails.want([request])
    thumbnails.clear()
    dark = PictureRequest(0, write_film(tmp_path / "dark.png", 10))
    picture = made(thumbnails, qtbot, dark)
    assert QImage(picture).pixelColor(20, 25).lightness() < 30
