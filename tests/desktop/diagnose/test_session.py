from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from core.films.film_warning import MENDS
from core.model import in_use as model_store
from core.model.bundle import ModelBundle
from desktop.diagnose import films as film_list
from desktop.diagnose.films import VERDICT_ROLE, FilmList
from desktop.diagnose.session import FilmSession
from desktop.models.in_use import ModelInUse
from desktop.widgets.notify import Notice
from tests.tiny_bundle import write_tiny_bundle

MakeFilm = Callable[..., Path]


@pytest.fixture
def model(qtbot: QtBot, tiny_bundle: ModelBundle) -> Iterator[ModelInUse]:
    model = ModelInUse(tiny_bundle.path)
    yield model
    model.shut_down()


@pytest.fixture
def session(model: ModelInUse) -> FilmSession:
    return FilmSession(model)


def start(session: FilmSession) -> None:
    if session._model.bundle is None:
        session._model.start()
    session.start()


def read_all(session: FilmSession, qtbot: QtBot, paths: list[Path]) -> None:
    start(session)
    session.open_paths(paths)
    qtbot.waitUntil(lambda: not session.is_reading, timeout=10000)


def names(films: FilmList) -> list[str]:
    return [films.index(row).data() for row in range(len(films))]


def test_a_film_comes_back_with_a_verdict(
    session: FilmSession, qtbot: QtBot, make_film: MakeFilm
) -> None:
    read_all(session, qtbot, [make_film("bright.png", 240)])
    film = session.shown_film
    assert film is not None
    assert film.reading is not None
    assert film.reading.verdict.finding == "covid"
    assert set(film.reading.heatmaps) == {"covid", "pneumonia", "normal"}


def test_a_mended_film_is_read_again_and_says_so(
    session: FilmSession, qtbot: QtBot, make_film: MakeFilm
) -> None:
    read_all(session, qtbot, [make_film("bright.png", 240)])
    shown: list[object] = []
    session.film_shown.connect(shown.append)
    session.mend("invert")
    qtbot.waitUntil(lambda: not session.is_reading, timeout=10000)
    film = session.shown_film
    assert len(shown) == 1
    assert film is not None
    assert film.reading is not None
    assert film.reading.verdict.finding == "normal"  # it is dark now
    assert film.warnings == (MENDS["invert"],)
    assert film.pyramid.levels[0][50, 50] == 15
    session.open_paths([film.path])  # opened anew it is what the file holds
    qtbot.waitUntil(lambda: not session.is_reading, timeout=10000)
    assert session.shown_film is not None
    assert session.shown_film.warnings == ()


def test_a_film_that_is_mended_twice_at_once_is_mended_once(
    session: FilmSession, qtbot: QtBot, make_film: MakeFilm
) -> None:
    read_all(session, qtbot, [make_film("bright.png", 240)])
    session.mend("rotate 90")
    session.mend("rotate 90")  # a double click
    qtbot.waitUntil(lambda: not session.is_reading, timeout=10000)
    assert session.shown_film is not None
    assert session.shown_film.mends == ("rotate 90",)


def test_what_a_film_could_not_be_mended_by_is_forgotten(
    session: FilmSession, qtbot: QtBot, make_film: MakeFilm
) -> None:
    film = make_film("bright.png", 240)
    read_all(session, qtbot, [film])
    content = film.read_bytes()
    film.unlink()
    with qtbot.waitSignal(session.notice_raised):
        session.mend("invert")
    film.write_bytes(content)
    assert session.shown is not None
    assert session.shown.mends == ()


def test_films_asked_for_before_the_thread_runs_still_meet_the_model(
    session: FilmSession, qtbot: QtBot, make_film: MakeFilm
) -> None:
    session.open_paths([make_film("dark.png", 10)])
    start(session)
    qtbot.waitUntil(lambda: not session.is_reading, timeout=10000)
    assert session.shown_film is not None
    assert session.shown_film.reading is not None
    assert session.shown_film.reading.verdict.finding == "normal"


def test_of_several_films_the_first_is_shown_and_all_are_kept(
    session: FilmSession, qtbot: QtBot, make_film: MakeFilm
) -> None:
    paths = [make_film(f"{i}.png", 10 + 60 * i) for i in range(4)]
    read_all(session, qtbot, paths)
    assert session.shown_film is not None
    assert session.shown_film.path == paths[0]
    assert names(session.films) == ["0.png", "1.png", "2.png", "3.png"]
    assert "No sign" in session.films.index(0).data(VERDICT_ROLE)


