"""The experiments that there are pages of, and those that are still to be finished."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import msgspec

from core.errors import CoreError
from core.experiments.record import PAGE, RESULTS, ExperimentFolder
from core.json_file import read_json
from core.paths import experiments_dir, shipped_experiments_dir
from core.records import convert


@dataclasses.dataclass(frozen=True)
class Answered:
    """An experiment as it is listed.

    Attributes:
        answer: Sentences; empty where it is not finished, or cannot be read.
        page: For people; None before it is finished.
        is_shipped: Whether it comes with the program.
    """

    path: Path
    title: str
    question: str
    answer: tuple[str, ...]
    page: Path | None
    is_shipped: bool


class _Asked(msgspec.Struct):
    title: str
    question: str


class _Results(msgspec.Struct):
    experiment: _Asked
    answer: tuple[str, ...]


def list_experiments() -> list[Answered]:
    """Those that come with the program, then the user's own, by name."""
    found = []
    for home in (shipped_experiments_dir(), experiments_dir()):
        is_shipped = home == shipped_experiments_dir()
        folders = sorted(home.iterdir()) if home.is_dir() else []
        found += [read_answered(f, is_shipped) for f in folders if f.is_dir()]
    return [each for each in found if each is not None]


def read_answered(folder: Path, is_shipped: bool = False) -> Answered | None:
    """The experiment in a folder; None where there is none."""
    try:
        results = convert(read_json(folder / RESULTS), _Results)
        asked, answer, page = results.experiment, results.answer, folder / PAGE
        if page.is_file():
            words = asked.title, asked.question, answer
            return Answered(folder, *words, page, is_shipped)
    except (OSError, ValueError):
        pass
    try:
        begun = ExperimentFolder(folder).record().experiment
    except CoreError:
        return None
    return Answered(folder, begun.title, begun.question, (), None, is_shipped)
