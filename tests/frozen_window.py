"""The packaged window opens films however they are given, on screens of all sizes."""

from __future__ import annotations

import subprocess
from pathlib import Path

import psutil
import pytest

from core import paths
from tests.packed_app import (
    PackedApp,
    Screen,
    clean_environment,
    drop,
    new_screen,
    open_window,
    wait_until,
)

pytest_plugins = ("tests.packed_fixtures",)

FILM, OTHER, *_ = paths.sample_films()


def test_a_film_given_as_an_argument_is_read(app: PackedApp, screen: Screen) -> None:
    with open_window(app, screen, FILM):
        wait_until(lambda: screen.window_called(FILM.name))
        wait_until(screen.has_heat_map)


def test_several_films_are_read(app: PackedApp, screen: Screen) -> None:
    with open_window(app, screen, FILM, OTHER):
        wait_until(lambda: screen.window_called("Hilum"))
        wait_until(screen.has_heat_map)


def test_a_film_that_is_dropped_is_read(app: PackedApp, screen: Screen) -> None:
    with open_window(app, screen):
        wait_until(lambda: screen.window_called("Hilum"))
        drop(screen, FILM, screen.window_called("Hilum"))
        wait_until(lambda: screen.window_called(FILM.name))
        wait_until(screen.has_heat_map)


@pytest.mark.parametrize(
    ("width", "height", "scale"), [(800, 600, "1"), (3840, 2160, "2")]
)
def test_it_fits_the_screen(
    app: PackedApp, width: int, height: int, scale: str
) -> None:
    with (
        new_screen(width, height) as screen,
        open_window(app, screen, FILM, QT_SCALE_FACTOR=scale),
    ):
        wait_until(lambda: screen.window_called(FILM.name))
        wait_until(screen.has_heat_map)
        found = screen.shape(screen.window_called(FILM.name))
        assert found["X"] >= 0
        assert found["X"] + found["WIDTH"] <= width
        assert found["Y"] + found["HEIGHT"] <= height


def test_it_needs_no_opengl(app: PackedApp) -> None:
    without = ["-extension", "GLX"]
    with new_screen(1280, 820, *without) as screen, open_window(app, screen, FILM):
        wait_until(screen.has_heat_map)


def test_the_window_never_loads_tensorflow(app: PackedApp, screen: Screen) -> None:
    with open_window(app, screen, FILM) as window:
        wait_until(screen.has_heat_map)
        process = psutil.Process(window.pid)
        loaded = {Path(part.path).name for part in process.memory_maps()}
        assert not [name for name in loaded if "tensorflow" in name]
        assert [name for name in loaded if "openvino" in name]


def test_a_missing_display_is_told_in_a_sentence(app: PackedApp) -> None:
    environment = clean_environment({})
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        environment.pop(name, None)
    done = subprocess.run(
        [*map(str, app.window)], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stderr.strip()
