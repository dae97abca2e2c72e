"""What a model is worth on films of a source that it never saw, for each source.

Where every source holds some labels only, figures on films of known sources tell
which source a film is from. So a model is trained without each source, by the same
settings, and measured on all of its films.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.data.dataset import Sample
from core.data.split import SPLITS, Split
from core.evaluation.evaluate import Scores, evaluate, without_details
from core.evaluation.metrics import fit_temperature
from core.files import write_json
from core.jobs.events import EpochEnded, Noted, Progressed, StageStarted, TrainingEvent
from core.jobs.reporters import StageProgress
from core.json_file import read_json
from core.runs.config import TrainingConfig
from core.runs.job_folder import JobFolder
from core.training.check import group_copies
from core.training.export import keras_logits
from core.training.fit import best_network
from core.training.pipeline import JobFilms, logits_of

#: Where the job keeps what was measured, by source.
UNSEEN: Final = "unseen.json"
#: Folder of the job of the source in turn.
_WITHOUT: Final = "without"
#: The stage that this belongs to.
_STAGE: Final = "evaluation"

Train = Callable[[JobFolder, JobFilms, StageProgress], None]


def measure_unseen_sources(
    config: TrainingConfig,
    data: JobFilms,
    folder: JobFolder,
    progress: StageProgress,
    train: Train,
) -> None:
    """Train without each source and measure on it; what is done already is kept.

    Ended by hand, it leaves out the sources that are still to come.

    Args:
        folder: Of the job; `unseen_sources` reads there what was measured.
        train: Trains a network by the job's settings in a folder on some films.
    """
    done = unseen_sources(folder)
    names = data.dataset.sources()
    groups: NDArray[np.int32] | None = None
    for number, source in enumerate(names, start=1):
        if source in done:
            continue
        if progress.control.wants_finish:
            folder.note("Ended by hand before every source had been left out in turn.")
            return
        if groups is None:
            progress.start(_STAGE, "Looking for copies between the sources.")
            groups, _ = group_copies(data.films, progress.control.stop_if_asked)
        split, left = _without(source, data, groups)
        # No film to train on, or to choose on, is left of these.
        learned = [{s.label for s in part} for part in (split.train, split.val)]
        there = set.intersection(*learned)
        labels = data.dataset.labels
        missing = ", ".join(label for label in labels if label not in there)
        if missing:
            reason = f"The other sources have too few films labelled {missing}."
            done[source] = {"n": 0, "reason": reason}
        else:
            place = JobFolder(folder.path / _WITHOUT / str(number))
            place.path.mkdir(parents=True, exist_ok=True)
            what = f"Without {source} ({number} of {len(names)})"
            part = JobFilms(data.dataset, split, data.films)
            train(place, part, _within(progress, what))
            done[source] = _measured(config, place, part, left)
        write_json(folder.path / UNSEEN, done)
        shutil.rmtree(folder.path / _WITHOUT, ignore_errors=True)


def unseen_sources(folder: JobFolder) -> dict[str, Any]:
    """What was measured by `measure_unseen_sources`.

    Returns:
        Source -> `core.evaluation.evaluate.evaluate` on its films, or `n` 0 and the
        `reason` why there are no figures.
    """
    try:
        found: dict[str, Any] = read_json(folder.path / UNSEEN)
    except FileNotFoundError:
        return {}
    return found


def _within(progress: StageProgress, what: str) -> StageProgress:
    """Tells of a training within a job as of one step of its evaluation.

    Its epochs are not the job's, whose charts they would end up in.
    """

    def report(event: TrainingEvent) -> None:
        if isinstance(event, StageStarted):
            event = StageStarted(_STAGE, f"{what}: {event.detail}")
        elif isinstance(event, Progressed):
            event = msgspec.structs.replace(event, stage=_STAGE)
        elif isinstance(event, EpochEnded):
            event = Noted(
                f"{what}: epoch {event.epoch} of {event.epochs} ({event.phase}), "
                f"validation loss {event.val_loss:.3f}."
            )
        progress.report(event)

    return StageProgress(report, progress.control)


def _without(
    source: str, data: JobFilms, groups: NDArray[np.int32]
) -> tuple[Split, tuple[Sample, ...]]:
    """The split without a source, its films in other sources, and its films."""
    group_of = dict(
        zip((s.file for s in data.films.samples), groups.tolist(), strict=True)
    )
    every = [sample for name in SPLITS for sample in data.split.part(name)]
    left = tuple(sample for sample in every if sample.source == source)
    seen = {group_of[sample.file] for sample in left}

    def kept(samples: Sequence[Sample]) -> tuple[Sample, ...]:
        return tuple(each for each in samples if group_of[each.file] not in seen)

    return Split(kept(data.split.train), kept(data.split.val), left), left


def _measured(
    config: TrainingConfig,
    folder: JobFolder,
    data: JobFilms,
    left: tuple[Sample, ...],
) -> dict[str, Any]:
    network = best_network(config, len(data.dataset.labels), folder)
    logits = {
        name: logits_of(
            data.films, data.rows(name), lambda batch: keras_logits(network, batch)
        )
        for name in ("val", "test")
    }
    temperature = fit_temperature(data.truth("val"), logits["val"])
    labels = tuple(data.dataset.labels)
    scores = Scores(left, labels, data.truth("test"), logits["test"], {})
    result = without_details(evaluate(scores, temperature))
    del result["by_source"], result["unreadable"]
    return result
