"""Films read ahead, in threads."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable, Iterator

import psutil
import pytest

from core.errors import DatasetError, ImageReadError, TrainingStopped
from core.films import read_ahead as film_reader
from core.films.read_ahead import FilmReader, read_ahead


def reader(load: Callable[[int], object], **options: float) -> FilmReader:
    return FilmReader(load, **{"threads": 2, "ahead": 6, **options})


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """Opened at the end, so that no thread hangs for good."""
    event = threading.Event()
    yield event
    event.set()


def test_results_come_in_order() -> None:
    first = threading.Event()

    def load(film: int) -> int:
        # The first film waits for a later one, which runs beside it.
        assert first.wait(10) if film == 0 else True
        first.set()
        return film * film

    found = list(reader(load).read(range(50)))
    assert found == [(film, film * film) for film in range(50)]


def test_no_more_films_are_read_ahead_than_told() -> None:
    taken = []

    def films() -> Iterator[int]:
        for film in range(100):
            taken.append(film)
            yield film

    results = reader(lambda film: film, ahead=6).read(films())
    next(results)
    assert len(taken) == 6
    results.close()


def test_a_bad_film_comes_with_its_reason() -> None:
    def load(film: int) -> int:
        if film == 1:
            raise ImageReadError("It is damaged.")
        return film

    found = [result for _, result in reader(load).read(range(3))]
    assert (found[0], str(found[1]), found[2]) == (0, "It is damaged.", 2)


def test_a_bug_is_raised() -> None:
    def load(film: int) -> int:
        raise KeyError(film)

    with pytest.raises(KeyError):
        list(reader(load).read([1]))


def test_a_film_that_hangs_is_given_up_and_the_rest_is_read(
    gate: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(film_reader, "TIMEOUT_S", 0.2)

    def load(film: int) -> int:
        if film in (1, 3):
            gate.wait()
        return film

    found = dict(reader(load).read(range(8)))
    late = [
        film for film, result in found.items() if isinstance(result, ImageReadError)
    ]
    assert late == [1, 3]
    assert "within 0 seconds" in str(found[1])
    assert list(found) == list(range(8))


def test_a_folder_where_every_film_hangs_ends_the_scan(
    gate: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(film_reader, "TIMEOUT_S", 0.01)

    def load(film: int) -> bool:
        return gate.wait()

    with pytest.raises(DatasetError, match="does not answer"):
        list(reader(load).read(range(100)))


def test_a_wish_to_stop_is_heard_while_a_film_hangs(
    gate: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(film_reader, "_LEAVE_S", 0.1)
    asked = []

    def check() -> None:
        asked.append(True)
        if len(asked) > 3:
            raise TrainingStopped("stop")

    with pytest.raises(TrainingStopped):
        list(reader(lambda film: gate.wait()).read(range(2), check))


@pytest.mark.parametrize("wrapped", [True, False])
def test_films_that_do_not_fit_together_are_read_one_by_one(wrapped: bool) -> None:
    together = threading.Barrier(2, timeout=10)
    running: set[int] = set()
    most: list[int] = []

    def load(film: int) -> int:
        running.add(film)
        try:
            if film < 2 and not most:
                together.wait()
                most.append(2)
                raise MemoryError
            assert film > 1 or len(running) == 1, "not alone"
        except MemoryError as error:
            if wrapped:
                raise ImageReadError("There is not enough memory.") from error
            raise
        finally:
            running.discard(film)
        return film

    careful = reader(load)
    found = list(careful.read(range(10)))
    assert found == [(film, film) for film in range(10)]
    assert careful.limit == 1


def test_a_film_that_does_not_fit_alone_either_is_a_row() -> None:
    def load(film: int) -> int:
        if film == 1:
            raise MemoryError
        return film

    found = [result for _, result in reader(load).read(range(3))]
    assert (found[0], found[2]) == (0, 2)
    assert "not enough memory" in str(found[1])


def test_a_film_that_failed_does_not_hold_on_to_its_memory() -> None:
    alive: list[weakref.ref[_Pixels]] = []

    def load(film: int) -> int:
        pixels = _Pixels()
        alive.append(weakref.ref(pixels))
        try:
            raise MemoryError
        except MemoryError as error:
            raise ImageReadError("There is not enough memory.") from error

    results = reader(load).read(range(6))
    kept = [next(results)[1]]
    held = [each for each in alive[:2] if each() is not None]
    results.close()
    assert isinstance(kept[0], ImageReadError)
    assert not held


class _Pixels:
    """What is large about a film."""


def test_more_are_read_at_a_time_again_once_memory_suffices() -> None:
    tried: list[int] = []

    def load(film: int) -> int:
        if film == 1 and not tried:
            tried.append(film)
            raise MemoryError
        return film

    careful = reader(load, threads=3)
    at_once = []
    for film, _ in careful.read(range(200)):
        at_once.append(careful.limit)
        assert film == len(at_once) - 1
    assert min(at_once) == 1
    assert at_once[-1] == 3


def test_films_are_read_one_by_one_where_memory_is_nearly_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = psutil.virtual_memory()
    short = real._replace(available=real.total // 100)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: short)
    careful = reader(lambda film: film)
    assert len(list(careful.read(range(20)))) == 20
    assert careful.limit == 1


def test_its_threads_end_with_it() -> None:
    before = threading.active_count()
    results = reader(lambda film: film, threads=4).read(range(1000))
    next(results)
    results.close()
    for thread in threading.enumerate():
        if thread.name.startswith("film-"):
            thread.join(10)
    assert threading.active_count() == before


def test_whatever_is_read_ahead_comes_in_order_and_not_all_at_once() -> None:
    begun: list[int] = []

    def load(number: int) -> int:
        begun.append(number)
        time.sleep(0.001 * (7 - number % 7))
        return number * number

    squares = read_ahead(load, range(200), threads=4, ahead=10)
    assert next(squares) == (0, 0)
    assert len(begun) <= 10
    assert list(squares) == [(number, number * number) for number in range(1, 200)]


def test_what_is_raised_while_reading_ahead_ends_it() -> None:
    begun: list[int] = []

    def load(number: int) -> int:
        begun.append(number)
        if number == 3:
            raise ValueError(number)
        return number

    with pytest.raises(ValueError, match="3"):
        list(read_ahead(load, range(1000), threads=2, ahead=8))
    assert len(begun) < 20
