"""How much longer the window's worker takes to read a film while a job trains."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from tests.benchmarks.child import python, run_once
from tests.benchmarks.figures import Row, Target, in_words, spread
from tests.benchmarks.machine import film_in_words

AT_MOST_TWICE = Target("at most twice its usual time", 2.0)


@dataclasses.dataclass(frozen=True)
class Reading:
    """Seconds per reading of one film: decoded, judged, and made ready to show.

    Attributes:
        film: What was read.
        before: Before the job was started.
        during: While it fine-tuned.
        after: Once it had ended.
        nice: The job's priority as the system tells it; 0 is the usual.
        films_trained: What the job got through while films were read.
    """

    film: str
    before: list[float]
    during: list[float]
    after: list[float]
    nice: int
    films_trained: int

    @property
    def usual(self) -> list[float]:
        """On both sides of the job, should the machine have changed meanwhile."""
        return self.before + self.after


def measure(film: Path, bundle: Path, manifest: Path, repeats: int) -> Reading:
    """Read a film before, during and after a job on the films of a manifest."""
    command = python(
        "tests.benchmarks.reading_side", film, bundle, manifest, str(repeats)
    )
    return Reading(film_in_words(film), **run_once(command).answer)


def rows(reading: Reading) -> list[Row]:
    """What is said of it; the ratio is that of the medians."""
    usual, during = (
        [1000 * value for value in values] for values in (reading.usual, reading.during)
    )
    ratio = spread(during).median / spread(usual).median
    return [
        Row(
            f"reading of a film while a job trains, {reading.film}, against none",
            in_words(during, "ms"),
            in_words(usual, "ms"),
            f"{ratio:.2f} ×",
            AT_MOST_TWICE.text,
            AT_MOST_TWICE.is_reached(ratio),
        )
    ]


def conditions(reading: Reading) -> str:
    """What shows that the job was at work, and how."""
    before, after = (spread(x).median * 1000 for x in (reading.before, reading.after))
    return (
        f"  the job, of priority {reading.nice}, learned from "
        f"{reading.films_trained} films meanwhile; a reading took {before:.0f} ms "
        f"before it, {after:.0f} ms after"
    )


def to_json(reading: Reading) -> dict[str, Any]:
    """Every measured value, seconds."""
    return dataclasses.asdict(reading)
