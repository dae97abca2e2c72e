"""What an interrupted job leaves behind, and how it goes on from there."""

from __future__ import annotations

import contextlib
import fnmatch
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol, TypeVar

import msgspec

from core.errors import TrainingError
from core.files import atomic_write, write_json
from core.jobs.channel import Start
from core.jobs.events import EpochEnded
from core.json_file import read_json
from core.outputs import contents
from core.records import convert
from core.runs.config import TrainingConfig, convert_with_config

_JOB = "job.json"
_PROGRESS = "progress.json"
_RUNNING = "running.json"
_MEMO = "memo.json"
_SHORT = "short-of-memory"
#: Names of all that a job keeps in its folder.
_FILES = "*.json *.csv *.npz *.npy *.u8 *.h5 *.xml *.bin".split() + [_SHORT]
_FOLDERS = ("draft", "without")

T = TypeVar("T")


class HasWeights(Protocol):
    """What can write its weights, as `keras.Model` does."""

    def save_weights(self, filepath: Path) -> None:
        """Write them to a file that ends in `.weights.h5`."""


class Progress(msgspec.Struct, frozen=True):
    """How far a phase has come. Renamed into place after its weights.

    Attributes:
        weights: File with the network and optimiser after that epoch.
        best_epoch: 1-based; 0 if none was better than the start.
        best_loss: Its validation loss, or the start's.
    """

    phase: str
    epoch: int
    weights: str
    best_epoch: int
    best_loss: float
    history: tuple[EpochEnded, ...]


class Job(msgspec.Struct, frozen=True):
    """A job as it was asked for.

    Attributes:
        config: Everything that decides what it makes.
        data: Folder or manifest.
        command: How it was begun, for the card.
        preset: Name of the one that it was begun with; empty where not recorded.
        backend: What Keras computes with; likewise.
    """

    config: TrainingConfig
    data: Path
    command: str
    preset: str = ""
    backend: str = ""


class _Memo(msgspec.Struct):
    """What happened to a job; the batch is 0 where it is the job's own."""

    notes: tuple[str, ...] = ()
    batch: int = 0


