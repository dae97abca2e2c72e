"""One training job from data to an installed bundle."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import keras
import msgspec

from core.data.dataset import Dataset
from core.data.film_weights import balanced_weights
from core.data.patients import compile_pattern
from core.data.split import (
    SPLITS,
    Split,
    given_split,
    refuse_leaks,
    split_as,
    split_by_group,
    write_manifest,
)
from core.errors import TrainingError
from core.evaluation.findings import cautions_about
from core.files import atomic_write, write_json
from core.films.preprocess import PreprocessSpec
from core.jobs.control import Control
from core.jobs.events import EpochEnded, JobSucceeded, Noted
from core.jobs.reporters import Report, StageProgress
from core.json_file import read_json
from core.model.bundle import WEIGHTS, ModelBundle
from core.runs.config import TrainingConfig
from core.runs.job_folder import JobFolder, save_weights
from core.runs.progress import EPOCHS, also_to_table
from core.training.check import FINDINGS, check_films, group_copies
from core.training.compiling import spread_over_devices
from core.training.device import find_device, fitting_batch, is_out_of_memory
from core.training.features import compute_features, read_features
from core.training.fit import BEST, best_network, fine_tune
from core.training.head_fit import (
    HEAD,
    Features,
    Head,
    fit_head,
    put_head,
    read_head,
    write_head,
)
from core.training.install import display_name, export_checked, install
from core.training.network import build_network, unfreeze
from core.training.pipeline import Films, JobFilms, Part, TrainingFilms, read_films
from core.training.seeds import begin_phase
from core.training.unseen_sources import measure_unseen_sources
from core.training.weights import halve, load_start

_START = "start.weights.h5"


def run_job(
    config: TrainingConfig,
    dataset: Dataset,
    out: Path,
    *,
    folder: JobFolder,
    command: str,
    report: Report,
    control: Control,
    for_use: bool = True,
) -> ModelBundle:
    """Train, export, evaluate and install; go on where a former run stopped.

    Args:
        dataset: Of `core.training.checks.check_job`.
        folder: Where the job keeps its files until the bundle is made.
        control: Asked after every film and step.
        for_use: Whether the model is to read films of users. One that is not gets
            no gate and is not probed, which takes longer than training a head.

    Raises:
        TrainingStopped: The user wants the end; what was done is kept.
        CoreError: The data, the settings or the disk cannot serve.
    """
    told = also_to_table(report, folder.path / EPOCHS)
    job = TrainingJob(config, folder, StageProgress(told, control))
    report(find_device())
    films, dataset = job.read(dataset)
    data = JobFilms(dataset, job.split(dataset, films), films)
    job.train(job.films(data))
    bundle = job.finish(data, out, command, for_use=for_use)
    folder.discard()
    report(JobSucceeded(str(out)))
    return bundle


@dataclasses.dataclass(frozen=True)
class TrainingJob:
    """The stages of one job, each leaving its result in the folder.

    Attributes:
        shared: Folder of the features of the frozen backbone, where other jobs use
            them as well; the job's own if None.
    """

    config: TrainingConfig
    folder: JobFolder
    progress: StageProgress
    shared: JobFolder | None = None

    def read(self, dataset: Dataset) -> tuple[Films, Dataset]:
        """Decode the films; they, and what is left of the data."""
        self.progress.start("reading", f"Reading the films of {dataset.name}.")
        left_out, wanted = [*dataset.left_out.items()], dataset.samples
        given = given_split(dataset, leaks_accepted=bool(self.config.accept_leaks))
        if given is not None:
            left_out += given[1].items()
            wanted = (*given[0].train, *given[0].val, *given[0].test)
        for reason, count in left_out:
            self.progress.report(Noted(f"Left out ({reason}): {count:,}."))
        films = read_films(
            wanted,
            PreprocessSpec(size=self.config.size),
            self.folder.path,
            lambda done: self.progress.done(done, len(wanted)),
            pattern=compile_pattern(self.config.patient_pattern),
        )
        for file, reason in films.unreadable.items():
            self.progress.report(Noted(f"Left out {file}: {reason}"))
        return films, dataclasses.replace(dataset, samples=films.samples)

    def split(self, dataset: Dataset, films: Films) -> Split:
        """Made once: a job that goes on has the split that it began with."""
        record = self.folder.split
        if record.exists():
            where = read_json(record)
            return split_as(dataset.samples, [where[s.file] for s in dataset.samples])
        config = self.config
        accepted = bool(config.accept_leaks)
        if accepted:  # the settings that are recorded say so too
            told = f"Leaks between the splits are accepted: {config.accept_leaks}"
            self.progress.report(Noted(told))
        # Asked again: an unreadable film may have been a label's only one.
        given = given_split(dataset, leaks_accepted=accepted)
        self.progress.start("reading", "Looking for copies and for shortcuts.")
        check = self.progress.control.stop_if_asked
        groups, pairs = group_copies(films, check)
        if given is not None:
            if not accepted:
                refuse_leaks(dataset.samples, groups)
            split = given[0]
        else:
            shares = {"validation": config.validation, "test": config.test}
            split = split_by_group(dataset, groups, **shares, seed=config.seed)
        found = check_films(
            films,
            split,
            groups,
            pairs,
            is_given=given is not None,
            seed=config.seed,
            check=check,
        )
        write_json(self.folder.path / FINDINGS, found)
        names = {label: display_name(label) for label in dataset.labels}
        for caution in cautions_about({"findings": found}, names):
            self.progress.report(Noted(caution))
        write_manifest(self.folder.path / "split.csv", split)
        write_json(record, {s.file: name for name in SPLITS for s in split.part(name)})
        return split

    def films(self, data: JobFilms) -> TrainingFilms:
        """What both phases learn from."""
        train, val = (self._part(data, name) for name in ("train", "val"))
        return TrainingFilms(data.films.pixels, train, val, len(data.dataset.labels))

    def train(self, films: TrainingFilms) -> None:
        """Both phases; the best network ends up in the folder."""
        if self.folder.trained.exists():
            return
        is_tuning = self.folder.progress() is not None
        start = self.folder.path / _START
        if not start.exists():
            self._train_head(films)
        phase, history = "head", list[EpochEnded]()
        has_head = self.config.head_epochs > 0
        if has_head:
            history += read_head(self.folder.path / HEAD).history
        may_end = has_head and not is_tuning and self.progress.control.wants_finish
        if self.config.epochs and not may_end:
            phase = "fine-tuning"
            history += self._fine_tune(films)
        else:
            with atomic_write(self.folder.path / BEST) as partial:
                shutil.copyfile(start, partial)
        self._note_end(phase, history)
        write_json(self.folder.trained, [msgspec.structs.asdict(e) for e in history])

    def finish(
        self, data: JobFilms, out: Path, command: str, *, for_use: bool
    ) -> ModelBundle:
        """Export, calibrate on validation, report on test, install."""
        folder, weights = self.folder, self.folder.path / WEIGHTS
        self.progress.start("export", "Writing the graph and comparing it with Keras.")
        network = best_network(self.config, len(data.dataset.labels), self.folder)
        save_weights(network, weights)
        halve(weights)
        exported = export_checked(network, data, self.config, folder, for_use=for_use)
        if self.config.leave_one_source_out:
            measure_unseen_sources(
                self.config, data, self.folder, self.progress, self._train_other
            )
        self.progress.start("evaluation", "Measuring it on validation and test films.")
        return install(
            exported,
            data,
            config=self.config,
            folder=folder,
            out=out,
            command=command,
            on_film=self.progress.done,
        )

    def _train_other(
        self, folder: JobFolder, data: JobFilms, progress: StageProgress
    ) -> None:
        """Train by the same settings in another folder, on other films."""
        job = dataclasses.replace(self, folder=folder, progress=progress)
        job.train(job.films(data))

    def _part(self, data: JobFilms, name: str) -> Part:
        samples = data.split.part(name)
        weights = balanced_weights(samples, self.config.balance, self.config.heaviest)
        return Part(data.rows(name), data.truth(name), weights)

    def features(
        self, films: TrainingFilms, network: keras.Model | None = None
    ) -> Features:
        """What the frozen backbone of a network, maybe made already, sees in films."""
        folder = self.shared or self.folder
        if not self.config.head_varied and (kept := read_features(folder)):
            return kept
        network = network or self.start_network(films.classes)
        return compute_features(
            network, films, self.config, folder=folder, progress=self.progress
        )

    def head(self, films: TrainingFilms, network: keras.Model | None = None) -> Head:
        """A head that fits the frozen backbone; kept in the folder."""
        path = self.folder.path / HEAD
        if not path.exists():
            features = self.features(films, network)
            self.progress.start("head", "Training the head on the features.")
            write_head(path, fit_head(features, films, self.config, self.progress))
        return read_head(path)

    def _train_head(self, films: TrainingFilms) -> None:
        """The first phase: starting weights with a head that fits them."""
        network = self.start_network(films.classes)
        if self.config.head_epochs:
            put_head(network, self.head(films, network), self.config)
            for used in self.folder.path.glob("varied-*.npy"):
                used.unlink()
        save_weights(network, self.folder.path / _START)

    def start_network(self, classes: int) -> keras.Model:
        """The network with its starting weights, and a random head."""
        begin_phase(self.config.seed, "start")
        keras.mixed_precision.set_dtype_policy("float32")
        network = build_network(self.config, classes)
        load_start(network, self.config)
        return network

    def _fine_tune(self, films: TrainingFilms) -> tuple[EpochEnded, ...]:
        """The second phase; with half the batch again while memory runs out."""
        config = self.config
        policy = "mixed_bfloat16" if config.mixed_precision else "float32"
        detail = f"Training the layers from {config.unfreeze_from} on."
        self.progress.start("fine-tuning", detail)
        while True:
            begin_phase(config.seed, "fine-tuning")
            try:
                with spread_over_devices() as devices:
                    keras.mixed_precision.set_dtype_policy(policy)
                    network = build_network(config, films.classes)
                    unfreeze(network, config)
                    batch = self._fitting_batch(network, devices)
                    network.load_weights(self.folder.path / _START)
                    return fine_tune(
                        network,
                        films,
                        config,
                        batch=batch,
                        devices=devices,
                        folder=self.folder,
                        progress=self.progress,
                    )
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
            # Out of the handler, whose traceback would keep the network alive.
            network = None
            self._halve(devices)

    def _fitting_batch(self, network: keras.Model, devices: int) -> int:
        """The job's batch, or fewer films where memory would not suffice."""
        asked = self.folder.batch(self.config)
        batch = fitting_batch(network, asked, devices)
        if batch < asked:
            self.folder.set_batch(batch)
            self._note(
                f"Memory is short of what {asked} films per step would need; "
                f"{batch} per step are used."
            )
        return batch

    def _halve(self, devices: int) -> None:
        batch = self.folder.batch(self.config)
        if batch // 2 < devices:
            raise TrainingError(
                f"Memory ran out even with {batch} films per step.",
                hint="Close other programs, choose a smaller size of the input, or "
                "unfreeze fewer layers; then resume the job (in a terminal: --resume).",
            )
        self.folder.set_batch(batch // 2)
        self._note(
            f"Memory ran out with {batch} films per step; the epoch was started "
            f"again with {batch // 2}."
        )

    def _note_end(self, phase: str, history: list[EpochEnded]) -> None:
        """Say where a training was ended by hand; `phase` is the last that began."""
        if not self.progress.control.wants_finish:
            return
        done = sum(epoch.phase == phase for epoch in history)
        most = self.config.head_epochs if phase == "head" else self.config.epochs
        when = f"after epoch {done}" if done else "before the end of epoch 1"
        self._note(
            f"Training was ended by hand in the phase {phase} {when} of at most "
            f"{most}; the best weights until then were kept."
        )

    def _note(self, sentence: str) -> None:
        """Tell the user, and the record of the job."""
        self.folder.note(sentence)
        self.progress.report(Noted(sentence))