def test_the_newest_request_is_the_one_that_is_shown(
    session: FilmSession, qtbot: QtBot, make_film: MakeFilm
) -> None:
    old = [make_film(f"old-{i}.png", 100) for i in range(5)]
    new = make_film("new.png", 200)
    shown = []
    session.film_shown.connect(shown.append)
    session.open_paths(old)
    session.open_paths([new])
    start(session)
    qtbot.waitUntil(lambda: not session.is_reading, timeout=10000)
    assert [film.path for film in shown] == [new]
    assert len(session.films) == 6


def test_a_file_that_cannot_be_read_leaves_the_last_film_on_screen(
    session: FilmSession, qtbot: QtBot, make_film: MakeFilm, tmp_path: Path
) -> None:
    good = make_film("good.png", 200)
    read_all(session, qtbot, [good])
    shown = session.shown_film
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"\x89PNG\r\n\x1a\nno more")
    with qtbot.waitSignal(session.notice_raised) as caught:
        read_all(session, qtbot, [bad])
    assert session.shown_film is shown
    assert names(session.films) == ["good.png"]
    notice = caught.args[0]
    assert isinstance(notice, Notice)
    assert "bad.png" in notice.text
    assert notice.hint


def test_when_the_first_of_several_fails_the_next_is_shown(
    session: FilmSession, qtbot: QtBot, make_film: MakeFilm, tmp_path: Path
) -> None:
    good = make_film("good.png", 200)
    read_all(session, qtbot, [tmp_path / "missing.png", good])
    assert session.shown_film is not None
    assert session.shown_film.path == good


def test_several_failures_are_told_as_one(
    session: FilmSession, qtbot: QtBot, tmp_path: Path
) -> None:
    told: list[Notice] = []
    session.notice_raised.connect(told.append)
    read_all(session, qtbot, [tmp_path / "a.png", tmp_path / "b.png", tmp_path])
    assert told[-1].text == "3 of 3 files could not be opened."
    assert len(session.films) == 0


def test_going_back_shows_what_was_kept_without_reading_again(
    session: FilmSession, qtbot: QtBot, make_film: MakeFilm
) -> None:
    first, second = make_film("a.png", 10), make_film("b.png", 240)
    read_all(session, qtbot, [first, second])
    first.unlink()
    session.step(1)
    session.step(-1)
    assert not session.is_reading
    assert session.shown_film is not None
    assert session.shown_film.path == first


def test_opening_a_file_again_reads_it_anew_in_its_old_place(
    session: FilmSession, qtbot: QtBot, make_film: MakeFilm
) -> None:
    paths = [make_film("a.png", 10), make_film("b.png", 240)]
    read_all(session, qtbot, paths)
    make_film("a.png", 240)
    read_all(session, qtbot, [paths[0]])
    assert names(session.films) == ["a.png", "b.png"]
    assert session.shown_film is not None
    assert session.shown_film.reading is not None
    assert session.shown_film.reading.verdict.finding == "covid"


def test_closing_the_film_on_screen_shows_its_neighbour(
    session: FilmSession, qtbot: QtBot, make_film: MakeFilm
) -> None:
    paths = [make_film("a.png", 10), make_film("b.png", 240)]
    read_all(session, qtbot, paths)
    assert session.shown is not None
    session.close(session.shown)
    assert session.shown_film is not None
    assert session.shown_film.path == paths[1]
    with qtbot.waitSignal(session.emptied):
        session.close(session.shown)


def test_a_film_closed_while_it_waits_is_not_shown(
    session: FilmSession, qtbot: QtBot, make_film: MakeFilm
) -> None:
    session.open_paths([make_film("a.png", 10), make_film("b.png", 240)])
    session.close(session.films[0])
    start(session)
    qtbot.waitUntil(lambda: not session.is_reading, timeout=10000)
    assert names(session.films) == ["b.png"]
    assert session.shown_film is not None


