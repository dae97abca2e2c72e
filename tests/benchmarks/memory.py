"""Memory with the window open and a film shown, with and without a display server."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.benchmarks.child import ChildError, python, run_once
from tests.benchmarks.figures import Row, Target, plain_row
from tests.benchmarks.machine import film_in_words

AT_MOST = Target("at most 300 MB", 300.0)


@dataclasses.dataclass(frozen=True)
class Memory:
    """Memory of the window's process in MB.

    Attributes:
        film: What was shown.
        platform: Qt's: "offscreen", or "xcb" for a real display server.
        rss: Resident set, once per window opened.
        pss: Proportional set.
    """

    film: str
    platform: str
    rss: list[float]
    pss: list[float]


def measure(films: list[Path], bundle: Path, repeats: int) -> list[Memory]:
    """Open the window afresh for each figure, on every display there can be."""
    found = []
    with display() as screen:
        screens = [{"QT_QPA_PLATFORM": "offscreen"}]
        if screen:
            screens.append({"QT_QPA_PLATFORM": "xcb", "DISPLAY": screen})
        for film in films:
            command = python("tests.benchmarks.window_side", film, bundle)
            for changes in screens:
                answers = [run_once(command, **changes).answer for _ in range(repeats)]
                if not all(answer["has_heatmap"] for answer in answers):
                    raise ChildError("The window gave no verdict, so no heat map.")
                found.append(
                    Memory(
                        film_in_words(film),
                        answers[0]["platform"],
                        [answer["rss_mb"] for answer in answers],
                        [answer["pss_mb"] for answer in answers],
                    )
                )
    return found


@contextlib.contextmanager
def display() -> Iterator[str | None]:
    """A display server of our own: its name, or None where there is no Xvfb."""
    if not shutil.which("Xvfb"):
        yield None
        return
    # It takes a free number itself and writes it to the descriptor.
    with subprocess.Popen(
        ["Xvfb", "-displayfd", "1", "-screen", "0", "1600x1000x24", "-nolisten", "tcp"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as server:
        assert server.stdout is not None
        try:
            number = server.stdout.readline().strip()
            yield f":{number}" if number else None
        finally:
            server.terminate()


def rows(found: list[Memory]) -> list[Row]:
    """What is said of each window; the target is for the resident set."""
    result = []
    for memory in found:
        what = f"memory, window with {memory.film} and heat map, {memory.platform}"
        row = plain_row(what, memory.rss, "MB", AT_MOST)
        share = plain_row(what, memory.pss, "MB").ours
        result.append(dataclasses.replace(row, ours=f"{row.ours}; its share {share}"))
    return result


def to_json(found: list[Memory]) -> list[dict[str, Any]]:
    """Every measured value, MB."""
    return [dataclasses.asdict(memory) for memory in found]
