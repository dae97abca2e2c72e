"""New films of a folder, each once it has been written completely."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from core.errors import DatasetError
from core.films.finder import FilmState, FoundFilm, find_films

#: Between two looks; where a look takes long, so many times as long.
_LOOK_EVERY_S = 2.0
_PAUSE_PER_LOOK = 4.0
#: Nothing tells on every system, and of network folders, whether a file is still
#: being written: one that has not changed for so long is taken for whole.
_SETTLED_S = 5.0
#: An empty one has been made to be written to.
_EMPTY_S = 10.0
_CHECK_EVERY_S = 0.1


def new_films(
    folder: Path,
    known: Callable[[str], bool],
    check: Callable[[], None],
    *,
    hidden: bool = False,
) -> Iterator[list[FoundFilm]]:
    """Look into a folder and those below it again and again, without end.

    Args:
        known: Whether a file was read before; asked again at each look.
        check: Called often; raises to stop.
        hidden: As `find_films`.

    Yields:
        Films that came, some at a time, in the order of their paths.

    Raises:
        DatasetError: The folder is gone.
    """
    #: Film -> how it was, and since when.
    unsettled: dict[str, tuple[FilmState | None, float]] = {}
    while True:
        check()
        began = time.monotonic()
        try:
            found = find_films(folder, check, hidden=hidden).films
        except DatasetError:
            check()  # which knows what to say of a folder that has just gone
            raise
        came = [film for film in found if not known(film.file)]
        now = time.monotonic()
        before, unsettled = unsettled, {}
        ready = []
        for film in came:
            state, since = before.get(film.file, (None, now))
            if state is None or state != film.state:
                since = now  # always that of a link to nowhere, which is no film yet
            is_empty = film.state is not None and not film.state.size
            if now - since >= (_EMPTY_S if is_empty else _SETTLED_S):
                ready.append(film)
            else:
                unsettled[film.file] = film.state, since
        if ready:
            yield ready
        until = now + max(_LOOK_EVERY_S, _PAUSE_PER_LOOK * (now - began))
        while time.monotonic() < until:
            check()
            time.sleep(_CHECK_EVERY_S)