def test_without_a_model_films_are_shown_without_a_verdict(
    qtbot: QtBot, make_film: MakeFilm, tmp_path: Path
) -> None:
    model = ModelInUse(tmp_path / "no model")
    session = FilmSession(model)
    told: list[Notice] = []
    model.notice_raised.connect(told.append)
    read_all(session, qtbot, [make_film("a.png", 10)])
    model.shut_down()
    assert session.shown_film is not None
    assert session.shown_film.reading is None
    assert len(told) == 1
    assert "without a verdict" in told[0].text


def test_pasted_pictures_are_films_of_their_own(
    session: FilmSession, qtbot: QtBot
) -> None:
    start(session)
    pixels = np.full((64, 64, 4), 255, np.uint8)
    session.open_picture(pixels)
    session.open_picture(pixels)
    qtbot.waitUntil(lambda: not session.is_reading, timeout=10000)
    assert names(session.films) == ["Pasted picture 1", "Pasted picture 2"]


def test_films_off_screen_keep_a_smaller_copy_when_memory_runs_short(
    session: FilmSession,
    qtbot: QtBot,
    make_film: MakeFilm,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(film_list, "KEPT_BYTES", 1)
    monkeypatch.setattr(film_list, "_REDUCED_PIXELS", 100_000)
    paths = [make_film(f"{i}.png", 100, size=1200) for i in range(2)]
    read_all(session, qtbot, paths)
    first, second = session.films[0], session.films[1]
    assert second.is_reduced
    with qtbot.waitSignal(session.film_refined):
        session.choose(second)
        reduced = session.shown_film
    assert reduced is not None
    assert reduced.pyramid.levels[0].size <= 100_000
    assert session.shown_film is not None
    assert session.shown_film.pyramid.levels[0].shape == (1200, 1200)
    assert first.is_reduced


def started(session: FilmSession, qtbot: QtBot) -> None:
    with qtbot.waitSignal(session._model.changed, timeout=10000):
        start(session)


def switched(session: FilmSession, qtbot: QtBot, path: Path) -> ModelBundle:
    with qtbot.waitSignal(session._model.changed, timeout=10000) as caught:
        session._model.use(path)
    qtbot.waitUntil(lambda: not session.is_reading, timeout=10000)
    bundle: ModelBundle = caught.args[0]
    return bundle


@pytest.fixture
def eager(tmp_path: Path) -> ModelBundle:
    """Calls every film COVID-19."""
    return write_tiny_bundle(tmp_path / "eager", name="Eager", shift=30.0)


def test_another_model_reads_the_film_on_screen_again(
    session: FilmSession, qtbot: QtBot, make_film: MakeFilm, eager: ModelBundle
) -> None:
    read_all(session, qtbot, [make_film("dark.png", 10)])
    refined = []
    session.film_refined.connect(refined.append)
    bundle = switched(session, qtbot, eager.path)
    assert bundle.sha256 == eager.sha256
    assert refined == [session.shown]
    assert session.shown_film is not None
    assert session.shown_film.reading is not None
    assert session.shown_film.reading.verdict.finding == "covid"
    assert session.shown_film.reading.bundle.card.name == "Eager"


def test_other_films_are_read_again_when_they_are_chosen(
    session: FilmSession, qtbot: QtBot, make_film: MakeFilm, eager: ModelBundle
) -> None:
    read_all(session, qtbot, [make_film("a.png", 240), make_film("b.png", 10)])
    switched(session, qtbot, eager.path)
    second = session.films[1]
    assert session.films.index(1).data(VERDICT_ROLE).startswith("Before: No sign")
    with qtbot.waitSignal(session.film_refined, timeout=10000):
        session.choose(second)
    assert session.films.index(1).data(VERDICT_ROLE).startswith("COVID-19")


def test_a_pasted_picture_is_read_again_too(
    session: FilmSession, qtbot: QtBot, eager: ModelBundle
) -> None:
    start(session)
    dark = np.zeros((128, 128, 3), np.uint8)
    dark[:, :8] = 200  # an even picture allows no finding
    session.open_picture(dark)
    qtbot.waitUntil(lambda: not session.is_reading, timeout=10000)
    switched(session, qtbot, eager.path)
    assert session.shown_film is not None
    assert session.shown_film.reading is not None
    assert session.shown_film.reading.verdict.finding == "covid"


def test_a_model_that_cannot_be_loaded_leaves_model_and_verdict(
    session: FilmSession, qtbot: QtBot, make_film: MakeFilm, eager: ModelBundle
) -> None:
    read_all(session, qtbot, [make_film("dark.png", 10)])
    shown = session.shown_film
    (eager.path / "model.bin").write_bytes(b"no weights")
    with qtbot.waitSignal(session._model.refused, timeout=10000):
        session._model.use(eager.path)
    assert session.shown_film is shown
    assert model_store.previous() is None
    read_all(session, qtbot, [make_film("new.png", 10)])
    assert session.shown_film is not None
    assert session.shown_film.reading is not None
    assert session.shown_film.reading.verdict.finding == "normal"


def test_a_film_that_is_gone_keeps_its_verdict_and_says_so(
    session: FilmSession, qtbot: QtBot, make_film: MakeFilm, eager: ModelBundle
) -> None:
    film = make_film("dark.png", 10)
    read_all(session, qtbot, [film])
    film.unlink()
    with qtbot.waitSignal(session.notice_raised) as caught:
        switched(session, qtbot, eager.path)
    assert "keeps the verdict of the model before" in caught.args[0].text
    assert session.shown_film is not None
    assert session.shown_film.reading is not None
    assert session.shown_film.reading.verdict.finding == "normal"


def test_the_model_in_use_is_opened_at_the_next_start(
    session: FilmSession, qtbot: QtBot, eager: ModelBundle, film: Path
) -> None:
    started(session, qtbot)
    switched(session, qtbot, eager.path)
    next_start = ModelInUse()
    later = FilmSession(next_start)
    read_all(later, qtbot, [film])
    next_start.shut_down()
    assert later.shown_film is not None
    assert later.shown_film.reading is not None
    assert later.shown_film.reading.bundle.card.name == "Eager"


def test_a_damaged_model_in_use_gives_way_to_the_shipped_one_and_it_is_told(
    qtbot: QtBot,
    eager: ModelBundle,
    tiny_bundle: ModelBundle,
    film: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("core.paths.default_bundle_dir", lambda: tiny_bundle.path)
    (model_store.use(eager.path).path / "model.bin").write_bytes(b"no weights")
    model = ModelInUse()
    session = FilmSession(model)
    told: list[Notice] = []
    model.notice_raised.connect(told.append)
    read_all(session, qtbot, [film])
    model.shut_down()
    assert session.shown_film is not None
    assert session.shown_film.reading is not None
    assert session.shown_film.reading.bundle.sha256 == tiny_bundle.sha256
    assert len(told) == 1
    assert "damaged" in told[0].hint


def test_going_back_opens_the_model_from_before(
    session: FilmSession, qtbot: QtBot, eager: ModelBundle, tmp_path: Path
) -> None:
    second = write_tiny_bundle(tmp_path / "second", name="Second", shift=-3.0)
    started(session, qtbot)
    switched(session, qtbot, eager.path)
    switched(session, qtbot, second.path)
    with qtbot.waitSignal(session._model.changed, timeout=10000) as caught:
        session._model.go_back()
    assert caught.args[0].card.name == "Eager"


def test_a_bug_in_reading_still_answers_the_request(
    session: FilmSession, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, film: Path
) -> None:
    def fail(*arguments: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("desktop.diagnose.session.diagnose", fail)
    told: list[Notice] = []
    session.notice_raised.connect(told.append)
    with qtbot.captureExceptions() as bugs:
        read_all(session, qtbot, [film])
        qtbot.waitUntil(lambda: bool(bugs))  # the reply comes before the report
    assert [kind for kind, _, _ in bugs] == [ZeroDivisionError]
    assert "fault in Hilum" in told[0].text


def test_thousands_of_films_are_listed_without_comparing_each_with_all(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared = 0
    equal = Path.__eq__

    def counted(path: Path, other: object) -> bool:
        nonlocal compared
        compared += 1
        return equal(path, other)

    films = FilmList()
    paths = [Path(f"/films/{i}.png") for i in range(200)]
    monkeypatch.setattr(type(paths[0]), "__eq__", counted)
    for path in (*paths, *paths):
        films.add(path)
    assert len(films) == 200
    assert compared < 1000
    films.remove(films[0])
    assert films.add(paths[0]) is films[199]