class JobFolder:
    """The folder in which a job keeps its files until its bundle is made."""

    def __init__(self, path: Path) -> None:
        self.path = path
        #: History of both phases; there once training is over.
        self.trained = path / "trained.json"
        #: Which film is where; there once they were split.
        self.split = path / "split.json"

    @classmethod
    def beside(cls, out: Path) -> JobFolder:
        """The folder of the job that makes the bundle `out`."""
        return cls(out.parent / f"{out.name}.work")

    def exists(self) -> bool:
        """Whether there is a job to go on with."""
        return (self.path / _JOB).is_file()

    def is_only_a_job(self) -> bool:
        """Whether the folder holds what a job keeps, and nothing else."""
        found = contents(self.path) or {}
        return _JOB in found and all(map(_is_part, found, found.values()))

    def discard(self) -> None:
        """Remove what the job kept; the folder too, unless others put things there."""
        found = contents(self.path) or {}
        # The record last: without it nobody would know what the rest is.
        for name in sorted(found, key=lambda name: name == _JOB):
            path = self.path / name
            if path.is_symlink() or not _is_part(name, found[name]):
                continue
            with contextlib.suppress(OSError):
                if found[name]:
                    path.unlink()
                else:
                    shutil.rmtree(path)
        if contents(self.path) == {}:
            shutil.rmtree(self.path, ignore_errors=True)

    def has_begun_to_train(self) -> bool:
        """Whether the job has no more need of its starting weights."""
        return self.trained.exists() or self.progress() is not None

    def is_running(self) -> bool:
        """Whether a process is at work on the job."""
        return Start.read(self.path / _RUNNING).process() is not None

    def refuse_running(self) -> None:
        """Refuse to touch the job while a process is at work on it.

        Raises:
            TrainingError: One is.
        """
        if self.is_running():
            raise TrainingError(
                f"The job in {self.path.name} is running already.",
                hint="Wait for it, or stop it first.",
            )

    @contextlib.contextmanager
    def at_work(self) -> Iterator[None]:
        """Note that this process is at work on the job, until it no longer is.

        Raises:
            TrainingError: Another process is.
            OutputError: The folder cannot be written.
        """
        self.refuse_running()
        (self.path / _SHORT).unlink(missing_ok=True)
        write_json(self.path / _RUNNING, Start().by_me())
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                (self.path / _RUNNING).unlink(missing_ok=True)

    def mark_short_of_memory(self) -> None:
        """Leave word that memory is nearly out, in case the system ends the job."""
        with contextlib.suppress(OSError):
            (self.path / _SHORT).touch()

    def died_short_of_memory(self) -> bool:
        """Whether the process at work was killed when memory was nearly out."""
        was_killed = (self.path / _RUNNING).exists() and not self.is_running()
        return was_killed and (self.path / _SHORT).exists()

    def take_less_memory(self, config: TrainingConfig) -> None:
        """Halve the batch of a job that was killed when memory was nearly out."""
        batch = self.batch(config)
        if batch > 1 and self.died_short_of_memory():
            self.set_batch(batch // 2)
            self.note(
                f"The job was killed with {batch} films per step when memory was "
                f"nearly out; the epoch was started again with {batch // 2}."
            )

    def notes(self) -> list[str]:
        """What happened to the job that its record must say."""
        return list(self._memo().notes)

    def note(self, sentence: str) -> None:
        """Keep a sentence for the job's record, once."""
        if sentence not in self.notes():
            self._keep_memo(notes=(*self.notes(), sentence))

    def batch(self, config: TrainingConfig) -> int:
        """Films per step: the job's own, or fewer since memory ran out."""
        return self._memo().batch or config.batch

    def set_batch(self, batch: int) -> None:
        """Use fewer films per step from now on, also after a resume."""
        self._keep_memo(batch=batch)

    def begin(self, job: Job) -> None:
        """Record the job.

        Raises:
            OutputError: The folder cannot be written.
        """
        absolute = msgspec.structs.replace(job, data=job.data.resolve())
        write_json(self.path / _JOB, absolute)

    def job(self) -> Job:
        """The job that was begun here.

        Raises:
            TrainingError: There is none, or its record is damaged.
        """
        return read_begun(
            self.path / _JOB, "job", lambda fields: convert_with_config(fields, Job)
        )

    def _memo(self) -> _Memo:
        try:
            return convert(read_json(self.path / _MEMO), _Memo)
        except FileNotFoundError:
            return _Memo()

    def _keep_memo(self, **fields: Any) -> None:
        memo = msgspec.structs.replace(self._memo(), **fields)
        write_json(self.path / _MEMO, memo)

    def progress(self) -> Progress | None:
        """How far the fine-tuning has come; None before its first epoch ended."""
        try:
            return convert(read_json(self.path / _PROGRESS), Progress)
        except FileNotFoundError:
            return None

    def save_progress(self, progress: Progress, network: HasWeights) -> None:
        """Write the network and optimiser, then make them the ones to go on from.

        The weights get a name of their own and the record is renamed last, so
        a kill at any moment leaves the former epoch or this one, whole.
        """
        save_weights(network, self.path / progress.weights)
        write_json(self.path / _PROGRESS, progress)
        for old in self.path.glob("epoch-*.weights.h5"):
            if old.name != progress.weights:
                with contextlib.suppress(OSError):
                    old.unlink()


def read_begun(path: Path, what: str, parse: Callable[[Any], T]) -> T:
    """The record of what was begun in a folder, to go on with it.

    Args:
        path: Of the record.
        what: That was begun, for people: "job".

    Raises:
        TrainingError: Nothing was, or the record is damaged.
    """
    try:
        return parse(read_json(path))
    except FileNotFoundError as error:
        raise TrainingError(
            f"There is no {what} to go on with in {path.parent}.",
            hint="Start it without --resume.",
        ) from error
    except (OSError, ValueError) as error:
        raise TrainingError(
            f"The record of the {what} in {path.parent} is damaged ({error}).",
            hint="Delete that folder and start anew.",
        ) from error


def _is_part(name: str, is_file: bool) -> bool:
    if not is_file:
        return name in _FOLDERS
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in _FILES)


def without_folder(text: str) -> str:
    """The name alone of an absolute path; anything else as it is."""
    return Path(text).name if Path(text).is_absolute() else text


def save_weights(network: HasWeights, path: Path) -> None:
    """Write weights beside their place and rename them.

    Raises:
        OutputError: The disk is full or may not be written to.
    """
    # Keras insists on the double suffix.
    partial = path.with_name(f"partial-{path.name}")
    with atomic_write(path) as final:
        try:
            network.save_weights(partial)
            partial.replace(final)
        finally:
            partial.unlink(missing_ok=True)
