"""What an experiment was asked to do, what it keeps, and which ones there are."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from core import __version__
from core.errors import CoreError
from core.experiments.experiment import Arm, Experiment, config_of_arm
from core.files import write_json
from core.json_file import read_json
from core.paths import experiments_dir, shipped_experiments_dir
from core.records import convert
from core.runs.config import TrainingConfig
from core.runs.job_folder import JobFolder, read_begun
from core.runs.run import Run
from core.runs.store import read_run

_RECORD: Final = "experiment.json"
RESULTS: Final = "results.json"
PAGE: Final = "page.html"
MARKDOWN: Final = "page.md"
#: Names of all that an experiment keeps in its folder.
_PARTS: Final = frozenset(
    [_RECORD, RESULTS, PAGE, MARKDOWN, "audit.json", "split.csv", "crops.json"]
)
_FOLDERS: Final = frozenset(["runs", "figures", "cropped", "phantoms", "shared"])


class Record(msgspec.Struct, frozen=True):
    """What an experiment was asked to do.

    Attributes:
        data: Folder or manifest.
        seeds: Of the trainings of each arm; with folds, the one seed of all.
        folds: Parts that the films are tested on in turn; 0 for one split.
        changes: Settings that the user wants in every arm.
        positive: Label of one against the rest, as the user names it; may be empty.
        backend: Of Keras.
        command: How it was begun.
    """

    experiment: Experiment
    data: Path
    seeds: tuple[int, ...]
    started: datetime
    folds: int = 0
    quick: bool = False
    changes: dict[str, Any] = {}
    positive: str = ""
    backend: str = "tensorflow"
    command: str = ""
    version: str = __version__
    format: Literal[1] = 1

    def config(self, arm: Arm) -> TrainingConfig:
        """The job of an arm."""
        return config_of_arm(self.experiment, arm, self.changes, quick=self.quick)


@dataclasses.dataclass(frozen=True)
class Repeat:
    """One training of each arm: its seed, and the manifest of its films."""

    name: str
    seed: int
    split: Path


class ExperimentFolder:
    """Where an experiment keeps what it makes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        #: What the check of the films found.
        self.audit = path / "audit.json"
        #: The page for people; there once the experiment is over.
        self.page = path / PAGE
        #: Manifest of the drawn films of a quick run.
        self.phantoms = path / "phantoms" / "films.csv"
        #: What trainings share; needed until all are done.
        self.shared = path / "shared"
        #: How many films could not be cropped to the lungs.
        self.crops = path / "crops.json"

    def begin(self, record: Record) -> None:
        """Write what is to be done; an OutputError where that cannot be."""
        write_json(self.path / _RECORD, record)

    def record(self) -> Record:
        """What was to be done here.

        Raises:
            TrainingError: There is no experiment, or its record is damaged.
        """
        return read_begun(
            self.path / _RECORD, "experiment", lambda fields: convert(fields, Record)
        )

    def refuse_running(self) -> None:
        """Raise TrainingError while a process trains here."""
        for work in self.path.glob("runs/*/*.work"):
            JobFolder(work).refuse_running()

    def repeats(self, record: Record) -> list[Repeat]:
        """What every arm is trained with in turn."""
        if record.folds:
            return [
                Repeat(f"fold {n}", record.seeds[0], self.fold(n))
                for n in range(1, record.folds + 1)
            ]
        split = self.path / "split.csv"
        return [Repeat(f"seed {seed}", seed, split) for seed in record.seeds]

    def fold(self, number: int) -> Path:
        """Manifest of the films of a fold, from 1."""
        return self.path / f"fold-{number}.csv"

    def run(self, arm: str, repeat: Repeat, part: int = 0) -> Run:
        """One training; `part` is the number of the source that it leaves out."""
        without = f" without source {part}" if part else ""
        return read_run(self.path / "runs" / f"{arm} {repeat.name}{without}")


def is_experiment(folder: Path) -> bool:
    """Whether a folder is what an experiment made, and holds nothing else."""
    if not (folder / _RECORD).is_file():
        return False
    return all(
        path.name in (_FOLDERS if path.is_dir() else _PARTS)
        or path.match("fold-*.csv")
        or path.name.startswith(".")
        for path in folder.iterdir()
    )


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
